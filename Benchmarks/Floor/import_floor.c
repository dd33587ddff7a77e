// The least that an import of a participants table can cost: one process, one pass, no daemon.
//
//     import_floor file|key people.csv imports.sqlite3 rejects.csv tokens.csv
//
// It does what an import must do and nothing else: maps the file, cuts it into fields, applies the
// rules of the participants schema, gives each row a signed random token, and inserts the rows into the
// table that ingestd makes, in one transaction with write-ahead log, synchronous FULL and a checkpoint at
// the end; writes the rows that it did not take with the reason, and a list of the tokens in order of the
// keys. Nothing but the database is synced. It knows one encoding and one delimiter, and checks nothing
// that a trusted file cannot break.
//
//     file  inserts rows as they come, with a page cache of 64 MiB, without which it takes half as much again
//     key   keeps all rows in memory, sorts them by key and inserts them in that order, with SQLite's own cache
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <fcntl.h>
#include <openssl/sha.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { name, email, phone, department, position, column_count };
enum { column_limit = 64, token_length = 48 };
static const char *const columns[column_count] = {"name", "email", "phone", "department", "position"};

/// A stretch of text, nowhere terminated.
struct text {
    const char *start;
    size_t length;
};

static void give_up(const char *attempt, const char *reason) {
    fprintf(stderr, "%s: %s\n", attempt, reason);
    exit(74);
}

// Reading.

/// The first comma, carriage return or line feed at or behind `at`.
static const char *field_end(const char *at, const char *end) {
#ifdef __SSE2__
    const __m128i comma = _mm_set1_epi8(','), cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)at);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(bytes, comma),
                                   _mm_or_si128(_mm_cmpeq_epi8(bytes, cr), _mm_cmpeq_epi8(bytes, lf)));
        int mask = _mm_movemask_epi8(hit);
        if (mask) return at + __builtin_ctz((unsigned)mask);
    }
#endif
    while (at < end && *at != ',' && *at != '\r' && *at != '\n') at++;
    return at;
}

/// Reads a field, its quotes taken off into `scratch`; returns what stands behind it.
static const char *read_field(const char *at, const char *end, struct text *field, char **scratch) {
    if (at == end || *at != '"') {
        const char *stop = field_end(at, end);
        *field = (struct text){at, (size_t)(stop - at)};
        return stop;
    }
    char *copy = *scratch, *to = copy;
    for (at++; at < end;) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (!quote) quote = end;
        memcpy(to, at, (size_t)(quote - at));
        to += quote - at;
        at = quote + 1;
        if (at >= end || *at != '"') break;
        *to++ = *at++;
    }
    *field = (struct text){copy, (size_t)(to - copy)};
    *scratch = to;
    return at > end ? end : at;
}

/// Reads a record into `fields`; returns what stands behind it, and how many fields there were.
static const char *read_record(const char *at, const char *end, struct text *fields, int *count,
                               char **scratch) {
    *count = 0;
    for (;;) {
        struct text field;
        at = read_field(at, end, &field, scratch);
        if (*count < column_limit) fields[(*count)++] = field;
        if (at < end && *at == ',') {
            at++;
            continue;
        }
        if (at < end && *at == '\r') at++;
        if (at < end && *at == '\n') at++;
        return at;
    }
}

// The rules of the schema.

static int is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static struct text trimmed(struct text text) {
    while (text.length && is_space(text.start[0])) text.start++, text.length--;
    while (text.length && is_space(text.start[text.length - 1])) text.length--;
    return text;
}

/// Whether a name has 2–100 characters.
static int is_name(struct text text) {
    size_t characters = 0;
    for (size_t i = 0; i < text.length; i++) characters += (text.start[i] & 0xc0) != 0x80;
    return characters >= 2 && characters <= 100;
}

