// The reader's life: memory under a cap, the blob by position, silence, and the deadline.
#include "reader.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// What MuPDF keeps of decoded fonts and pictures, by its own account; the working set of a page is
// far smaller. It counts only a fifth of what a font takes, so that what is really taken has a limit
// as well.
enum {
    STORE_LIMIT = 32 << 20, LEFTOVER_LIMIT = 48 << 20, BLOB_BUFFER = 8 << 10,
    OUTPUT_START = 16 << 10
};

// What malloc rounds up may pass the limit by a few bytes; the next request is then refused.
static size_t memory_left(const struct mupdf_reader *reader) {
    return reader->memory_used < reader->memory_limit
        ? reader->memory_limit - reader->memory_used : 0;
}

static int64_t milliseconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

// Whoever is stuck asks for nothing. Only one piece of work in so many is worth a look at the clock.
static void note_work(struct mupdf_reader *reader) {
    enum { STEP = 16 };
    if (reader->sign == NULL || ++reader->work % STEP != 0) return;
    int64_t now = milliseconds_now();
    if (now - reader->last_sign < reader->sign_interval) return;
    reader->last_sign = now;
    reader->sign(reader->listener);
}

void mupdf_set_sign(
    struct mupdf_reader *reader, void (*sign)(void *listener), void *listener, long milliseconds) {
    reader->sign = sign;
    reader->listener = listener;
    reader->sign_interval = milliseconds;
    reader->last_sign = sign != NULL ? milliseconds_now() : 0;
}

static void *capped_malloc(void *user, size_t size) {
    struct mupdf_reader *reader = user;
    note_work(reader);
    if (size > memory_left(reader)) return NULL;
    void *block = malloc(size);
    reader->memory_used += malloc_usable_size(block);
    return block;
}

static void capped_free(void *user, void *block) {
    struct mupdf_reader *reader = user;
    reader->memory_used -= malloc_usable_size(block);
    free(block);
}

static void *capped_realloc(void *user, void *block, size_t size) {
    struct mupdf_reader *reader = user;
    note_work(reader);
    size_t before = malloc_usable_size(block);
    if (size > before && size - before > memory_left(reader)) return NULL;
    void *moved = realloc(block, size);
    if (moved != NULL) reader->memory_used += malloc_usable_size(moved) - before;
    return moved;
}

static void keep_quiet(void *user, const char *message) {
    (void)user;
    (void)message;
}

struct mupdf_reader *mupdf_new(size_t memory_limit) {
    struct mupdf_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->memory_limit = memory_limit;
    fz_alloc_context allocator = {reader, capped_malloc, capped_realloc, capped_free};
    reader->ctx = fz_new_context(&allocator, NULL, STORE_LIMIT);
    if (reader->ctx == NULL) {
        free(reader);
        return NULL;
    }
    // A file of two kilobytes can warn a million times.
    fz_set_warning_callback(reader->ctx, keep_quiet, NULL);
    fz_set_error_callback(reader->ctx, keep_quiet, NULL);
    fz_try(reader->ctx) reader->output = fz_new_buffer(reader->ctx, OUTPUT_START);
    fz_catch(reader->ctx) {
        mupdf_free(reader);
        return NULL;
    }
    return reader;
}

void mupdf_free(struct mupdf_reader *reader) {
    mupdf_set_deadline(reader, 0);
    pdf_drop_document(reader->ctx, reader->document);
    fz_drop_buffer(reader->ctx, reader->output);
    fz_drop_context(reader->ctx);
    free(reader);
}

void mupdf_set_memory_limit(struct mupdf_reader *reader, size_t memory_limit) {
    reader->memory_limit = memory_limit;
}

enum mupdf_code mupdf_load_fonts(struct mupdf_reader *reader) {
    static const char *const names[] = {
        "Courier", "Courier-Bold", "Courier-Oblique", "Courier-BoldOblique",
        "Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Helvetica-BoldOblique",
        "Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic", "Symbol", "ZapfDingbats",
    };
    fz_context *ctx = reader->ctx;
    // The context keeps what was loaded once.
    ANSWER(reader, {
        for (size_t number = 0; number < sizeof names / sizeof *names; number++)
            fz_drop_font(ctx, fz_new_base14_font(ctx, names[number]));
        for (int script = FZ_ADOBE_CNS; script <= FZ_ADOBE_KOREA; script++)
            fz_drop_font(ctx, fz_new_cjk_font(ctx, script));
    });
}

void mupdf_close(struct mupdf_reader *reader) {
    pdf_drop_document(reader->ctx, reader->document);
    reader->document = NULL;
    fz_clear_buffer(reader->ctx, reader->output);
    fz_empty_store(reader->ctx);
}

enum mupdf_code mupdf_caught(struct mupdf_reader *reader) {
    switch (fz_caught(reader->ctx)) {
    case FZ_ERROR_MEMORY: return MUPDF_OUT_OF_MEMORY;
    case FZ_ERROR_REPAIRED: return MUPDF_REPAIRED;
    default: return MUPDF_DAMAGED;
    }
}

