// Starting and ending child processes. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#endif
