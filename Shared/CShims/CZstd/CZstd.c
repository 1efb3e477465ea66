// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "CZstd.h"

#include <zstd.h>
#include <zstd_errors.h>

md_zstd_writer *md_zstd_writer_new(int level) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (context == NULL) { return NULL; }
    if (ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level))
        || ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))) {
        ZSTD_freeCCtx(context);
        return NULL;
    }
    return (md_zstd_writer *)context;
}

void md_zstd_writer_free(md_zstd_writer *writer) {
    ZSTD_freeCCtx((ZSTD_CCtx *)writer);
}

static ZSTD_EndDirective directive(md_zstd_purpose purpose) {
    switch (purpose) {
        case MD_ZSTD_FLUSH: return ZSTD_e_flush;
        case MD_ZSTD_END: return ZSTD_e_end;
        default: return ZSTD_e_continue;
    }
}

int64_t md_zstd_write(md_zstd_writer *writer, md_zstd_purpose purpose, const uint8_t *input, size_t count,
                      size_t *consumed, uint8_t *output, size_t room, size_t *produced) {
    ZSTD_inBuffer from = {input, count, *consumed};
    ZSTD_outBuffer to = {output, room, *produced};
    size_t left = ZSTD_compressStream2((ZSTD_CCtx *)writer, &to, &from, directive(purpose));
    *consumed = from.pos;
    *produced = to.pos;
    return ZSTD_isError(left) ? -1 : (int64_t)left;
}

md_zstd_reader *md_zstd_reader_new(int window_log) {
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (context == NULL) { return NULL; }
    if (ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, window_log))) {
        ZSTD_freeDCtx(context);
        return NULL;
    }
    return (md_zstd_reader *)context;
}

void md_zstd_reader_free(md_zstd_reader *reader) {
    ZSTD_freeDCtx((ZSTD_DCtx *)reader);
}

int64_t md_zstd_read(md_zstd_reader *reader, const uint8_t *input, size_t count, size_t *consumed, uint8_t *output,
                     size_t room, size_t *produced) {
    ZSTD_inBuffer from = {input, count, *consumed};
    ZSTD_outBuffer to = {output, room, *produced};
    size_t left = ZSTD_decompressStream((ZSTD_DCtx *)reader, &to, &from);
    *consumed = from.pos;
    *produced = to.pos;
    if (!ZSTD_isError(left)) { return (int64_t)left; }
    switch (ZSTD_getErrorCode(left)) {
        case ZSTD_error_frameParameter_windowTooLarge: return -2;
        case ZSTD_error_memory_allocation: return -3;
        default: return -1;
    }
}

size_t md_zstd_write_room(void) { return ZSTD_CStreamOutSize(); }
size_t md_zstd_read_room(void) { return ZSTD_DStreamOutSize(); }
