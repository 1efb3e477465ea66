// Part of MarketBus. Apache License 2.0, see LICENSE.

import COpenSSL
import Signing

/// The other half of a key pair, as a venue holds it: checks signatures with libcrypto itself.
final class PublicKey {
    struct Unreadable: Error {}

    private let handle: OpaquePointer

    /// Reads a SubjectPublicKeyInfo.
    init(base64DER text: String) throws {
        guard let der = Base64.decode(text.utf8) else { throw Unreadable() }
        let handle = der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_PUBKEY(nil, &start, der.count)
        }
        guard let handle else { throw Unreadable() }
        self.handle = handle
    }

    deinit {
        EVP_PKEY_free(handle)
    }

    /// Whether a signature is of the text; `signature` is as libcrypto has it, ECDSA in DER.
    func verifies(_ signature: [UInt8], of text: String) -> Bool {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        let isEd = EVP_PKEY_get_base_id(handle) == NID_ED25519
        guard EVP_DigestVerifyInit(context, nil, isEd ? nil : EVP_sha256(), nil, handle) == 1 else {
            return false
        }
        let message = Array(text.utf8)
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// Two numbers of 32 bytes as the DER of a sequence of two integers.
    static func der(ofPair signature: [UInt8]) -> [UInt8] {
        let numbers = [signature[..<32], signature[32...]].map { half -> [UInt8] in
            var number = Array(half.drop { $0 == 0 })
            if number.first.map({ $0 >= 0x80 }) ?? true { number.insert(0, at: 0) }
            return [2, UInt8(number.count)] + number
        }
        return [0x30, UInt8(numbers[0].count + numbers[1].count)] + numbers[0] + numbers[1]
    }
}
