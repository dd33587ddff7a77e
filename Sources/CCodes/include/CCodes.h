// What Codes calls: libqrencode lays out a code, zlib packs its picture. Neither jumps, so Swift calls them itself.
#ifndef CCODES_H
#define CCODES_H

#include <qrencode.h>
#include <zlib.h>

#endif
