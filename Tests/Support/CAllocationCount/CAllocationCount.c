// Part of MarketBus. Apache License 2.0, see LICENSE.
//
// Stands before the C library's allocator in the programs that link it, counts per thread, and passes on. Sanitizers
// bring their own allocator, so their builds leave it out.

#define _GNU_SOURCE
#include "CAllocationCount.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define MD_SANITIZED 1
#endif
#endif

#ifdef MD_SANITIZED

int64_t md_allocation_count(void) { return -1; }

#else

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static __thread int64_t count __attribute__((tls_model("initial-exec")));

int64_t md_allocation_count(void) { return count; }

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
} next;

// dlsym may itself ask for memory while the table is being filled; it gets some of this, which is never given back.
static _Alignas(16) unsigned char early[16384];
static size_t early_used;
static int is_filling;

static void *early_memory(size_t size) {
    size_t start = (early_used + 15) & ~(size_t)15;
    if (size > sizeof early - start) return NULL;
    early_used = start + size;
    return early + start;
}

static int is_early(const void *memory) {
    uintptr_t address = (uintptr_t)memory, start = (uintptr_t)early;
    return address >= start && address < start + sizeof early;
}

static void fill(void) {
    is_filling = 1;
    next.calloc = dlsym(RTLD_NEXT, "calloc");
    next.realloc = dlsym(RTLD_NEXT, "realloc");
    next.free = dlsym(RTLD_NEXT, "free");
    next.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    next.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    next.malloc = dlsym(RTLD_NEXT, "malloc");
    is_filling = 0;
}

// The first allocation of a process comes before its second thread, so this needs no lock.
static int is_ready(void) {
    if (next.malloc == NULL && !is_filling) fill();
    return next.malloc != NULL && !is_filling;
}

void *malloc(size_t size) {
    count += 1;
    return is_ready() ? next.malloc(size) : early_memory(size);
}

void *calloc(size_t number, size_t size) {
    count += 1;
    if (is_ready()) return next.calloc(number, size);
    return early_memory(number * size); // static memory is zero, and never used twice
}

void *realloc(void *memory, size_t size) {
    count += 1;
    if (!is_ready() || is_early(memory)) {
        void *larger = is_ready() ? next.malloc(size) : early_memory(size);
        if (larger != NULL && memory != NULL) {
            size_t known = (size_t)(early + sizeof early - (unsigned char *)memory);
            memcpy(larger, memory, size < known ? size : known);
        }
        return larger;
    }
    return next.realloc(memory, size);
}

void free(void *memory) {
    if (memory == NULL || is_early(memory)) return;
    if (is_ready()) next.free(memory);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    count += 1;
    return is_ready() ? next.posix_memalign(memory, alignment, size) : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size) {
    count += 1;
    return is_ready() ? next.aligned_alloc(alignment, size) : NULL;
}

#endif
