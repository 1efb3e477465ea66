// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "CDeflate.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

md_deflate_reader *md_deflate_reader_new(void) {
    return (md_deflate_reader *)libdeflate_alloc_decompressor();
}

void md_deflate_reader_free(md_deflate_reader *reader) {
    libdeflate_free_decompressor((struct libdeflate_decompressor *)reader);
}

int md_deflate_read(md_deflate_reader *reader, int format, const uint8_t *input, size_t count, uint8_t *output,
                    size_t room, size_t *consumed, size_t *produced) {
    struct libdeflate_decompressor *d = (struct libdeflate_decompressor *)reader;
    enum libdeflate_result result =
        format == MD_DEFLATE_GZIP
            ? libdeflate_gzip_decompress_ex(d, input, count, output, room, consumed, produced)
            : libdeflate_zlib_decompress_ex(d, input, count, output, room, consumed, produced);
    switch (result) {
        case LIBDEFLATE_SUCCESS: return MD_DEFLATE_DONE;
        case LIBDEFLATE_INSUFFICIENT_SPACE: return MD_DEFLATE_NO_ROOM;
        default: return MD_DEFLATE_DAMAGED;
    }
}

int md_deflate_is_cut(int format, const uint8_t *input, size_t count) {
    if (count == 0 || count > UINT_MAX) { return count == 0; }
    // zlib looks at a gzip member's first byte only with the second one.
    if (format == MD_DEFLATE_GZIP && input[0] != 0x1f) { return 0; }
    z_stream stream;
    uint8_t scratch[4096];
    memset(&stream, 0, sizeof stream);
    if (inflateInit2(&stream, format == MD_DEFLATE_GZIP ? 15 + 16 : 15) != Z_OK) { return 0; }
    stream.next_in = (Bytef *)input;
    stream.avail_in = (uInt)count;
    int result;
    do {
        stream.next_out = scratch;
        stream.avail_out = sizeof scratch;
        result = inflate(&stream, Z_NO_FLUSH);
    } while (result == Z_OK);
    int is_cut = result == Z_BUF_ERROR && stream.avail_in == 0;
    inflateEnd(&stream);
    return is_cut;
}