/// Whether a text is one `@` with something before it, and a dot with something on both sides behind it.
static int is_address(struct text text) {
    const char *at = memchr(text.start, '@', text.length);
    if (!at || at == text.start) return 0;
    const char *end = text.start + text.length, *domain = at + 1;
    int has_dot = 0;
    for (const char *p = text.start; p < end; p++) {
        if (is_space(*p) || (*p == '@' && p != at)) return 0;
        if (*p == '.' && p > domain && p + 1 < end) has_dot = 1;
    }
    return has_dot;
}

static struct text lowered(struct text text, char *into) {
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.start[i];
        into[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
    }
    return (struct text){into, text.length};
}

// Rows that are not taken.

/// What is wrong with a row; NULL where nothing is. `column` is then the one at fault.
static const char *fault(const struct text *values, int *column) {
    *column = name;
    if (!values[name].length) return "is missing";
    if (!is_name(values[name]))
        return values[name].length < 100 ? "has fewer than 2 characters" : "has more than 100 characters";
    *column = email;
    if (!values[email].length) return "is missing";
    return is_address(values[email]) ? NULL : "is not an e-mail address";
}

static void write_field(FILE *file, struct text text) {
    int quoted = 0;
    for (size_t i = 0; i < text.length && !quoted; i++)
        quoted = text.start[i] == ',' || text.start[i] == '"' || text.start[i] == '\r' || text.start[i] == '\n';
    if (!quoted) {
        fwrite(text.start, 1, text.length, file);
        return;
    }
    putc_unlocked('"', file);
    for (size_t i = 0; i < text.length; i++) {
        if (text.start[i] == '"') putc_unlocked('"', file);
        putc_unlocked(text.start[i], file);
    }
    putc_unlocked('"', file);
}

static FILE *begin_file(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) give_up(path, "cannot be written");
    setvbuf(file, NULL, _IOFBF, 1 << 16);
    fputs("\xef\xbb\xbf", file);
    return file;
}

static void end_file(FILE *file, const char *path) {
    if (ferror(file) || fclose(file) != 0) give_up(path, "cannot be written");
}

static void write_reject(FILE *file, const struct text *fields, int count, int64_t row, int column,
                         const char *message) {
    for (int i = 0; i < count; i++) {
        write_field(file, fields[i]);
        putc_unlocked(',', file);
    }
    fprintf(file, "%lld,%s,%s\r\n", (long long)row, columns[column], message);
}

// Tokens: version, key id, 16 random bytes, the first 16 of an HMAC-SHA-256, in base64url.

static SHA256_CTX inner, outer;

static void prepare_key(const unsigned char key[32]) {
    unsigned char block[64];
    memset(block, 0x36, sizeof block);
    for (int i = 0; i < 32; i++) block[i] ^= key[i];
    SHA256_Init(&inner);
    SHA256_Update(&inner, block, sizeof block);
    memset(block, 0x5c, sizeof block);
    for (int i = 0; i < 32; i++) block[i] ^= key[i];
    SHA256_Init(&outer);
    SHA256_Update(&outer, block, sizeof block);
}

static void make_token(char text[token_length]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static unsigned char chance[4096];
    static size_t used = sizeof chance;
    if (used == sizeof chance) {
        if (getrandom(chance, sizeof chance, 0) != sizeof chance) give_up("random", "short");
        used = 0;
    }
    unsigned char bytes[36] = {1, 0xf1, 0x00, 0x12}, digest[32];
    memcpy(bytes + 4, chance + used, 16);
    used += 16;
    SHA256_CTX context = inner;
    SHA256_Update(&context, bytes, 20);
    SHA256_Final(digest, &context);
    context = outer;
    SHA256_Update(&context, digest, sizeof digest);
    SHA256_Final(digest, &context);
    memcpy(bytes + 20, digest, 16);
    for (int i = 0, at = 0; i < 36; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        text[at++] = digits[three >> 18];
        text[at++] = digits[three >> 12 & 63];
        text[at++] = digits[three >> 6 & 63];
        text[at++] = digits[three & 63];
    }
}

