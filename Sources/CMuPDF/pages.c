// Pages: their size, their text, their picture.
#include "reader.h"

#include <math.h>
#include <string.h>

enum mupdf_code mupdf_page_size(struct mupdf_reader *reader, int page, float size[2]) {
    fz_context *ctx = reader->ctx;
    ANSWER(reader, {
        fz_rect box;
        fz_matrix turn;
        pdf_obj *object = pdf_lookup_page_obj(ctx, reader->document, page);
        pdf_page_obj_transform(ctx, object, &box, &turn);
        box = fz_transform_rect(box, turn);
        size[0] = box.x1 - box.x0;
        size[1] = box.y1 - box.y0;
    });
}

// Runs a page into a device; the device then has all that came before an error.
static enum mupdf_code run(
    struct mupdf_reader *reader, pdf_page *page, fz_device *device, fz_matrix matrix) {
    fz_context *ctx = reader->ctx;
    reader->cookie.errors = 0;
    fz_try(ctx) {
        pdf_run_page(ctx, page, device, matrix, &reader->cookie);
        fz_close_device(ctx, device);
    }
    fz_catch(ctx) return mupdf_caught(reader);
    return reader->cookie.errors > 0 ? MUPDF_INCOMPLETE : MUPDF_OK;
}

enum mupdf_code mupdf_page_text(struct mupdf_reader *reader, int number) {
    fz_context *ctx = reader->ctx;
    enum mupdf_code code = MUPDF_OK;
    pdf_page *page = NULL;
    fz_stext_page *text = NULL;
    fz_device *device = NULL;
    fz_output *output = NULL;
    fz_var(code);
    fz_var(page);
    fz_var(text);
    fz_var(device);
    fz_var(output);
    fz_try(ctx) {
        fz_clear_buffer(ctx, reader->output);
        page = pdf_load_page(ctx, reader->document, number);
        text = fz_new_stext_page(ctx, pdf_bound_page(ctx, page));
        device = fz_new_stext_device(ctx, text, NULL);
        code = run(reader, page, device, fz_identity);
        output = fz_new_output_with_buffer(ctx, reader->output);
        fz_print_stext_page_as_text(ctx, output, text);
        fz_close_output(ctx, output);
    }
    fz_always(ctx) {
        fz_drop_output(ctx, output);
        fz_drop_device(ctx, device);
        fz_drop_stext_page(ctx, text);
        fz_drop_page(ctx, (fz_page *)page);
        mupdf_leave_page(reader);
    }
    fz_catch(ctx) return mupdf_caught(reader);
    return code;
}

enum mupdf_code mupdf_page_picture(
    struct mupdf_reader *reader, int number, int width, int height, int quality) {
    fz_context *ctx = reader->ctx;
    enum mupdf_code code = MUPDF_OK;
    pdf_page *page = NULL;
    fz_pixmap *picture = NULL;
    fz_device *device = NULL;
    fz_var(code);
    fz_var(page);
    fz_var(picture);
    fz_var(device);
    fz_try(ctx) {
        fz_clear_buffer(ctx, reader->output);
        page = pdf_load_page(ctx, reader->document, number);
        fz_rect box = pdf_bound_page(ctx, page);
        fz_matrix matrix = fz_pre_translate(
            fz_scale(width / (box.x1 - box.x0), height / (box.y1 - box.y0)), -box.x0, -box.y0);
        picture = fz_new_pixmap(ctx, fz_device_rgb(ctx), width, height, NULL, 0);
        fz_clear_pixmap_with_value(ctx, picture, 255);
        device = fz_new_draw_device(ctx, fz_identity, picture);
        code = run(reader, page, device, matrix);
        mupdf_write_jpeg(ctx, reader->output, picture, quality);
    }
    fz_always(ctx) {
        fz_drop_device(ctx, device);
        fz_drop_pixmap(ctx, picture);
        fz_drop_page(ctx, (fz_page *)page);
        mupdf_leave_page(reader);
    }
    fz_catch(ctx) return mupdf_caught(reader);
    return code;
}
