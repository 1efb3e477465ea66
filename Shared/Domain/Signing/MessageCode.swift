// Part of MarketBus. Apache License 2.0, see LICENSE.

import COpenSSL
import Secrets

/// HMAC with SHA-256.
public enum MessageCode {
    /// The 32 bytes that prove that the holder of `secret` wrote `text`.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func hmacSHA256(_ text: String, with secret: Secret) throws(SigningError) -> [UInt8] {
        var text = text
        var code = [UInt8](repeating: 0, count: 32)
        let isDone = text.withUTF8 { message in
            secret.withBytes { key in
                md_hmac_sha256(
                    key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    key.count,
                    message.baseAddress,
                    message.count,
                    &code
                ) == 1
            }
        }
        guard isDone else { throw SigningError("HMAC-SHA256") }
        return code
    }
}

/// Comparing what an attacker may guess byte by byte.
public enum ConstantTime {
    /// Whether both are the same; the time depends on their lengths only.
    public static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
                guard let first = a.baseAddress, let second = b.baseAddress else { return true }
                return md_same_bytes(first, second, a.count) == 1
            }
        }
    }

    /// Whether both are the same; the time depends on their lengths only.
    public static func equal(_ a: String, _ b: String) -> Bool {
        equal(Array(a.utf8), Array(b.utf8))
    }
}
