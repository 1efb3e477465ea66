// Part of MarketBus. Apache License 2.0, see LICENSE.

import COpenSSL
import Secrets

/// A fresh key of libcrypto, so that no private key stands in the repository.
final class MadeKey {
    struct Refused: Error {}

    private let handle: OpaquePointer

    init(_ algorithm: String, bits: Int32 = 0, curve: String = "") throws {
        let context = EVP_PKEY_CTX_new_from_name(nil, algorithm, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var handle: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            bits == 0 || EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1,
            curve.isEmpty || EVP_PKEY_CTX_set_group_name(context, curve) == 1,
            EVP_PKEY_generate(context, &handle) == 1, let handle
        else { throw Refused() }
        self.handle = handle
    }

    deinit {
        EVP_PKEY_free(handle)
    }

    /// PKCS#8, protected where a password is given.
    func pem(password: String? = nil) throws -> String {
        try written { bio in
            guard let password else {
                return PEM_write_bio_PKCS8PrivateKey(bio, handle, nil, nil, 0, nil, nil)
            }
            return PEM_write_bio_PKCS8PrivateKey(
                bio,
                handle,
                EVP_aes_256_cbc(),
                password,
                Int32(password.utf8.count),
                nil,
                nil
            )
        }
    }

    /// SEC1 or PKCS#1, protected where a password is given.
    func traditionalPEM(password: String? = nil) throws -> String {
        try written { bio in
            guard let password else {
                return PEM_write_bio_PrivateKey_traditional(bio, handle, nil, nil, 0, nil, nil)
            }
            var bytes = Array(password.utf8)
            return PEM_write_bio_PrivateKey_traditional(
                bio,
                handle,
                EVP_aes_128_cbc(),
                &bytes,
                Int32(bytes.count),
                nil,
                nil
            )
        }
    }

    /// SubjectPublicKeyInfo.
    func publicPEM() throws -> String {
        try written { PEM_write_bio_PUBKEY($0, handle) }
    }

    private func written(_ write: (OpaquePointer?) -> Int32) throws -> String {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { throw Refused() }
        var text = [UInt8](repeating: 0, count: 16_384)
        let count = BIO_read(bio, &text, Int32(text.count))
        guard count > 0 else { throw Refused() }
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }
}

extension String {
    var secret: Secret { Secret(utf8) }
    /// What stands between the PEM lines.
    var pemBody: String { split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined() }
}
