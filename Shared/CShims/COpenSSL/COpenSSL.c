// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "COpenSSL.h"

int md_sha1(const uint8_t *bytes, size_t count, uint8_t *digest) {
    unsigned int size = 0;
    return EVP_Digest(bytes, count, digest, &size, EVP_sha1(), NULL) == 1 && size == 20;
}

SSL_CTX *md_tls_server_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) { return NULL; }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

int md_tls_use_files(SSL_CTX *context, const char *certificate, const char *key) {
    return SSL_CTX_use_certificate_chain_file(context, certificate) == 1
        && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
        && SSL_CTX_check_private_key(context) == 1;
}

const char *md_tls_error_text(char *buffer, size_t size) {
    ERR_error_string_n(ERR_get_error(), buffer, size);
    return buffer;
}
