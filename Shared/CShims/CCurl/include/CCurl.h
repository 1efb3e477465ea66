// Part of MarketBus. Apache License 2.0, see LICENSE.
//
// libcurl as Swift can call it: its variadic setters with their types fixed. It decides nothing.

#ifndef MARKETBUS_CCURL_H
#define MARKETBUS_CCURL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef size_t (*md_curl_sink)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context);

typedef struct {
    const char *url;
    const char *method;
    bool has_body;
    const uint8_t *_Nullable body;  ///< copied
    int64_t body_length;
    struct curl_slist *_Nullable headers;  ///< must live as long as the transfer
    long connect_timeout_ms;
    long total_timeout_ms;
    int64_t maximum_declared_bytes;
    const char *_Nullable ca_file;  ///< NULL: the system's certificate authorities
    char *error_text;               ///< CURL_ERROR_SIZE bytes, as long as the transfer
    void *context;
    md_curl_sink on_body;
    md_curl_sink on_header;
} md_curl_request;

CURLcode md_curl_prepare(CURL *easy, const md_curl_request *request);
long md_curl_status(CURL *easy);
long md_curl_retry_after(CURL *easy);
void *_Nullable md_curl_context(CURL *easy);
void md_curl_limit_connections(CURLM *multi, long total, long per_host);
/// The next finished transfer, or NULL.
CURL *_Nullable md_curl_next_finished(CURLM *multi, CURLcode *result);
CURLMcode md_curl_wait(CURLM *multi, int timeout_ms);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
