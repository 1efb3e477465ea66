// Part of MarketBus. Apache License 2.0, see LICENSE.
//
// libwebsockets as Swift can call it: structures filled, macros turned into functions, bit fields hidden.
// It decides nothing: every callback of the library is handed to one Swift function.

#ifndef MARKETBUS_CWEBSOCKETS_H
#define MARKETBUS_CWEBSOCKETS_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

/// A library context, its protocol table and its one alarm.
typedef struct md_ws_loop md_ws_loop;

/// Bytes that must be writable before the payload given to `md_ws_write`.
enum { MD_WS_HEADROOM = LWS_PRE };

typedef int (*md_ws_callback)(
    struct lws *_Nullable wsi, enum lws_callback_reasons reason, void *_Nullable user, void *_Nullable in,
    size_t length);

typedef struct {
    const char *_Nullable ca_file;  ///< NULL: the system's certificate authorities
    md_ws_callback callback;
    void *owner;                      ///< given back by `md_ws_owner` and to `on_alarm`
    void (*on_alarm)(void *owner);
    unsigned int receive_buffer_bytes;
    unsigned int descriptor_limit;
    /// True for the process's first loop only: each repetition would give the library's TLS state a new global
    /// index, and a handshake under way in another loop would fail.
    bool begins_tls;
} md_ws_loop_settings;

typedef struct {
    const char *address;  ///< numeric
    int port;
    bool tls;
    const char *path;
    const char *host_header;
    void *user;
} md_ws_connect_settings;

typedef enum { MD_WS_TEXT, MD_WS_BINARY, MD_WS_PING } md_ws_kind;

md_ws_loop *_Nullable md_ws_loop_create(const md_ws_loop_settings *settings);
void md_ws_loop_destroy(md_ws_loop *loop);
int md_ws_loop_service(md_ws_loop *loop);
void md_ws_loop_wake(md_ws_loop *loop);
void md_ws_loop_set_alarm(md_ws_loop *loop, int64_t microseconds);
void *_Nullable md_ws_owner(struct lws *wsi);

struct lws *_Nullable md_ws_connect(md_ws_loop *loop, const md_ws_connect_settings *settings);
int md_ws_write(struct lws *wsi, uint8_t *payload, size_t length, md_ws_kind kind);
void md_ws_kill_soon(struct lws *wsi);
void md_ws_close_reason(struct lws *wsi, uint16_t code);
/// Copies the `Retry-After` header of an answer; the number of bytes, or at most 0.
int md_ws_retry_after(struct lws *wsi, char *target, int room);

/// Routes the library's own log (errors and warnings) to `emit` instead of stderr; process-wide.
void md_ws_set_log(void (*emit)(int level, const char *line));

/// Names the calling thread, as the kernel shows it (15 bytes).
void md_ws_name_thread(const char *name);

/// A raw deflate decoder (zlib) for RFC 7692 messages.
typedef struct md_inflater md_inflater;
typedef enum { MD_INFLATE_NEEDS_INPUT, MD_INFLATE_NEEDS_ROOM, MD_INFLATE_BROKEN } md_inflate_result;

md_inflater *_Nullable md_inflater_create(void);
void md_inflater_destroy(md_inflater *inflater);
void md_inflater_feed(md_inflater *inflater, const uint8_t *bytes, size_t length);
/// Feeds what RFC 7692 has the sender leave out at the end of a message.
void md_inflater_feed_tail(md_inflater *inflater);
/// Decodes into `room` bytes at `output`; `produced` says how many were written.
md_inflate_result md_inflater_run(md_inflater *inflater, uint8_t *output, size_t room, size_t *produced);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
