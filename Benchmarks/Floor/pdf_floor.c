// The floor under ingestd's PDF path: the same tasks for each file, in one plain process and with no
// promises.
//
// For each PDF: copy and SHA-256 in one pass; page count and metadata; text of all pages; cover
// fitted into 300 x 400 as JPEG of quality 85. Where it is asked for: every page as such a picture.
// Nothing is synced, confined, recorded or published: what ingestd takes beyond this is the price of
// its promises. Prints sums, so that both sides' answers can be compared.
//
// Several processes take the next file from a common counter: none waits while another has two.
//
// Build (Debian: libmupdf-dev libjpeg-dev libssl-dev and MuPDF's own needs):
//   cc -O2 -o pdf_floor pdf_floor.c -lmupdf -lmupdf-third -lmujs -lgumbo -lfreetype
//      -lopenjp2 -ljbig2dec -ljpeg -lz -lm -lcrypto
// Run: pdf_floor [-p PROCESSES] [-t TASKS] OUTPUT_DIR FILE...
// TASKS are letters of "ctvp": copy, text, cover, pages; "ctv" where none are named.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jpeglib.h>
#include <mupdf/fitz.h>
#include <mupdf/pdf.h>
#include <openssl/evp.h>

// With MuPDF's usual store of 256 MB a document with thousands of fonts costs a fifth more.
enum { PROCESS_LIMIT = 64, STORE_LIMIT = 32 << 20 };

struct totals {
    long documents, failed, pages;
    size_t text_bytes, picture_bytes, copied_bytes;
    unsigned char digest[EVP_MAX_MD_SIZE];
};

// What the processes have in common.
struct common {
    int next;
    struct totals totals[PROCESS_LIMIT];
};

static void keep_quiet(void *user, const char *message) {
    (void)user;
    (void)message;
}

static void write_file(
    const char *directory, long number, const char *suffix, const void *bytes, size_t length) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%06ld%s", directory, number, suffix);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

// Copies a file and folds its digest into the sum of all; returns the copy, still open at its
// start.
static int copy_and_hash(
    const char *path, const char *directory, long number, struct totals *totals) {
    static unsigned char buffer[1 << 20];
    char copy[4096];
    snprintf(copy, sizeof copy, "%s/%06ld.pdf", directory, number);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = open(copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0 || to < 0) {
        perror(path);
        exit(1);
    }
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    ssize_t count;
    while ((count = read(from, buffer, sizeof buffer)) > 0) {
        EVP_DigestUpdate(hash, buffer, (size_t)count);
        if (write(to, buffer, (size_t)count) != count) {
            perror(copy);
            exit(1);
        }
        totals->copied_bytes += (size_t)count;
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_DigestFinal_ex(hash, digest, &length);
    EVP_MD_CTX_free(hash);
    for (unsigned int index = 0; index < length; index++) totals->digest[index] ^= digest[index];
    close(from);
    return to;
}

static size_t write_picture(
    fz_context *ctx, fz_document *document, int index, const char *directory, long number,
    const char *suffix) {
    fz_page *page = fz_load_page(ctx, document, index);
    fz_rect box = fz_bound_page(ctx, page);
    float across = 300 / (box.x1 - box.x0), down = 400 / (box.y1 - box.y0);
    float scale = across < down ? across : down;
    fz_matrix matrix = fz_pre_translate(fz_scale(scale, scale), -box.x0, -box.y0);
    fz_irect size = fz_round_rect(fz_transform_rect(box, matrix));
    if (size.x1 < 1) size.x1 = 1;
    if (size.y1 < 1) size.y1 = 1;
    fz_pixmap *picture = fz_new_pixmap(ctx, fz_device_rgb(ctx), size.x1, size.y1, NULL, 0);
    fz_clear_pixmap_with_value(ctx, picture, 255);
    fz_device *device = fz_new_draw_device(ctx, fz_identity, picture);
    fz_run_page(ctx, page, device, matrix, NULL);
    fz_close_device(ctx, device);
    fz_drop_device(ctx, device);
    fz_drop_page(ctx, page);

    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &bytes, &length);
    codec.image_width = (JDIMENSION)fz_pixmap_width(ctx, picture);
    codec.image_height = (JDIMENSION)fz_pixmap_height(ctx, picture);
    codec.input_components = 3;
    codec.in_color_space = JCS_RGB;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, 85, TRUE);
    jpeg_start_compress(&codec, TRUE);
    while (codec.next_scanline < codec.image_height) {
        JSAMPROW row = fz_pixmap_samples(ctx, picture)
            + (size_t)codec.next_scanline * (size_t)fz_pixmap_stride(ctx, picture);
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    write_file(directory, number, suffix, bytes, length);
    free(bytes);
    fz_drop_pixmap(ctx, picture);
    return length;
}

static size_t write_pages(
    fz_context *ctx, fz_document *document, int pages, const char *directory, long number) {
    size_t length = 0;
    for (int index = 0; index < pages; index++) {
        char suffix[32];
        snprintf(suffix, sizeof suffix, "-%04d.jpg", index + 1);
        length += write_picture(ctx, document, index, directory, number, suffix);
    }
    return length;
}

