// Writers who change, cut, lock or replace a drop while it is being taken; none may lose a byte that rested.
#include "attacker.h"
#include "races.h"

// Writes all of drop `number` over what an open file has; cuts what is longer.
static void fill(int file, long number) {
    char *bytes;
    size_t length = content_of(number, &bytes);
    must(pwrite(file, bytes, length, 0) == (ssize_t)length, "write");
    must(ftruncate(file, (off_t)length) == 0, "cut");
    free(bytes);
}

// Files change places in a storm of renames, among names and folders; each must become a document or still be there.
void storm(char **words) {
    (void)words;
    static const char *const names[] = {"a/1.pdf", "a/2.pdf", "b/1.pdf", "b/c/1.pdf", "1.pdf", "2.pdf", "a/3.pdf"};
    static const char *const folders[] = {"a", "b", "b/c", "d", "b/e"};
    must(mkdirat(place, "a", 0755) == 0 && mkdirat(place, "b", 0755) == 0 && mkdirat(place, "b/c", 0755) == 0,
         "make folders");
    unsigned name_count = sizeof names / sizeof *names, folder_count = sizeof folders / sizeof *folders;
    long number = 0;
    int64_t last = 0;
    while (!is_over()) {
        if (now_us() - last >= DROP_INTERVAL_US) {
            last = now_us();
            drop(place, "0.pdf", ++number);
        }
        const char *from = chance(8) ? names[chance(name_count)] : "0.pdf";
        if (move(place, from, place, names[chance(name_count)]) == 0) rounds++;
        if (exchange(place, names[chance(name_count)], names[chance(name_count)]) == 0) rounds++;
        if (chance(4) == 0) {
            const char *one = folders[chance(folder_count)], *other = folders[chance(folder_count)];
            if (move(place, one, place, other) == 0 || exchange(place, one, other) == 0) rounds++;
        }
        linger(chance(64) ? 200 : 60000);
    }
}

