// A Clang target needs one source; all calls are inline in the headers.
#include "files.h"
#include "identity.h"
#include "confinement.h"
#include "process.h"
#include "blocks.h"
#include "attributes.h"
#include "clock.h"
#include "sqlite.h"