void mupdf_leave_page(struct mupdf_reader *reader) {
    if (reader->memory_used < reader->memory_kept + LEFTOVER_LIMIT) return;
    fz_empty_store(reader->ctx);
    // What is still there belongs to the document: it would not go the next time either.
    reader->memory_kept = reader->memory_used;
}

size_t mupdf_memory_used(struct mupdf_reader *reader) { return reader->memory_used; }

struct blob {
    struct mupdf_reader *reader;
    int descriptor;
    int64_t length;
    unsigned char bytes[BLOB_BUFFER];
};

static int next_bytes(fz_context *ctx, fz_stream *stream, size_t wanted) {
    (void)wanted;
    struct blob *blob = stream->state;
    ssize_t count = 0;
    note_work(blob->reader);
    if (stream->pos < blob->length) {
        do count = pread(blob->descriptor, blob->bytes, sizeof blob->bytes, stream->pos);
        while (count < 0 && errno == EINTR);
    }
    stream->rp = stream->wp = blob->bytes;
    if (count < 0) fz_throw(ctx, FZ_ERROR_GENERIC, "read failed");
    if (count == 0) return EOF;
    stream->wp += count;
    stream->pos += count;
    return *stream->rp++;
}

static void seek_bytes(fz_context *ctx, fz_stream *stream, int64_t offset, int whence) {
    struct blob *blob = stream->state;
    if (whence == SEEK_END) offset += blob->length;
    if (offset < 0) fz_throw(ctx, FZ_ERROR_GENERIC, "seek before the start");
    // Objects are looked up back and forth within a few kilobytes: what is in hand is not read
    // again.
    int64_t start = stream->pos - (stream->wp - blob->bytes);
    if (offset >= start && offset <= stream->pos) {
        stream->rp = blob->bytes + (offset - start);
        return;
    }
    stream->pos = offset;
    stream->rp = stream->wp = blob->bytes;
}

static void drop_blob(fz_context *ctx, void *state) { fz_free(ctx, state); }

enum mupdf_code mupdf_open(struct mupdf_reader *reader, int descriptor, int64_t length) {
    fz_context *ctx = reader->ctx;
    fz_stream *stream = NULL;
    int needs_password = 0;
    fz_var(stream);
    fz_var(needs_password);
    fz_try(ctx) {
        struct blob *blob = fz_malloc_struct(ctx, struct blob);
        blob->reader = reader;
        blob->descriptor = descriptor;
        blob->length = length;
        // On failure this frees its state itself.
        stream = fz_new_stream(ctx, blob, next_bytes, drop_blob);
        stream->seek = seek_bytes;
        stream->rp = stream->wp = blob->bytes;
        // No handler is registered: XPS, EPUB, SVG and HTML cannot be reached.
        reader->document = pdf_open_document_with_stream(ctx, stream);
        needs_password = pdf_needs_password(ctx, reader->document);
    }
    fz_always(ctx) fz_drop_stream(ctx, stream);
    fz_catch(ctx) {
        // Protection by certificates or by other handlers ends the opening itself.
        if (strstr(fz_caught_message(ctx), "encryption") != NULL) return MUPDF_LOCKED;
        return mupdf_caught(reader);
    }
    reader->memory_kept = reader->memory_used;
    return needs_password ? MUPDF_LOCKED : MUPDF_OK;
}

int mupdf_was_repaired(struct mupdf_reader *reader) {
    return reader->document != NULL && pdf_was_repaired(reader->ctx, reader->document);
}

void mupdf_clear_output(struct mupdf_reader *reader) {
    fz_clear_buffer(reader->ctx, reader->output);
}

const unsigned char *mupdf_output(struct mupdf_reader *reader, size_t *length) {
    unsigned char *bytes = NULL;
    *length = fz_buffer_storage(reader->ctx, reader->output, &bytes);
    return bytes;
}

// A signal, and no second thread: the sandbox allows none.
static void end_patience(int signal_number, siginfo_t *info, void *context) {
    (void)signal_number;
    (void)context;
    struct mupdf_reader *reader = info->si_value.sival_ptr;
    if (reader != NULL) reader->cookie.abort = 1;
}

int mupdf_set_deadline(struct mupdf_reader *reader, long milliseconds) {
    if (reader->has_timer && timer_delete(reader->timer) != 0) return -errno;
    reader->has_timer = 0;
    reader->cookie.abort = 0;
    if (milliseconds <= 0) return 0;
    struct sigaction action = {.sa_sigaction = end_patience, .sa_flags = SA_RESTART | SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct itimerspec time = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000000}};
    event.sigev_value.sival_ptr = reader;
    if (sigaction(SIGALRM, &action, NULL) != 0) return -errno;
    if (timer_create(CLOCK_MONOTONIC, &event, &reader->timer) != 0) return -errno;
    reader->has_timer = 1;
    return timer_settime(reader->timer, 0, &time, NULL) == 0 ? 0 : -errno;
}

int mupdf_deadline_passed(struct mupdf_reader *reader) { return reader->cookie.abort; }
