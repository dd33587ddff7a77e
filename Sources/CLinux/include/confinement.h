// What a worker gives up before it reads a byte. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_CONFINEMENT_H
#define CLINUX_CONFINEMENT_H

#endif
