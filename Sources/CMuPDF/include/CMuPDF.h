// MuPDF as Swift may call it: MuPDF reports errors by jumping, and no jump may cross a Swift frame.
// Every function that can fail ends its jumps here and answers with a code.
#ifndef CMUPDF_H
#define CMUPDF_H

#include <stddef.h>
#include <stdint.h>

enum mupdf_code {
    MUPDF_OK = 0,
    /// The bytes are not what they should be.
    MUPDF_DAMAGED = 1,
    /// The cap given to mupdf_new is reached.
    MUPDF_OUT_OF_MEMORY = 2,
    /// The document is encrypted, and not with the empty password.
    MUPDF_LOCKED = 3,
    /// The cross-reference table was rebuilt just now: the same call may succeed when made again.
    MUPDF_REPAIRED = 4,
    /// The page was read to its end, but some of its content was left out.
    MUPDF_INCOMPLETE = 5,
};

enum mupdf_kind {
    MUPDF_OTHER,
    MUPDF_INTEGER,
    MUPDF_STRING,
    MUPDF_NAME,
    MUPDF_ARRAY,
    MUPDF_DICTIONARY,
};

/// One value of the file, as far as it can be told in numbers.
struct mupdf_value {
    enum mupdf_kind kind;
    /// The number of the object that the reference names; 0 for a value that stands in place.
    int object_number;
    /// An integer's value.
    int64_t integer;
    /// How many elements an array has.
    int count;
};

/// The protection of a document; all zero where it has none.
struct mupdf_protection {
    int version, revision, bits, permissions;
    /// The cipher's name; static text.
    const char *method;
};

struct mupdf_reader;
struct pdf_obj;

/// Makes a reader whose allocations end at `memory_limit` bytes; null where even that is too much.
struct mupdf_reader *mupdf_new(size_t memory_limit);
void mupdf_free(struct mupdf_reader *reader);
/// Sets where a reader's allocations end from now on.
void mupdf_set_memory_limit(struct mupdf_reader *reader, size_t memory_limit);
/// How many bytes its allocations amount to.
size_t mupdf_memory_used(struct mupdf_reader *reader);
/// Loads the fonts that stand in for those that documents do not bring along.
enum mupdf_code mupdf_load_fonts(struct mupdf_reader *reader);
/// Forgets the document, so that another can be opened.
void mupdf_close(struct mupdf_reader *reader);

/// Opens the PDF on a descriptor, of which `length` bytes are read by position only. No other
/// may be open.
enum mupdf_code mupdf_open(struct mupdf_reader *reader, int descriptor, int64_t length);
/// Whether the cross-reference table was missing or wrong, and had to be rebuilt.
int mupdf_was_repaired(struct mupdf_reader *reader);
/// The version times ten.
int mupdf_version(struct mupdf_reader *reader);
enum mupdf_code mupdf_protection_of(
    struct mupdf_reader *reader, struct mupdf_protection *protection);

/// The trailer; this and the next two hand out references that must be given back.
enum mupdf_code mupdf_trailer(struct mupdf_reader *reader, struct pdf_obj **object);
/// The value of a dictionary's key, as it stands there; null where there is none.
enum mupdf_code mupdf_member(
    struct mupdf_reader *reader, struct pdf_obj *dictionary, const char *key,
    struct pdf_obj **object);
enum mupdf_code mupdf_element(
    struct mupdf_reader *reader, struct pdf_obj *array, int index, struct pdf_obj **object);
void mupdf_give_back(struct mupdf_reader *reader, struct pdf_obj *object);
enum mupdf_code mupdf_describe(
    struct mupdf_reader *reader, struct pdf_obj *object, struct mupdf_value *value);
/// Puts a string or a name into the output, as UTF-8.
enum mupdf_code mupdf_text_of(struct mupdf_reader *reader, struct pdf_obj *object);

/// Corrects the page tree's own count, in memory.
enum mupdf_code mupdf_set_page_count(struct mupdf_reader *reader, int count);
/// Walks the page tree once, so that pages are found by number without walking it again.
enum mupdf_code mupdf_load_page_tree(struct mupdf_reader *reader);
/// Width and height in points, as turned by /Rotate. Pages are counted from zero.
enum mupdf_code mupdf_page_size(struct mupdf_reader *reader, int page, float size[2]);
/// The page a destination (name, array or dictionary) leads to; -1 where to none.
enum mupdf_code mupdf_destination(struct mupdf_reader *reader, struct pdf_obj *object, int *page);
/// Puts a page's text into the output; what was found before an error is there as well.
enum mupdf_code mupdf_page_text(struct mupdf_reader *reader, int page);
/// Puts a page as a JPEG picture into the output, scaled from its own size to `width` by `height`
/// pixels.
enum mupdf_code mupdf_page_picture(
    struct mupdf_reader *reader, int page, int width, int height, int quality);

/// Has `sign` called from now on by whatever takes long, no oftener than once in so many milliseconds
/// and only while it asks for memory or reads the file. It must not call the reader. NULL ends that.
void mupdf_set_sign(
    struct mupdf_reader *reader, void (*sign)(void *listener), void *listener, long milliseconds);

/// Forgets what the last function put out.
void mupdf_clear_output(struct mupdf_reader *reader);
/// What the last function put out; valid until the next one.
const unsigned char *mupdf_output(struct mupdf_reader *reader, size_t *length);

/// Makes reading pages stop early once so much time has gone by; 0 takes that back. Uses SIGALRM.
/// Returns 0, or -errno.
int mupdf_set_deadline(struct mupdf_reader *reader, long milliseconds);
/// Whether the deadline has passed.
int mupdf_deadline_passed(struct mupdf_reader *reader);

#endif
