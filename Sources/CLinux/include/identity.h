// The file-system identity of a thread. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_IDENTITY_H
#define CLINUX_IDENTITY_H

#endif
