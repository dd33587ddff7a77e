// Calls on files that Glibc does not offer to Swift. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#endif