// The database.

static sqlite3 *database;

static void run(const char *sql) {
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        give_up(sql, sqlite3_errmsg(database));
}

static sqlite3_stmt *open_database(const char *path, int by_key) {
    if (sqlite3_open(path, &database) != SQLITE_OK) give_up(path, sqlite3_errmsg(database));
    if (!by_key) run("PRAGMA cache_size = -65536");
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS import (id INTEGER PRIMARY KEY, document TEXT NOT NULL UNIQUE,"
        " processed_count INTEGER NOT NULL, error_count INTEGER NOT NULL);"
        "CREATE TABLE IF NOT EXISTS participants (collection TEXT NOT NULL, name TEXT NOT NULL,"
        " email TEXT NOT NULL, phone TEXT, department TEXT, position TEXT, token TEXT NOT NULL,"
        " import INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (collection, email)) WITHOUT ROWID");
    sqlite3_stmt *insertion;
    const char *sql = "INSERT OR IGNORE INTO participants"
                      " (name, email, phone, department, position, token, row, collection, import)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, '', 1)";
    if (sqlite3_prepare_v2(database, sql, -1, &insertion, NULL) != SQLITE_OK)
        give_up("prepare", sqlite3_errmsg(database));
    return insertion;
}

static void insert(sqlite3_stmt *insertion, const struct text *values, const char *token, int64_t row) {
    for (int i = 0; i < column_count; i++) {
        if (values[i].length)
            sqlite3_bind_text(insertion, i + 1, values[i].start, (int)values[i].length, SQLITE_STATIC);
        else
            sqlite3_bind_null(insertion, i + 1);
    }
    sqlite3_bind_text(insertion, column_count + 1, token, token_length, SQLITE_STATIC);
    sqlite3_bind_int64(insertion, column_count + 2, row);
    if (sqlite3_step(insertion) != SQLITE_DONE) give_up("insert", sqlite3_errmsg(database));
    sqlite3_reset(insertion);
}

/// Where each column of the schema stands in the header; gives up where one is missing.
static void find_columns(const struct text *header, int count, int *places) {
    for (int column = 0; column < column_count; column++) {
        places[column] = -1;
        for (int i = 0; i < count; i++) {
            struct text title = trimmed(header[i]);
            if (title.length == strlen(columns[column]) &&
                strncasecmp(title.start, columns[column], title.length) == 0)
                places[column] = i;
        }
        if (places[column] < 0) give_up("read header", columns[column]);
    }
}

// Rows in order of their keys.

struct row {
    struct text values[column_count];
    int64_t number;
};

/// What sorts rows without a look at them, mostly.
struct place {
    uint64_t beginning;
    struct row *row;
};

static int compare_places(const void *left_place, const void *right_place) {
    const struct place *left = left_place, *right = right_place;
    if (left->beginning != right->beginning) return left->beginning < right->beginning ? -1 : 1;
    const struct text *a = &left->row->values[email], *b = &right->row->values[email];
    int order = memcmp(a->start, b->start, a->length < b->length ? a->length : b->length);
    if (order) return order;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return left->row->number < right->row->number ? -1 : 1;
}

static void insert_sorted(sqlite3_stmt *insertion, struct row *rows, size_t count) {
    struct place *places = malloc((count + 1) * sizeof *places);
    if (!places) give_up("sort", "no memory");
    for (size_t i = 0; i < count; i++) {
        const struct text *key = &rows[i].values[email];
        places[i].beginning = 0;
        for (size_t byte = 0; byte < 8; byte++)
            places[i].beginning =
                places[i].beginning << 8 | (byte < key->length ? (unsigned char)key->start[byte] : 0);
        places[i].row = &rows[i];
    }
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0; i < count; i++) {
        char token[token_length];
        make_token(token);
        insert(insertion, places[i].row->values, token, places[i].row->number);
    }
}

