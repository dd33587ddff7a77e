// Looks for bytes that bring the C between MuPDF and Swift down.
//
// It asks of a file what a worker asks: protection, trailer, outline and names, page sizes, text and a picture. Built
// together with the sources of room CMuPDF by scripts/fuzz.
#define _GNU_SOURCE
#include "CMuPDF.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { memory_limit = 256 << 20, page_limit = 4, depth_limit = 6, breadth_limit = 32 };

static volatile unsigned char sink;

// Every byte that is handed out is one that may be read.
static void touch(struct mupdf_reader *reader) {
    size_t length;
    const unsigned char *bytes = mupdf_output(reader, &length);
    for (size_t i = 0; i < length; i++) sink ^= bytes[i];
}

static void walk(struct mupdf_reader *reader, struct pdf_obj *object, int depth) {
    static const char *const keys[] = {"Root", "Info", "Pages", "Kids", "Count", "Outlines", "First", "Next", "Title",
                                       "Dest", "A", "D", "Names", "EmbeddedFiles", "Type", "Size", "Encrypt"};
    struct mupdf_value value = {0};
    int page;
    if (object == NULL || depth > depth_limit || mupdf_describe(reader, object, &value) != MUPDF_OK) return;
    if (mupdf_text_of(reader, object) == MUPDF_OK) touch(reader);
    mupdf_destination(reader, object, &page);
    if (value.kind == MUPDF_DICTIONARY)
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            struct pdf_obj *member = NULL;
            if (mupdf_member(reader, object, keys[i], &member) == MUPDF_OK) walk(reader, member, depth + 1);
            mupdf_give_back(reader, member);
        }
    if (value.kind == MUPDF_ARRAY)
        for (int i = 0; i < value.count && i < breadth_limit >> depth; i++) {
            struct pdf_obj *element = NULL;
            if (mupdf_element(reader, object, i, &element) == MUPDF_OK) walk(reader, element, depth + 1);
            mupdf_give_back(reader, element);
        }
}

static void read_file(struct mupdf_reader *reader, int file, size_t length) {
    struct mupdf_protection protection;
    struct pdf_obj *trailer = NULL;
    if (mupdf_open(reader, file, length) != MUPDF_OK) return;
    mupdf_version(reader);
    mupdf_was_repaired(reader);
    mupdf_protection_of(reader, &protection);
    if (mupdf_trailer(reader, &trailer) == MUPDF_OK) walk(reader, trailer, 0);
    mupdf_give_back(reader, trailer);
    mupdf_load_page_tree(reader);
    for (int page = 0; page < page_limit; page++) {
        float size[2];
        if (mupdf_page_size(reader, page, size) != MUPDF_OK) continue;
        mupdf_page_text(reader, page);
        touch(reader);
    }
    mupdf_page_picture(reader, 0, 150, 200, 85);
    touch(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static int file = -1;
    if (file < 0 && (file = memfd_create("fuzz", MFD_CLOEXEC)) < 0) abort();
    if (ftruncate(file, 0) != 0 || pwrite(file, bytes, length, 0) != (ssize_t)length) abort();
    struct mupdf_reader *reader = mupdf_new(memory_limit);
    if (reader == NULL) abort();
    read_file(reader, file, length);
    mupdf_free(reader);
    return 0;
}
