// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CSIMDJSON_H
#define MARKETBUS_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

/// simdjson's first stage: UTF-8 checked, strings closed, and where every token begins.
typedef struct md_json_indexer md_json_indexer;

/// NULL when memory is short.
md_json_indexer *_Nullable md_json_indexer_new(size_t capacity);
void md_json_indexer_free(md_json_indexer *indexer);

/// Makes room for documents of `capacity` bytes, and no more; 0, or simdjson's error code, and then there is no room at all.
int md_json_indexer_resize(md_json_indexer *indexer, size_t capacity);

/// Finds the tokens of one document; 0, or simdjson's error code. The array belongs to the indexer, is valid until its
/// next call, and ends with an entry (not counted) that holds `length`.
int md_json_index(md_json_indexer *indexer, const uint8_t *bytes, size_t length,
                  const uint32_t *_Nullable *_Nonnull starts, size_t *count);

/// The text of an error code.
const char *md_json_error_text(int code);

/// How many bytes after a document must be readable.
size_t md_json_padding(void);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
