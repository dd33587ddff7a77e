// What Workbook calls: expat reads the XML of a workbook, zlib unpacks it. Neither jumps, so Swift calls them itself.
#ifndef CWORKBOOK_H
#define CWORKBOOK_H

#include <expat.h>
#include <stddef.h>
#include <zlib.h>

// How many bytes a parser may still take. Expat keeps the name of each element and attribute that it meets, and a file
// may have no two of the same name.
typedef struct {
    size_t left;
} cworkbook_memory;

// Makes a parser whose memory is counted; NULL where there is none. `memory` must outlive it.
XML_Parser cworkbook_parser(cworkbook_memory *memory);

// Has what expat takes on this thread from now on be counted by `memory`: to be called before expat is.
void cworkbook_take_from(cworkbook_memory *memory);

#endif
