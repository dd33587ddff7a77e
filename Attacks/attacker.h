// What the attackers share: a folder to play in, a clock, chance, drops that tell what they are, and a ledger on
// standard output that scripts/attacks holds against what became of them.
#ifndef ATTACKER_H
#define ATTACKER_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// How long a drop waits at least for the next: an attack is a race for a claim, not a flood of documents.
enum { DROP_INTERVAL_US = 100 * 1000 };

// The folder that the attack is about, and how often its race was run.
extern int place;
extern long rounds;

// Whether the time that was given is over.
int is_over(void);
// Microseconds since some moment.
int64_t now_us(void);
// From 0 to below the bound.
unsigned chance(unsigned bound);
// Lets less than so many microseconds pass; short ones without giving the processor away.
void linger(unsigned below_us);

// Ends the program where the attack itself does not work, which says nothing about the daemon.
void must(int holds, const char *what);
// Swaps two names of a folder; 0, or -1 with errno.
int exchange(int folder, const char *one, const char *other);
// Renames, never over anything; 0, or -1 with errno.
int move(int from, const char *old, int to, const char *name);
// Whether something stands under the name, and its inode.
int is_there(int folder, const char *name, ino_t *inode);

// The content of drop `number`: it begins like a PDF and says its number at its beginning and at its end.
size_t content_of(long number, char **bytes);
// Writes a drop aside and renames it into place, as an honest client does; tells the ledger. 0 where the name is taken.
int drop(int folder, const char *name, long number);

#endif