// A file is made whole, then cut, grown or written anew in place while it is read. The ledger has every state that
// it was left in by a writer that closed it: "state N LENGTH".
void truncate_read(char **words) {
    (void)words;
    long number = 0;
    int64_t longest = 0;
    while (!is_over()) {
        int file = openat(place, "cut.pdf", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        must(file >= 0, "open a drop");
        fill(file, ++number);
        struct stat facts;
        fstat(file, &facts);
        printf("state %ld %lld\n", number, (long long)facts.st_size);
        close(file);
        for (int time = 0; time < 3 && !is_over(); time++) {
            linger(chance(3) ? 3000 : 40000);
            int64_t begin = now_us();
            file = openat(place, "cut.pdf", O_WRONLY | O_CLOEXEC);
            if (now_us() - begin > longest) longest = now_us() - begin;
            if (file < 0) break;
            off_t length = chance((unsigned)facts.st_size) + 1;
            must(ftruncate(file, length) == 0, "cut a drop");
            printf("state %ld %lld\n", number, (long long)length);
            close(file);
            rounds++;
            facts.st_size = length;
        }
    }
    printf("longest %lld\n", (long long)longest);
}

// One writer never closes its file, the other opens and closes it without end.
void append(char **words) {
    (void)words;
    int endless = openat(place, "endless.pdf", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    must(endless >= 0, "make a log");
    dprintf(endless, "%%PDF-1.4\n");
    long length = 0;
    while (!is_over()) {
        dprintf(endless, "%% %ld\n", rounds);
        int file = openat(place, "again.pdf", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        must(file >= 0, "open a log");
        if (lseek(file, 0, SEEK_END) == 0) dprintf(file, "%%PDF-1.4\n");
        dprintf(file, "%% %ld\n", length++);
        close(file);
        rounds++;
        linger(chance(16) ? 200 : 5000);
    }
}

// The user's own write lease makes whoever opens the file wait until it is given back, which it never is by itself.
void hold_lease(char **words) {
    (void)words;
    drop(place, "leased.pdf", 1);
    drop(place, "again.pdf", 2);
    int status = -1, file = -1;
    while (!is_over()) {
        if (file < 0) file = openat(place, "leased.pdf", O_RDWR | O_CLOEXEC);
        if (status < 0) status = openat(place, "again.pdf.status.json", O_RDWR | O_CLOEXEC);
        // Taken again as soon as the kernel has taken it away.
        if (file >= 0 && fcntl(file, F_GETLEASE) == F_UNLCK && fcntl(file, F_SETLEASE, F_WRLCK) == 0) rounds++;
        if (status >= 0 && fcntl(status, F_GETLEASE) == F_UNLCK && fcntl(status, F_SETLEASE, F_WRLCK) == 0) rounds++;
        usleep(500);
    }
}

// A newer file takes the name of the one that is being taken. What the user gets back by the exchange is theirs
// ("back N"); all else must be a document or still be there.
void rename_newer(char **words) {
    (void)words;
    long number = 0, standing = 0;
    while (!is_over()) {
        drop(place, "aside.tmp", ++number);
        if (exchange(place, "aside.tmp", "news.pdf") == 0) {
            char text[64] = {0};
            int file = openat(place, "aside.tmp", O_RDONLY | O_CLOEXEC);
            must(file >= 0 && read(file, text, sizeof text - 1) > 0, "read what was there");
            close(file);
            if (sscanf(text, "%%PDF-1.4\n%% begin %ld", &standing) == 1) printf("back %ld\n", standing);
            unlinkat(place, "aside.tmp", 0);
            rounds++;
        } else {
            must(move(place, "aside.tmp", place, "news.pdf") == 0 || errno == EEXIST, "put a newer file there");
            if (is_there(place, "aside.tmp", NULL)) {
                printf("back %ld\n", number);
                unlinkat(place, "aside.tmp", 0);
            }
        }
        linger(chance(2) ? 4000 : 40000);
    }
}

// A program opens the drop by its name while it is being taken, and writes something new into it. The ledger tells
// what each writer had replaced ("back N") and what it left ("made N").
void rewrite(char **words) {
    (void)words;
    long number = 0;
    while (!is_over()) {
        int file = openat(place, "text.pdf", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        must(file >= 0, "open a drop");
        char text[64] = {0};
        long standing;
        if (pread(file, text, sizeof text - 1, 0) > 0 && sscanf(text, "%%PDF-1.4\n%% begin %ld", &standing) == 1) {
            printf("back %ld\n", standing);
            rounds++;
        }
        fill(file, ++number);
        printf("made %ld\n", number);
        close(file);
        linger(chance(2) ? 4000 : 40000);
    }
}

// The inbox is moved away by its owner and replaced by another folder, or by a link to somebody else's inbox.
// FOLDER is the one around it; words: the inbox's name, where the link leads to.
void move_inbox(char **words) {
    long number = 0;
    while (!is_over()) {
        must(move(place, words[0], place, "away") == 0, "move the inbox away");
        if (chance(2)) {
            must(symlinkat(words[1], place, words[0]) == 0, "put a link there");
            linger(20000);
            unlinkat(place, words[0], 0);
        } else {
            must(mkdirat(place, words[0], 0755) == 0, "put a folder there");
            linger(20000);
            // What the daemon may have put there meanwhile stays where it can be seen.
            char former[32];
            snprintf(former, sizeof former, "former-%ld", rounds);
            must(move(place, words[0], place, former) == 0, "take the folder away");
            unlinkat(place, former, AT_REMOVEDIR);
        }
        must(move(place, "away", place, words[0]) == 0, "move the inbox back");
        rounds++;
        int folder = openat(place, words[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0 && rounds % 20 == 0) drop(folder, "drop.pdf", ++number);
        close(folder);
        linger(20000);
    }
}
