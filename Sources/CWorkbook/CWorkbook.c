#include "CWorkbook.h"

#include <stdlib.h>

// Swift takes what expat hands over for UTF-8.
_Static_assert(sizeof(XML_Char) == 1, "expat is built for UTF-8");

// What stands before each piece of memory that expat holds.
typedef struct {
    cworkbook_memory *memory;
    size_t size;
} piece;

_Static_assert(sizeof(piece) % _Alignof(max_align_t) == 0, "what follows lies as malloc has it");

// Expat's calls for memory do not tell whose parser they are for.
static _Thread_local cworkbook_memory *current;

void cworkbook_take_from(cworkbook_memory *memory) { current = memory; }

static void *take(size_t size) {
    if (current->left < sizeof(piece) || size > current->left - sizeof(piece)) return NULL;
    piece *taken = malloc(sizeof(piece) + size);
    if (taken == NULL) return NULL;
    taken->memory = current;
    taken->size = size;
    current->left -= sizeof(piece) + size;
    return taken + 1;
}

static void *resize(void *bytes, size_t size) {
    if (bytes == NULL) return take(size);
    piece *old = (piece *)bytes - 1;
    // What it has counts as free: it is given back.
    size_t room = old->memory->left + old->size;
    if (size > room) return NULL;
    piece *resized = realloc(old, sizeof(piece) + size);
    if (resized == NULL) return NULL;
    resized->memory->left = room - size;
    resized->size = size;
    return resized + 1;
}

static void give_back(void *bytes) {
    if (bytes == NULL) return;
    piece *given = (piece *)bytes - 1;
    given->memory->left += sizeof(piece) + given->size;
    free(given);
}

XML_Parser cworkbook_parser(cworkbook_memory *memory) {
    static const XML_Memory_Handling_Suite suite = {take, resize, give_back};
    cworkbook_take_from(memory);
    return XML_ParserCreate_MM(NULL, &suite, NULL);
}
