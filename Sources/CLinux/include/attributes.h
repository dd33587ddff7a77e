// Extended attributes, which bear access control lists. Glibc's own calls; its Swift module leaves the header out.
#ifndef CLINUX_ATTRIBUTES_H
#define CLINUX_ATTRIBUTES_H

#include <sys/xattr.h>

#endif
