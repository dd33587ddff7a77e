// Pictures as JPEG; this version of MuPDF cannot write them itself.
#include "reader.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

struct failure {
    struct jpeg_error_mgr base;
    jmp_buf out;
};

static void leave(j_common_ptr codec) { longjmp(((struct failure *)codec->err)->out, 1); }

static void say_nothing(j_common_ptr codec) { (void)codec; }

void mupdf_write_jpeg(fz_context *ctx, fz_buffer *output, fz_pixmap *picture, int quality) {
    struct jpeg_compress_struct codec;
    struct failure failure;
    unsigned char *volatile bytes = NULL;
    unsigned long length = 0;
    volatile int done = 0;

    memset(&codec, 0, sizeof codec);
    codec.err = jpeg_std_error(&failure.base);
    failure.base.error_exit = leave;
    failure.base.output_message = say_nothing;
    // The library's errors jump within this function only, past nothing of MuPDF's.
    if (setjmp(failure.out) == 0) {
        jpeg_create_compress(&codec);
        jpeg_mem_dest(&codec, (unsigned char **)&bytes, &length);
        codec.image_width = (JDIMENSION)fz_pixmap_width(ctx, picture);
        codec.image_height = (JDIMENSION)fz_pixmap_height(ctx, picture);
        codec.input_components = 3;
        codec.in_color_space = JCS_RGB;
        jpeg_set_defaults(&codec);
        jpeg_set_quality(&codec, quality, TRUE);
        jpeg_start_compress(&codec, TRUE);
        while (codec.next_scanline < codec.image_height) {
            JSAMPROW row = fz_pixmap_samples(ctx, picture)
                + (size_t)codec.next_scanline * (size_t)fz_pixmap_stride(ctx, picture);
            jpeg_write_scanlines(&codec, &row, 1);
        }
        jpeg_finish_compress(&codec);
        done = 1;
    }
    jpeg_destroy_compress(&codec);

    fz_try(ctx) {
        if (!done) fz_throw(ctx, FZ_ERROR_GENERIC, "the picture could not be written");
        fz_append_data(ctx, output, bytes, length);
    }
    fz_always(ctx) free(bytes);
    fz_catch(ctx) fz_rethrow(ctx);
}
