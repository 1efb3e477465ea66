// Part of MarketBus. Apache License 2.0, see LICENSE.

#define _GNU_SOURCE
#include "CPlatform.h"

#include <malloc.h>
#include <sys/timex.h>

int64_t md_clock_error_micros(void) {
    struct timex state = {0};
    int result = adjtimex(&state);
    return result < 0 || result == TIME_ERROR ? -1 : (int64_t)state.maxerror;
}

void md_map_large_blocks(int bytes) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, bytes);
#else
    (void)bytes;
#endif
}
