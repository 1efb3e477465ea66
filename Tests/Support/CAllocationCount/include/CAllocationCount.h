// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CALLOCATIONCOUNT_H
#define MARKETBUS_CALLOCATIONCOUNT_H

#include <stdint.h>

/// How many times the calling thread has asked for memory since it began; -1 where nobody counts (sanitizer builds).
int64_t md_allocation_count(void);

#endif
