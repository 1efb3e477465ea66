// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CZSTD_H
#define MARKETBUS_CZSTD_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct md_zstd_writer md_zstd_writer;
typedef struct md_zstd_reader md_zstd_reader;

/// What a step of the writer is for: more bytes, a block's end, a frame's end.
typedef enum { MD_ZSTD_CONTINUE, MD_ZSTD_FLUSH, MD_ZSTD_END } md_zstd_purpose;

/// A writer of checksummed frames; NULL when memory is short or the library refuses the level.
md_zstd_writer *_Nullable md_zstd_writer_new(int level);
void md_zstd_writer_free(md_zstd_writer *writer);
/// One step: adds to `consumed` and `produced`. Returns how many bytes still wait inside, or -1.
int64_t md_zstd_write(md_zstd_writer *writer, md_zstd_purpose purpose, const uint8_t *_Nullable input, size_t count,
                      size_t *consumed, uint8_t *output, size_t room, size_t *produced);

/// A reader that takes frames whose window is at most 2 to the power of `window_log` bytes; NULL when memory is short.
md_zstd_reader *_Nullable md_zstd_reader_new(int window_log);
void md_zstd_reader_free(md_zstd_reader *reader);
/// One step: adds to `consumed` and `produced`. Returns 0 at a frame's end, a positive number inside a frame,
/// -1 for damage, -2 for a window above the limit, -3 without memory.
int64_t md_zstd_read(md_zstd_reader *reader, const uint8_t *_Nullable input, size_t count, size_t *consumed,
                     uint8_t *output, size_t room, size_t *produced);

/// Room for the output of one step that lets the library work without a copy.
size_t md_zstd_write_room(void);
size_t md_zstd_read_room(void);

#pragma clang assume_nonnull end

#endif
