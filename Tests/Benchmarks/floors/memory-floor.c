// Part of MarketBus. Apache License 2.0, see LICENSE.
// What this machine's memory takes: loads of a megabyte that is in its caches, of the same after a sleep, and of 256 MB.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 2000, LOADS = 200 };
static const size_t all = 256u << 20, near = 1u << 20;
static uint64_t dice = 88172645463325252u;
static volatile uint64_t sum;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void report(const char *what, const char *bytes, size_t span, int sleep_us) {
    static int64_t times[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        if (sleep_us) usleep(sleep_us);
        int64_t begin = now();
        for (int load = 0; load < LOADS; load++) {
            dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
            sum += bytes[(dice + sum) % span];
        }
        times[round] = now() - begin;
    }
    qsort(times, ROUNDS, sizeof times[0], ascending);
    printf("%-28s %d loads, one after another: p50=%.2f p90=%.2f us\n", what, LOADS, times[ROUNDS / 2] / 1e3,
           times[ROUNDS * 9 / 10] / 1e3);
}

int main(void) {
    char *bytes = malloc(all);
    if (!bytes) return 1;
    for (size_t place = 0; place < all; place += 64) bytes[place] = (char)place;
    report("1 MB", bytes, near, 0);
    report("1 MB, after 1 ms of sleep", bytes, near, 1000);
    report("256 MB", bytes, all, 0);
    return 0;
}
