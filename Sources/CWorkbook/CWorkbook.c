#include "CWorkbook.h"

// Swift takes what expat hands over for UTF-8.
_Static_assert(sizeof(XML_Char) == 1, "expat is built for UTF-8");
