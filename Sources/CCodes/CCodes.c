#include "CCodes.h"
