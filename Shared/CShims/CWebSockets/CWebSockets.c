// Part of MarketBus. Apache License 2.0, see LICENSE.

#define _GNU_SOURCE
#include "CWebSockets.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct md_ws_loop {
    struct lws_context *context;
    struct lws_protocols protocols[2];
    struct lws_extension extensions[2];
    lws_sorted_usec_list_t alarm;
    void (*on_alarm)(void *owner);
    void *owner;
};

static const struct lws_ext_options deflate_options[] = {
    {"server_no_context_takeover", EXTARG_NONE},
    {"client_no_context_takeover", EXTARG_NONE},
    {"server_max_window_bits", EXTARG_OPT_DEC},
    {"client_max_window_bits", EXTARG_OPT_DEC},
    {NULL, 0},
};

// Negotiates permessage-deflate but leaves the payload as it is: the receiver inflates it into its own bounded
// buffer. The library's own codec asserts (and Debian builds with assertions on) when the last match of a message
// straddles its output buffer, so a peer could abort the process with it.
static int deflate_passthrough(
    struct lws_context *context, const struct lws_extension *extension, struct lws *wsi,
    enum lws_extension_callback_reasons reason, void *user, void *in, size_t length) {
    (void)context, (void)extension, (void)wsi, (void)user, (void)length;
    if (reason == LWS_EXT_CB_CLIENT_CONSTRUCT && in) {
        *(const struct lws_ext_options **)in = deflate_options;
    }
    return 0;
}

static void alarm_rang(lws_sorted_usec_list_t *alarm) {
    md_ws_loop *loop = lws_container_of(alarm, md_ws_loop, alarm);
    loop->on_alarm(loop->owner);
}

md_ws_loop *md_ws_loop_create(const md_ws_loop_settings *settings) {
    md_ws_loop *loop = calloc(1, sizeof(*loop));
    if (!loop) return NULL;
    loop->owner = settings->owner;
    loop->on_alarm = settings->on_alarm;
    loop->protocols[0].name = "marketbus";
    loop->protocols[0].callback = settings->callback;
    loop->protocols[0].rx_buffer_size = settings->receive_buffer_bytes;
    loop->extensions[0].name = "permessage-deflate";
    loop->extensions[0].callback = deflate_passthrough;
    loop->extensions[0].client_offer = "permessage-deflate";

    struct lws_context_creation_info info;
    memset(&info, 0, sizeof(info));
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = loop->protocols;
    info.extensions = loop->extensions;
    info.user = settings->owner;
    info.gid = (gid_t)-1;
    info.uid = (uid_t)-1;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    if (settings->begins_tls) info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.pt_serv_buf_size = settings->receive_buffer_bytes;
    info.fd_limit_per_thread = settings->descriptor_limit;
    // The owner's own deadlines come first; these are only the library's last resort.
    info.timeout_secs = 120;
    info.connect_timeout_secs = 120;
    if (settings->ca_file) {
        info.client_ssl_ca_filepath = settings->ca_file;
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    }
    loop->context = lws_create_context(&info);
    if (!loop->context) {
        free(loop);
        return NULL;
    }
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.vhost_name = "marketbus";
    if (!lws_create_vhost(loop->context, &info)) {
        lws_context_destroy(loop->context);
        free(loop);
        return NULL;
    }
    return loop;
}

void md_ws_loop_destroy(md_ws_loop *loop) {
    lws_sul_cancel(&loop->alarm);
    lws_context_destroy(loop->context);
    free(loop);
}

int md_ws_loop_service(md_ws_loop *loop) { return lws_service(loop->context, 0); }

void md_ws_loop_wake(md_ws_loop *loop) { lws_cancel_service(loop->context); }

void md_ws_loop_set_alarm(md_ws_loop *loop, int64_t microseconds) {
    lws_sul_schedule(loop->context, 0, &loop->alarm, alarm_rang, (lws_usec_t)microseconds);
}

void *md_ws_owner(struct lws *wsi) { return lws_context_user(lws_get_context(wsi)); }

struct lws *md_ws_connect(md_ws_loop *loop, const md_ws_connect_settings *settings) {
    struct lws_client_connect_info info;
    memset(&info, 0, sizeof(info));
    info.context = loop->context;
    info.address = settings->address;
    info.port = settings->port;
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (settings->tls ? LCCSCF_USE_SSL : 0);
    info.path = settings->path;
    info.host = settings->host_header;
    info.userdata = settings->user;
    info.ietf_version_or_minus_one = -1;
    info.local_protocol_name = loop->protocols[0].name;
    info.alpn = "http/1.1";
    return lws_client_connect_via_info(&info);
}

int md_ws_write(struct lws *wsi, uint8_t *payload, size_t length, md_ws_kind kind) {
    enum lws_write_protocol protocol = LWS_WRITE_TEXT;
    if (kind == MD_WS_BINARY) protocol = LWS_WRITE_BINARY;
    if (kind == MD_WS_PING) protocol = LWS_WRITE_PING;
    return lws_write(wsi, payload, length, protocol);
}

void md_ws_kill_soon(struct lws *wsi) { lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC); }

void md_ws_close_reason(struct lws *wsi, uint16_t code) {
    lws_close_reason(wsi, (enum lws_close_status)code, NULL, 0);
}

int md_ws_retry_after(struct lws *wsi, char *target, int room) {
    return lws_hdr_copy(wsi, target, room, WSI_TOKEN_HTTP_RETRY_AFTER);
}

void md_ws_set_log(void (*emit)(int level, const char *line)) { lws_set_log_level(LLL_ERR | LLL_WARN, emit); }

void md_ws_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

struct md_inflater {
    z_stream stream;
};

md_inflater *md_inflater_create(void) {
    md_inflater *inflater = calloc(1, sizeof(*inflater));
    if (!inflater) return NULL;
    // The largest window decodes every window that a server may choose.
    if (inflateInit2(&inflater->stream, -MAX_WBITS) != Z_OK) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void md_inflater_destroy(md_inflater *inflater) {
    inflateEnd(&inflater->stream);
    free(inflater);
}

void md_inflater_feed(md_inflater *inflater, const uint8_t *bytes, size_t length) {
    inflater->stream.next_in = (Bytef *)bytes;
    inflater->stream.avail_in = length > UINT_MAX ? UINT_MAX : (uInt)length;
}

void md_inflater_feed_tail(md_inflater *inflater) {
    static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};
    md_inflater_feed(inflater, tail, sizeof(tail));
}

md_inflate_result md_inflater_run(md_inflater *inflater, uint8_t *output, size_t room, size_t *produced) {
    z_stream *stream = &inflater->stream;
    uInt available = room > UINT_MAX ? UINT_MAX : (uInt)room;
    stream->next_out = output;
    stream->avail_out = available;
    int status = inflate(stream, Z_SYNC_FLUSH);
    *produced = available - stream->avail_out;
    if (status == Z_STREAM_END) {
        // A sender may end a message with a final block; the next bytes begin a new stream.
        if (inflateReset(stream) != Z_OK) return MD_INFLATE_BROKEN;
        return stream->avail_in > 0 ? MD_INFLATE_NEEDS_ROOM : MD_INFLATE_NEEDS_INPUT;
    }
    if (status != Z_OK && status != Z_BUF_ERROR) return MD_INFLATE_BROKEN;
    return stream->avail_out == 0 ? MD_INFLATE_NEEDS_ROOM : MD_INFLATE_NEEDS_INPUT;
}