static size_t write_text(
    fz_context *ctx, fz_document *document, int pages, const char *directory, long number) {
    fz_buffer *buffer = fz_new_buffer(ctx, 64 << 10);
    fz_output *output = fz_new_output_with_buffer(ctx, buffer);
    for (int index = 0; index < pages; index++) {
        fz_try(ctx) {
            fz_stext_page *text = fz_new_stext_page_from_page_number(ctx, document, index, NULL);
            fz_print_stext_page_as_text(ctx, output, text);
            fz_drop_stext_page(ctx, text);
        }
        fz_catch(ctx) {}
        fz_write_byte(ctx, output, '\f');
    }
    fz_close_output(ctx, output);
    fz_drop_output(ctx, output);
    unsigned char *bytes = NULL;
    size_t length = fz_buffer_storage(ctx, buffer, &bytes);
    write_file(directory, number, ".txt", bytes, length);
    fz_drop_buffer(ctx, buffer);
    return length;
}

static void process(
    const char *path, const char *directory, long number, const char *tasks,
    struct totals *totals) {
    int copy = strchr(tasks, 'c') ? copy_and_hash(path, directory, number, totals)
                                  : open(path, O_RDONLY | O_CLOEXEC);
    FILE *file = fdopen(copy, "rb");
    fz_context *ctx = fz_new_context(NULL, NULL, STORE_LIMIT);
    if (file == NULL || ctx == NULL) {
        perror("start");
        exit(1);
    }
    rewind(file);
    fz_set_warning_callback(ctx, keep_quiet, NULL);
    fz_set_error_callback(ctx, keep_quiet, NULL);
    fz_document *volatile document = NULL;
    fz_stream *volatile stream = NULL;
    fz_try(ctx) {
        stream = fz_open_file_ptr_no_close(ctx, file);
        document = (fz_document *)pdf_open_document_with_stream(ctx, stream);
        if (fz_needs_password(ctx, document)) fz_throw(ctx, FZ_ERROR_GENERIC, "locked");
        int pages = fz_count_pages(ctx, document);
        if (pages < 1 || pages > 20000) fz_throw(ctx, FZ_ERROR_GENERIC, "no pages, or too many");
        pdf_load_page_tree(ctx, (pdf_document *)document);
        char title[4096] = "", info[8192];
        fz_lookup_metadata(ctx, document, FZ_META_INFO_TITLE, title, sizeof title);
        int length = snprintf(info, sizeof info, "%d\n%s\n", pages, title);
        write_file(directory, number, ".info", info, (size_t)length);
        if (strchr(tasks, 't'))
            totals->text_bytes += write_text(ctx, document, pages, directory, number);
        if (strchr(tasks, 'v'))
            totals->picture_bytes += write_picture(ctx, document, 0, directory, number, ".jpg");
        if (strchr(tasks, 'p'))
            totals->picture_bytes += write_pages(ctx, document, pages, directory, number);
        totals->pages += pages;
    }
    fz_always(ctx) {
        fz_drop_document(ctx, document);
        fz_drop_stream(ctx, stream);
    }
    fz_catch(ctx) totals->failed++;
    fz_drop_context(ctx);
    fclose(file);
    totals->documents++;
}

static void take_files(
    char **files, int count, const char *directory, const char *tasks, struct common *common,
    int process_number) {
    int index;
    while ((index = __atomic_fetch_add(&common->next, 1, __ATOMIC_RELAXED)) < count)
        process(files[index], directory, index, tasks, &common->totals[process_number]);
}

// Runs all but one of the processes as children; answers with whether all of them ended well.
static int share_files(
    char **files, int count, const char *directory, const char *tasks, struct common *common,
    int processes) {
    for (int number = 1; number < processes; number++) {
        pid_t child = fork();
        if (child < 0) {
            perror("fork");
            exit(1);
        }
        if (child == 0) {
            take_files(files, count, directory, tasks, common, number);
            _exit(0);
        }
    }
    take_files(files, count, directory, tasks, common, 0);
    int status, all_well = 1;
    while (wait(&status) > 0)
        if (status != 0) all_well = 0;
    return all_well;
}

static double seconds_of(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void report(const struct common *common, int processes) {
    struct totals sum = {0};
    for (int number = 0; number < processes; number++) {
        const struct totals *totals = &common->totals[number];
        sum.documents += totals->documents;
        sum.failed += totals->failed;
        sum.pages += totals->pages;
        sum.text_bytes += totals->text_bytes;
        sum.picture_bytes += totals->picture_bytes;
        sum.copied_bytes += totals->copied_bytes;
        for (int index = 0; index < 8; index++) sum.digest[index] ^= totals->digest[index];
    }
    printf(
        "documents=%ld failed=%ld pages=%ld text_bytes=%zu picture_bytes=%zu copied_bytes=%zu "
        "digest=",
        sum.documents, sum.failed, sum.pages, sum.text_bytes, sum.picture_bytes, sum.copied_bytes);
    for (int index = 0; index < 8; index++) printf("%02x", sum.digest[index]);
    printf(" cpu_s=%.3f\n", seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN));
}

int main(int count, char **arguments) {
    const char *tasks = "ctv";
    int processes = 1, option;
    while ((option = getopt(count, arguments, "p:t:")) != -1) {
        if (option == 'p') processes = atoi(optarg);
        if (option == 't') tasks = optarg;
        if (option == '?') processes = 0;
    }
    if (count - optind < 2 || processes < 1 || processes > PROCESS_LIMIT
        || strspn(tasks, "ctvp") != strlen(tasks)) {
        fprintf(stderr, "usage: pdf_floor [-p PROCESSES] [-t TASKS] OUTPUT_DIR FILE...\n");
        return 64;
    }
    struct common *common = mmap(
        NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (common == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    char **files = arguments + optind + 1;
    int file_count = count - optind - 1;
    if (!share_files(files, file_count, arguments[optind], tasks, common, processes)) return 1;
    report(common, processes);
    return 0;
}
