// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CDEFLATE_H
#define MARKETBUS_CDEFLATE_H

#include <libdeflate.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// libdeflate's whole-buffer reader.
typedef struct md_deflate_reader md_deflate_reader;

/// Wrappings.
enum { MD_DEFLATE_GZIP, MD_DEFLATE_ZLIB };
/// Results.
enum { MD_DEFLATE_DONE, MD_DEFLATE_DAMAGED, MD_DEFLATE_NO_ROOM };

/// NULL when memory is short.
md_deflate_reader *_Nullable md_deflate_reader_new(void);
void md_deflate_reader_free(md_deflate_reader *reader);

/// Inflates the first member of `input`; on success tells how much was consumed and produced.
int md_deflate_read(md_deflate_reader *reader, int format, const uint8_t *input, size_t count, uint8_t *output,
                    size_t room, size_t *consumed, size_t *produced);

/// 1 when zlib finds nothing wrong with `input` but its end: a member that was cut off. Slow, for the error's name.
int md_deflate_is_cut(int format, const uint8_t *input, size_t count);

#pragma clang assume_nonnull end

#endif
