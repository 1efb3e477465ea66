// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "COpenSSL.h"

#include <ctype.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static EVP_PKEY *of(const md_private_key *key) { return (EVP_PKEY *)key; }

int md_hmac_sha256(const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count, uint8_t *mac) {
    unsigned int size = 0;
    if (key_count > INT_MAX) { return 0; }
    return HMAC(EVP_sha256(), key_count == 0 ? (const uint8_t *)"" : key, (int)key_count, bytes, count, mac, &size) != NULL && size == 32;
}

int md_same_bytes(const void *a, const void *b, size_t count) { return CRYPTO_memcmp(a, b, count) == 0; }

/// Without it the library asks on the terminal.
static int no_password(char *buffer, int size, int is_writing, void *context) {
    (void)buffer, (void)size, (void)is_writing, (void)context;
    return -1;
}

md_private_key *md_key_from_pem(const uint8_t *bytes, size_t count) {
    if (count > INT_MAX) { return NULL; }
    BIO *source = BIO_new_mem_buf(bytes, (int)count);
    if (source == NULL) { return NULL; }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(source, NULL, no_password, NULL);
    BIO_free(source);
    ERR_clear_error();
    return (md_private_key *)key;
}

md_private_key *md_key_from_ed25519_seed(const uint8_t *seed) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    ERR_clear_error();
    return (md_private_key *)key;
}

void md_key_free(md_private_key *key) { EVP_PKEY_free(of(key)); }

int md_key_kind(const md_private_key *key) {
    switch (EVP_PKEY_get_base_id(of(key))) {
        case EVP_PKEY_RSA: return MD_KEY_RSA;
        case EVP_PKEY_ED25519: return MD_KEY_ED25519;
        case EVP_PKEY_EC: return MD_KEY_EC;
        default: return MD_KEY_OTHER;
    }
}

int md_key_bits(const md_private_key *key) { return EVP_PKEY_get_bits(of(key)); }

const char *md_key_name(const md_private_key *key, char *buffer, size_t size) {
    size_t length = 0;
    if (EVP_PKEY_get_utf8_string_param(of(key), OSSL_PKEY_PARAM_GROUP_NAME, buffer, size, &length) != 1) {
        const char *name = EVP_PKEY_get0_type_name(of(key));
        snprintf(buffer, size, "%s", name == NULL ? "unknown" : name);
    }
    ERR_clear_error();
    for (char *c = buffer; *c != 0; c++) { *c = (char)tolower((unsigned char)*c); }
    return buffer;
}

int md_key_is_sound(const md_private_key *key) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(of(key), NULL);
    if (context == NULL) { return 0; }
    int result = EVP_PKEY_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return result;
}

int md_key_ed25519_public(const md_private_key *key, uint8_t *bytes) {
    size_t size = 32;
    return EVP_PKEY_get_raw_public_key(of(key), bytes, &size) == 1 && size == 32;
}

/// ECDSA's DER as two numbers of 32 bytes: 64, or 0.
static size_t flatten(const uint8_t *der, size_t count, uint8_t *signature) {
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)count);
    if (pair == NULL) { return 0; }
    int done = BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) == 32
        && BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) == 32;
    ECDSA_SIG_free(pair);
    return done ? 64 : 0;
}

size_t md_key_sign(const md_private_key *key, const uint8_t *bytes, size_t count, uint8_t *signature, size_t room) {
    int kind = md_key_kind(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) { return 0; }
    const EVP_MD *digest = kind == MD_KEY_ED25519 ? NULL : EVP_sha256();
    uint8_t der[256];
    int is_ec = kind == MD_KEY_EC;
    size_t size = is_ec ? sizeof der : room;
    int done = EVP_DigestSignInit(context, NULL, digest, NULL, of(key)) == 1
        && EVP_DigestSign(context, is_ec ? der : signature, &size, bytes, count) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (!done) { return 0; }
    if (!is_ec) { return size; }
    return room >= 64 ? flatten(der, size, signature) : 0;
}
