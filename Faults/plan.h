// What the harness and the preloaded library tell each other: a file that both have mapped. scripts/faults/plan.py
// describes the same bytes.
#ifndef FAULTS_PLAN_H
#define FAULTS_PLAN_H

#include <stdint.h>

// The calls that are told apart. Those up to KIND_ATTRIBUTES change what a disk holds.
enum kind {
    KIND_WRITE, KIND_SYNC, KIND_RENAME, KIND_LINK, KIND_UNLINK, KIND_MKDIR, KIND_TRUNCATE, KIND_ALLOCATE, KIND_CLONE,
    KIND_CREATE, KIND_ATTRIBUTES, KIND_OPEN, KIND_READ, KIND_SPAWN, KIND_COUNT
};

// What happens at a call.
enum deed {
    DEED_NONE,
    // The process group is killed.
    DEED_KILL,
    // The file system takes nothing more, unsynced data is lost, and the process group is killed.
    DEED_CUT,
    // The call is not made and answers with an error.
    DEED_FAIL,
    // Half of the bytes are written, and the answer says so.
    DEED_SHORT,
    // The call is not made and answers that all is well: what a program does that syncs nothing, or ignores the answer.
    DEED_PRETEND,
    // Half of the bytes are written, and the answer hides it: a program that does not look at the answer.
    DEED_PRETEND_SHORT,
    // The call is not made and answers with an error, and what the file held is gone: a disk that could not take it.
    DEED_LOSE,
};

enum { PLACE_LENGTH = 512, FAULT_COUNT = 2, KIND_LIMIT = 32, PLAN_MAGIC = 0x464C5401 };

struct fault {
    // A bit for each kind of call that is counted for this fault.
    uint64_t kinds;
    // The first call that it strikes, counted from one, and how many in a row.
    uint64_t number, times;
    // How many calls were counted, and how many were struck.
    uint64_t met, hits;
    uint32_t deed, is_after;
    int32_t error;
    // Set by the harness once the cause has gone.
    uint32_t is_over;
    // Only calls on what begins with this path are counted; all where it is empty.
    char scope[PLACE_LENGTH];
    // Written by the library: the call that was struck first.
    char place[PLACE_LENGTH];
};

struct plan {
    uint32_t magic;
    // Why the power could not be cut; 0 else.
    int32_t cut_error;
    // Where the file system is mounted whose power is cut.
    char mount[PLACE_LENGTH];
    // A file that gets a line for each call; none where it is empty.
    char trace[PLACE_LENGTH];
    uint64_t counts[KIND_LIMIT];
    struct fault faults[FAULT_COUNT];
};

#endif
