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

/// HMAC-SHA256 of `count` bytes into 32 bytes: 1 on success.
int md_hmac_sha256(const uint8_t *_Nullable key, size_t key_count, const uint8_t *_Nullable bytes, size_t count,
                   uint8_t *_Nonnull mac);
/// 1 when both ranges hold the same bytes, in a time that depends on `count` alone.
int md_same_bytes(const void *_Nonnull a, const void *_Nonnull b, size_t count);

/// A private key that signs.
typedef struct md_private_key md_private_key;

/// What a private key is of.
enum { MD_KEY_OTHER, MD_KEY_RSA, MD_KEY_ED25519, MD_KEY_EC };

/// The first private key in PEM text, or NULL; never asks for a password.
md_private_key *_Nullable md_key_from_pem(const uint8_t *_Nonnull bytes, size_t count);
/// The Ed25519 key of a seed of 32 bytes, or NULL.
md_private_key *_Nullable md_key_from_ed25519_seed(const uint8_t *_Nonnull seed);
void md_key_free(md_private_key *_Nonnull key);
/// One of the kinds above.
int md_key_kind(const md_private_key *_Nonnull key);
/// The size in bits.
int md_key_bits(const md_private_key *_Nonnull key);
/// The name of a key's algorithm, or of its curve where it has one, in lower case; returns `buffer`.
const char *_Nonnull md_key_name(const md_private_key *_Nonnull key, char *_Nonnull buffer, size_t size);
/// 1 when the parts of the key belong together.
int md_key_is_sound(const md_private_key *_Nonnull key);
/// The public half of an Ed25519 key into 32 bytes: 1 on success.
int md_key_ed25519_public(const md_private_key *_Nonnull key, uint8_t *_Nonnull bytes);
/// Signs with PKCS1v15 and SHA-256, Ed25519, or ECDSA and SHA-256 as two numbers of 32 bytes: how many bytes were
/// written, or 0.
size_t md_key_sign(const md_private_key *_Nonnull key, const uint8_t *_Nullable bytes, size_t count,
                   uint8_t *_Nonnull signature, size_t room);

#endif
