// One attacker on an inbox: runs as a user, races the daemon until its time is over, and says how often it did.
// usage: attacker ATTACK SECONDS FOLDER [NAME …]; scripts/attacks starts it and judges what became of everything.
#include "attacker.h"
#include "races.h"
#include <sys/syscall.h>

int place;
long rounds;
static int64_t end_us;

int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int is_over(void) { return now_us() >= end_us; }

unsigned chance(unsigned bound) { return (unsigned)(random() % bound); }

void linger(unsigned below_us) {
    unsigned time = chance(below_us);
    if (time > 200) {
        usleep(time);
        return;
    }
    for (int64_t end = now_us() + time; now_us() < end;) {}
}

void must(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "attacker: %s: %s\n", what, strerror(errno));
    exit(1);
}

int exchange(int folder, const char *one, const char *other) {
    return (int)syscall(SYS_renameat2, folder, one, folder, other, 2 /* RENAME_EXCHANGE */);
}

int move(int from, const char *old, int to, const char *name) {
    return (int)syscall(SYS_renameat2, from, old, to, name, 1 /* RENAME_NOREPLACE */);
}

int is_there(int folder, const char *name, ino_t *inode) {
    struct stat facts;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) < 0) return 0;
    if (inode) *inode = facts.st_ino;
    return 1;
}

size_t content_of(long number, char **bytes) {
    // From one line to some hundred kilobytes, so that some are copied in one read and some are not.
    size_t lines = number % 4 ? 1 + number % 7 : 1000 + number % 5000;
    size_t room = 128 + lines * 64;
    must((*bytes = malloc(room)) != NULL, "memory");
    size_t length = (size_t)sprintf(*bytes, "%%PDF-1.4\n%% begin %ld\n", number);
    for (size_t line = 0; line < lines; line++)
        length += (size_t)sprintf(*bytes + length, "%% line %zu of drop %ld\n", line, number);
    return length + (size_t)sprintf(*bytes + length, "%% end %ld\n", number);
}

int drop(int folder, const char *name, long number) {
    char *bytes, aside[64];
    size_t length = content_of(number, &bytes);
    snprintf(aside, sizeof aside, ".new-%ld", number);
    int file = openat(folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    must(file >= 0, "make a drop");
    must(write(file, bytes, length) == (ssize_t)length, "write a drop");
    close(file);
    free(bytes);
    printf("made %ld\n", number);
    if (move(folder, aside, folder, name) == 0) return 1;
    must(errno == EEXIST, "put a drop into place");
    printf("kept %ld\n", number);
    unlinkat(folder, aside, 0);
    return 0;
}

int main(int count, char **words) {
    if (count < 4) return 64;
    signal(SIGIO, SIG_IGN);
    srandom((unsigned)getpid());
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    place = open(words[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(place >= 0, words[3]);
    end_us = now_us() + (int64_t)(atof(words[2]) * 1e6);
    for (const struct race *race = races; race->name; race++) {
        if (strcmp(race->name, words[1]) != 0) continue;
        race->run(words + 4);
        printf("rounds %ld\n", rounds);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    fprintf(stderr, "attacker: no attack is called %s\n", words[1]);
    return 64;
}
