// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets

/// Base64 and its URL form (RFC 4648).
public enum Base64 {
    private static let standard = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )
    private static let urlSafe = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    /// The standard alphabet, with padding.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        encode(bytes, standard, isPadded: true)
    }

    /// The alphabet for URLs and tokens, without padding.
    public static func encodeForURL(_ bytes: some Collection<UInt8>) -> String {
        encode(bytes, urlSafe, isPadded: false)
    }

    /// The bytes of a text in the standard alphabet with its padding, or nil.
    ///
    /// Strict: nothing may stand between, and unused bits must be zero, so that a text has one meaning.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var held = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(of: character) else { return fail(&bytes) }
            bits = bits << 6 | value
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
                bits &= (1 << UInt32(held)) - 1
            }
        }
        guard bits == 0, padding == [0: 0, 4: 2, 2: 1][held] else { return fail(&bytes) }
        return bytes
    }

    /// The secret that a secret is the base64 of, or nil; no copy is left behind.
    public static func decode(_ secret: Secret) -> Secret? {
        secret.withBytes { text in
            guard var bytes = decode(text) else { return nil }
            defer { Secret.wipe(&bytes) }
            return Secret(bytes)
        }
    }

    private static func fail(_ bytes: inout [UInt8]) -> [UInt8]? {
        Secret.wipe(&bytes)
        return nil
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static func encode(
        _ bytes: some Collection<UInt8>,
        _ alphabet: [UInt8],
        isPadded: Bool
    ) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                text.append(alphabet[Int(bits >> UInt32(held)) & 63])
                bits &= (1 << UInt32(held)) - 1
            }
        }
        if held > 0 { text.append(alphabet[Int(bits << UInt32(6 - held)) & 63]) }
        while isPadded, text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }
}