static void write_tokens(const char *path) {
    FILE *file = begin_file(path);
    fputs("email,token\r\n", file);
    sqlite3_stmt *rows;
    const char *sql = "SELECT email, token FROM participants WHERE collection = '' AND import = 1 ORDER BY email";
    if (sqlite3_prepare_v2(database, sql, -1, &rows, NULL) != SQLITE_OK)
        give_up("list tokens", sqlite3_errmsg(database));
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < 2; i++) {
            struct text value = {(const char *)sqlite3_column_text(rows, i), (size_t)sqlite3_column_bytes(rows, i)};
            write_field(file, value);
            fputs(i == 0 ? "," : "\r\n", file);
        }
    }
    sqlite3_finalize(rows);
    end_file(file, path);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

int main(int count, char **arguments) {
    if (count != 6) {
        fprintf(stderr, "usage: import_floor file|key FILE DATABASE REJECTS TOKENS\n");
        return 64;
    }
    int by_key = strcmp(arguments[1], "key") == 0;
    int file = open(arguments[2], O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0)
        give_up(arguments[2], "cannot be read, or is empty");
    const char *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    // No record is longer than the file, and each may be copied twice: without quotes, in small letters.
    char *scratch = malloc((size_t)status.st_size), *small = malloc((size_t)status.st_size);
    if (at == MAP_FAILED || !scratch || !small) give_up("map", "no memory");
    const char *end = at + status.st_size;
    if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;

    unsigned char key[32];
    if (getrandom(key, sizeof key, 0) != sizeof key) give_up("random", "short");
    prepare_key(key);
    sqlite3_stmt *insertion = open_database(arguments[3], by_key);

    struct text fields[column_limit], values[column_count];
    int field_count, places[column_count];
    char *free_scratch = scratch;
    at = read_record(at, end, fields, &field_count, &free_scratch);
    find_columns(fields, field_count, places);
    FILE *rejects = begin_file(arguments[4]);
    for (int i = 0; i < field_count; i++) {
        write_field(rejects, fields[i]);
        putc(',', rejects);
    }
    fputs("_row,_field,_message\r\n", rejects);

    struct row *rows = NULL;
    size_t row_count = 0, row_room = 0;
    int64_t number = 1, rejected = 0;
    while (at < end) {
        // Rows that are sorted are kept, with the copies that they point into.
        if (!by_key) free_scratch = scratch;
        at = read_record(at, end, fields, &field_count, &free_scratch);
        number++;
        for (int i = 0; i < column_count; i++)
            values[i] = places[i] < field_count ? trimmed(fields[places[i]]) : (struct text){"", 0};
        int column;
        const char *message = fault(values, &column);
        if (message) {
            write_reject(rejects, fields, field_count, number, column, message);
            rejected++;
            continue;
        }
        values[email] = lowered(values[email], small);
        row_count++;
        if (by_key) {
            small += values[email].length;
            if (row_count > row_room) {
                row_room = row_room ? 2 * row_room : 1 << 16;
                rows = realloc(rows, row_room * sizeof *rows);
                if (!rows) give_up("keep rows", "no memory");
            }
            memcpy(rows[row_count - 1].values, values, sizeof values);
            rows[row_count - 1].number = number;
            continue;
        }
        char token[token_length];
        make_token(token);
        insert(insertion, values, token, number);
    }
    if (by_key) insert_sorted(insertion, rows, row_count);
    end_file(rejects, arguments[4]);
    int64_t processed = sqlite3_total_changes64(database);
    char record[200];
    snprintf(record, sizeof record, "INSERT INTO import VALUES (1, 'document', %lld, %lld)",
             (long long)processed, (long long)rejected);
    run(record);
    run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_finalize(insertion);
    write_tokens(arguments[5]);
    sqlite3_close(database);
    printf("processed=%lld rejected=%lld duplicates=%lld cpu_s=%.3f\n", (long long)processed,
           (long long)rejected, (long long)((int64_t)row_count - processed), cpu_seconds());
    return 0;
}
