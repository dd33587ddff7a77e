// The document's own data: its objects one by one, so that Swift walks them with its own bounds.
#include "reader.h"

#include <string.h>

int mupdf_version(struct mupdf_reader *reader) {
    int version = 0;
    fz_try(reader->ctx) version = pdf_version(reader->ctx, reader->document);
    fz_catch(reader->ctx) version = 0;
    return version;
}

enum mupdf_code mupdf_protection_of(
    struct mupdf_reader *reader, struct mupdf_protection *protection) {
    fz_context *ctx = reader->ctx;
    pdf_crypt *crypt = reader->document->crypt;
    memset(protection, 0, sizeof *protection);
    if (crypt == NULL) return MUPDF_OK;
    ANSWER(reader, {
        protection->version = pdf_crypt_version(ctx, crypt);
        protection->revision = pdf_crypt_revision(ctx, crypt);
        protection->bits = pdf_crypt_length(ctx, crypt);
        protection->permissions = pdf_crypt_permissions(ctx, crypt);
        protection->method = pdf_crypt_method(ctx, crypt);
    });
}

enum mupdf_code mupdf_trailer(struct mupdf_reader *reader, struct pdf_obj **object) {
    ANSWER(reader, {
        *object = pdf_keep_obj(reader->ctx, pdf_trailer(reader->ctx, reader->document));
    });
}

enum mupdf_code mupdf_member(
    struct mupdf_reader *reader, struct pdf_obj *dictionary, const char *key,
    struct pdf_obj **object) {
    ANSWER(reader, {
        *object = pdf_keep_obj(reader->ctx, pdf_dict_gets(reader->ctx, dictionary, key));
    });
}

enum mupdf_code mupdf_element(
    struct mupdf_reader *reader, struct pdf_obj *array, int index, struct pdf_obj **object) {
    ANSWER(reader, {
        *object = pdf_keep_obj(reader->ctx, pdf_array_get(reader->ctx, array, index));
    });
}

void mupdf_give_back(struct mupdf_reader *reader, struct pdf_obj *object) {
    pdf_drop_obj(reader->ctx, object);
}

static void describe(fz_context *ctx, pdf_obj *object, struct mupdf_value *value) {
    value->object_number = pdf_is_indirect(ctx, object) ? pdf_to_num(ctx, object) : 0;
    if (pdf_is_dict(ctx, object)) {
        value->kind = MUPDF_DICTIONARY;
    } else if (pdf_is_array(ctx, object)) {
        value->kind = MUPDF_ARRAY;
        value->count = pdf_array_len(ctx, object);
    } else if (pdf_is_string(ctx, object)) {
        value->kind = MUPDF_STRING;
    } else if (pdf_is_name(ctx, object)) {
        value->kind = MUPDF_NAME;
    } else if (pdf_is_int(ctx, object)) {
        value->kind = MUPDF_INTEGER;
        value->integer = pdf_to_int64(ctx, object);
    }
}

enum mupdf_code mupdf_describe(
    struct mupdf_reader *reader, struct pdf_obj *object, struct mupdf_value *value) {
    memset(value, 0, sizeof *value);
    ANSWER(reader, describe(reader->ctx, object, value););
}

enum mupdf_code mupdf_text_of(struct mupdf_reader *reader, struct pdf_obj *object) {
    fz_context *ctx = reader->ctx;
    ANSWER(reader, {
        const char *text =
            pdf_is_name(ctx, object) ? pdf_to_name(ctx, object) : pdf_to_text_string(ctx, object);
        fz_clear_buffer(ctx, reader->output);
        fz_append_string(ctx, reader->output, text);
    });
}

enum mupdf_code mupdf_set_page_count(struct mupdf_reader *reader, int count) {
    fz_context *ctx = reader->ctx;
    ANSWER(reader, {
        pdf_obj *root = pdf_dict_get(
            ctx, pdf_trailer(ctx, reader->document), PDF_NAME(Root));
        pdf_dict_put_int(ctx, pdf_dict_get(ctx, root, PDF_NAME(Pages)), PDF_NAME(Count), count);
    });
}

enum mupdf_code mupdf_load_page_tree(struct mupdf_reader *reader) {
    ANSWER(reader, pdf_load_page_tree(reader->ctx, reader->document););
}

static int destination_page(fz_context *ctx, pdf_document *document, pdf_obj *object) {
    if (pdf_is_string(ctx, object) || pdf_is_name(ctx, object))
        object = pdf_lookup_dest(ctx, document, object);
    if (pdf_is_dict(ctx, object)) object = pdf_dict_get(ctx, object, PDF_NAME(D));
    if (!pdf_is_array(ctx, object)) return -1;
    pdf_obj *page = pdf_array_get(ctx, object, 0);
    if (pdf_is_int(ctx, page)) return pdf_to_int(ctx, page);
    return pdf_is_dict(ctx, page) ? pdf_lookup_page_number(ctx, document, page) : -1;
}

enum mupdf_code mupdf_destination(
    struct mupdf_reader *reader, struct pdf_obj *object, int *page) {
    ANSWER(reader, *page = destination_page(reader->ctx, reader->document, object););
}
