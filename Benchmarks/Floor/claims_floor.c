// What the promises of a claim cost by themselves: no daemon, no accounts, no quota, no log.
//
//     claims_floor FOLDER STORE
//
// It takes all files of FOLDER into STORE, 128 together and four such batches side by side, on eight
// threads each: copied and hashed into staging, synced, renamed into one of 256 folders by their
// digests, those folders synced, one row each in a database with one synchronous FULL commit for the
// batch, a status file beside each that is written aside and renamed, the names removed and their
// folder synced. Nothing is looked at twice, and nothing that fails is tried again.
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { batch_length = 128, batches_at_once = 4, threads = 8, folders = 256, chunk = 1 << 20 };

struct drop {
    char *name;
    int source, staged;
    unsigned char digest[SHA256_DIGEST_LENGTH];
};

static int inbox, store;
static sqlite3 *catalogue;
static sqlite3_stmt *insertion;

static void need(int holds, const char *attempt) {
    if (holds) return;
    fprintf(stderr, "%s: %s\n", attempt, strerror(errno));
    exit(74);
}

static void staged_name(const struct drop *drop, char *name) { sprintf(name, "staging/%s", drop->name); }

static void blob_name(const struct drop *drop, char *name) {
    name += sprintf(name, "blobs/%02x/", drop->digest[0]);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++) name += sprintf(name, "%02x", drop->digest[i]);
}

static void copy(struct drop *drop) {
    char name[512];
    char *buffer = malloc(chunk);
    SHA256_CTX hash;
    staged_name(drop, name);
    need((drop->source = openat(inbox, drop->name, O_RDONLY | O_CLOEXEC)) >= 0, drop->name);
    need((drop->staged = openat(store, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0400)) >= 0, name);
    SHA256_Init(&hash);
    for (ssize_t length; (length = read(drop->source, buffer, chunk)) != 0;) {
        need(length > 0 && write(drop->staged, buffer, length) == length, name);
        SHA256_Update(&hash, buffer, length);
    }
    SHA256_Final(drop->digest, &hash);
    sync_file_range(drop->staged, 0, 0, SYNC_FILE_RANGE_WRITE);
    free(buffer);
}

static void commit(const struct drop *drops, int count) {
    need(sqlite3_exec(catalogue, "BEGIN IMMEDIATE", 0, 0, 0) == SQLITE_OK, "begin");
    for (int i = 0; i < count; i++) {
        sqlite3_bind_blob(insertion, 1, drops[i].digest, SHA256_DIGEST_LENGTH, SQLITE_STATIC);
        sqlite3_bind_text(insertion, 2, drops[i].name, -1, SQLITE_STATIC);
        need(sqlite3_step(insertion) == SQLITE_DONE, "insert");
        sqlite3_reset(insertion);
    }
    need(sqlite3_exec(catalogue, "COMMIT", 0, 0, 0) == SQLITE_OK, "commit");
}

static void tell(const struct drop *drop) {
    char aside[512], name[512], text[1024];
    sprintf(aside, ".%s.aside", drop->name);
    sprintf(name, "%s.status.json", drop->name);
    int length = sprintf(text, "{\"schema\":\"status\", \"name\":\"%s\", \"status\":\"pending\", \"filler\":\"%0700d\"}\n", drop->name, 0);
    int file = openat(inbox, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    need(file >= 0 && write(file, text, length) == length && close(file) == 0, aside);
    need(renameat(inbox, aside, inbox, name) == 0, name);
}

static void take(struct drop *drops, int count) {
    char is_touched[folders] = {0};
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < count; i++) copy(&drops[i]);
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < count; i++) sync_file_range(drops[i].staged, 0, 0, 7);
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < count; i++) need(fsync(drops[i].staged) == 0 && close(drops[i].staged) == 0, "sync");
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < count; i++) {
        char from[512], to[128];
        staged_name(&drops[i], from);
        blob_name(&drops[i], to);
        need(renameat(store, from, store, to) == 0, to);
        is_touched[drops[i].digest[0]] = 1;
    }
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < folders; i++) {
        char name[32];
        if (!is_touched[i]) continue;
        sprintf(name, "blobs/%02x", i);
        int folder = openat(store, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        need(folder >= 0 && fsync(folder) == 0 && close(folder) == 0, name);
    }
#pragma omp critical
    commit(drops, count);
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < count; i++) {
        tell(&drops[i]);
        need(unlinkat(inbox, drops[i].name, 0) == 0 && close(drops[i].source) == 0, drops[i].name);
    }
    need(fsync(inbox) == 0, "sync the folder");
}

static int by_name(const void *left, const void *right) {
    return strcmp(((const struct drop *)left)->name, ((const struct drop *)right)->name);
}

int main(int count, char **arguments) {
    char name[4096];
    int length = 0, room = 0;
    struct drop *drops = NULL;
    if (count != 3) return fprintf(stderr, "usage: claims_floor FOLDER STORE\n"), 64;
    need((inbox = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0, arguments[1]);
    need(mkdir(arguments[2], 0700) == 0, arguments[2]);
    need((store = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0, arguments[2]);
    need(mkdirat(store, "staging", 0700) == 0 && mkdirat(store, "blobs", 0700) == 0, "folders");
    for (int i = 0; i < folders; i++) {
        sprintf(name, "blobs/%02x", i);
        need(mkdirat(store, name, 0700) == 0, name);
    }
    snprintf(name, sizeof name, "%s/catalogue.sqlite3", arguments[2]);
    need(sqlite3_open(name, &catalogue) == SQLITE_OK, name);
    need(sqlite3_exec(catalogue,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;"
                      "CREATE TABLE document (digest BLOB PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID",
                      0, 0, 0) == SQLITE_OK, "create");
    need(sqlite3_prepare_v2(catalogue, "INSERT INTO document VALUES (?, ?)", -1, &insertion, 0) == SQLITE_OK, "prepare");
    DIR *list = fdopendir(dup(inbox));
    for (struct dirent *entry; (entry = readdir(list));) {
        if (entry->d_name[0] == '.') continue;
        if (length == room) drops = realloc(drops, (room = room ? 2 * room : 1024) * sizeof *drops);
        drops[length++].name = strdup(entry->d_name);
    }
    closedir(list);
    qsort(drops, length, sizeof *drops, by_name);
#pragma omp parallel for num_threads(batches_at_once) schedule(dynamic)
    for (int i = 0; i < length; i += batch_length)
        take(drops + i, length - i < batch_length ? length - i : batch_length);
    sqlite3_finalize(insertion);
    return sqlite3_close(catalogue) == SQLITE_OK ? 0 : 74;
}
