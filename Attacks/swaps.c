// Exchanges of what the daemon looked at for what it must not touch.
#include "attacker.h"
#include "races.h"

const struct race races[] = {
    {"swap-file", swap_file},         {"swap-folder", swap_folder},   {"swap-output", swap_output},
    {"storm", storm},                 {"truncate", truncate_read},    {"append", append},
    {"lease", hold_lease},            {"newer", rename_newer},        {"rewrite", rewrite},
    {"move-inbox", move_inbox},       {NULL, NULL},
};

// Puts the bait back under its own name, wherever it was carried to; 0 where it is nowhere.
static int fetch_bait(const char *bait, ino_t inode, const char *name) {
    static const char *const others[] = {"drop (2).pdf", "drop (3).pdf", "drop (4).pdf"};
    ino_t found;
    for (int try = 0; try < 2000; try++) {
        if (is_there(place, bait, &found)) return 1;
        if (is_there(place, name, &found) && found == inode && move(place, name, place, bait) == 0) return 1;
        for (size_t n = 0; n < sizeof others / sizeof *others; n++)
            if (is_there(place, others[n], &found) && found == inode && move(place, others[n], place, bait) == 0)
                return 1;
        // The daemon may have it set aside for a moment.
        usleep(1000);
    }
    return 0;
}

// A drop and a bait (link, hard link, pipe, socket or device) change places while the drop is looked at, opened,
// copied and removed. words: the bait's name.
void swap_file(char **words) {
    const char *bait = words[0], *name = "drop.pdf";
    ino_t inode;
    must(is_there(place, bait, &inode), "find the bait");
    long number = 0, fetched = 0;
    int64_t last = 0;
    while (!is_over()) {
        ino_t found;
        if (is_there(place, bait, &found) && found == inode && !is_there(place, name, NULL)) {
            if (now_us() - last < DROP_INTERVAL_US) {
                usleep(1000);
                continue;
            }
            last = now_us();
            drop(place, name, ++number);
            linger(chance(2) ? 100 : 8000);
        }
        for (int pair = chance(16); pair >= 0 && !is_over(); pair--) {
            if (exchange(place, name, bait) < 0) {
                fetched++;
                if (!fetch_bait(bait, inode, name)) {
                    printf("lost the bait\n");
                    return;
                }
                break;
            }
            rounds++;
            linger(chance(8) ? 60 : 2000);
        }
        linger(chance(4) ? 500 : 10000);
    }
    fetch_bait(bait, inode, name);
    printf("fetched %ld\n", fetched);
}

// A folder with drops changes places with a link to somebody else's folder, or with another folder of one's own.
// words: the baits' names.
void swap_folder(char **words) {
    must(mkdirat(place, "sub", 0755) == 0, "make a folder");
    int folder = openat(place, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(folder >= 0, "open a folder");
    long number = 0;
    int64_t last = 0;
    int count = 0;
    while (words[count]) count++;
    while (!is_over()) {
        if (now_us() - last >= DROP_INTERVAL_US) {
            last = now_us();
            drop(folder, chance(2) ? "a.pdf" : "b.pdf", ++number);
        }
        const char *bait = words[chance((unsigned)count)];
        must(exchange(place, "sub", bait) == 0, "exchange folders");
        linger(chance(8) ? 100 : 4000);
        must(exchange(place, "sub", bait) == 0, "exchange folders back");
        rounds += 2;
        linger(chance(8) ? 500 : 15000);
    }
}

// All that the daemon makes is exchanged for links to somebody else's folder or file as soon as it appears: hidden
// files, hidden folders while they are filled, results, status files. words: a folder, a file to lead to.
void swap_output(char **words) {
    int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char here[64], buffer[1 << 14] __attribute__((aligned(8)));
    snprintf(here, sizeof here, "/proc/self/fd/%d", place);
    must(events >= 0 && inotify_add_watch(events, here, IN_CREATE | IN_MOVED_TO) >= 0, "watch the inbox");
    long number = 0, serial = 0;
    int64_t last = 0;
    while (!is_over()) {
        if (now_us() - last >= DROP_INTERVAL_US) {
            last = now_us();
            drop(place, "drop.pdf", ++number);
        }
        struct pollfd waited = {events, POLLIN, 0};
        if (poll(&waited, 1, 5) <= 0) continue;
        ssize_t length = read(events, buffer, sizeof buffer);
        for (ssize_t at = 0; at < length;) {
            struct inotify_event *event = (struct inotify_event *)(buffer + at);
            at += (ssize_t)(sizeof *event + event->len);
            int is_hidden = strncmp(event->name, ".ingestd-", 9) == 0;
            int is_ours = is_hidden || strncmp(event->name, "drop.pdf.", 9) == 0;
            // Sometimes it is left in peace, so that there is a next step to disturb.
            if (!event->len || !is_ours || chance(3) == 0) continue;
            char bait[64];
            snprintf(bait, sizeof bait, ".bait-%ld", serial++);
            if (symlinkat(words[event->mask & IN_ISDIR ? 0 : 1], place, bait) < 0) continue;
            linger(chance(3) ? 50 : 1000);
            if (exchange(place, event->name, bait) == 0) {
                rounds++;
                linger(chance(3) ? 300 : 4000);
                // What is left stands in the way of the next.
                if (chance(3) && exchange(place, event->name, bait) == 0) rounds++;
            }
            unlinkat(place, bait, 0);
        }
    }
}
