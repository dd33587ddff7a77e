// What Workbook calls: expat reads the XML of a workbook, zlib unpacks it. Neither jumps, so Swift calls them itself.
#ifndef CWORKBOOK_H
#define CWORKBOOK_H

#include <expat.h>
#include <zlib.h>

#endif
