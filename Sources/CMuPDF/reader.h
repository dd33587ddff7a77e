// What the C files of this room share.
#ifndef CMUPDF_READER_H
#define CMUPDF_READER_H

#include "CMuPDF.h"

#include <time.h>

#include <mupdf/fitz.h>
#include <mupdf/pdf.h>

struct mupdf_reader {
    fz_context *ctx;
    pdf_document *document;
    fz_buffer *output;
    fz_cookie cookie;
    size_t memory_used, memory_limit;
    /// What was in use when nothing was left of any page.
    size_t memory_kept;
    timer_t timer;
    int has_timer;
    // Whom to tell, and how often, that a call is at work; the last time it was told.
    void (*sign)(void *listener);
    void *listener;
    int64_t sign_interval, last_sign;
    unsigned work;
};

/// The code of the error just caught.
enum mupdf_code mupdf_caught(struct mupdf_reader *reader);

/// Lets go what the pages so far have left behind, once that is much.
void mupdf_leave_page(struct mupdf_reader *reader);

/// Appends a picture to a buffer as a baseline JPEG. Throws.
void mupdf_write_jpeg(fz_context *ctx, fz_buffer *output, fz_pixmap *picture, int quality);

// Runs statements that may throw, then leaves the function with a code.
#define ANSWER(reader, ...)                                                                        \
    fz_try((reader)->ctx) { __VA_ARGS__ }                                                          \
    fz_catch((reader)->ctx) { return mupdf_caught(reader); }                                       \
    return MUPDF_OK

#endif
