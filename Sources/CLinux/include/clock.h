// The system's clocks as one number: with a statically linked standard library, a module that defines
// struct timespec may come in from elsewhere, and then Swift does not see its members.
#ifndef CLINUX_CLOCK_H
#define CLINUX_CLOCK_H

#include <stdint.h>
#include <time.h>

// Nanoseconds on one of the system's clocks: clock_gettime(2).
static inline int64_t linux_clock_nanoseconds(clockid_t clock) {
    struct timespec now = {0, 0};
    // A clock that the kernel knows can always be read.
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
