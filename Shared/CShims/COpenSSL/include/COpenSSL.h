// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_COPENSSL_H
#define MARKETBUS_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

/// SHA-1 of `count` bytes into 20 bytes: 1 on success.
int md_sha1(const uint8_t *_Nonnull bytes, size_t count, uint8_t *_Nonnull digest);
/// A server context of at least TLS 1.2 whose writes may be partial and may move; NULL on failure.
SSL_CTX *_Nullable md_tls_server_context(void);
/// The certificate chain and key of a context from PEM files: 1 on success.
int md_tls_use_files(SSL_CTX *_Nonnull context, const char *_Nonnull certificate, const char *_Nonnull key);
/// The oldest error of the calling thread as text, written into `buffer`; returns `buffer`.
const char *_Nonnull md_tls_error_text(char *_Nonnull buffer, size_t size);

#endif
