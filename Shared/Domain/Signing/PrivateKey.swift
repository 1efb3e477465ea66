// Part of MarketBus. Apache License 2.0, see LICENSE.

import COpenSSL
import Secrets

/// A private key that signs: RSA, Ed25519, or ECDSA on P-256.
///
/// The owner of libcrypto's keys, which overwrites what it held when the key goes.
///
/// - Thread: any, also several at once.
public final class PrivateKey: @unchecked Sendable, CustomReflectable {
    // Safety: the key is made in the initialiser and never changed; libcrypto lets several threads sign with one key,
    // each with a context of its own, as the shim has it.
    private let handle: OpaquePointer

    /// How the key signs.
    public enum Algorithm: Hashable, Sendable {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rsa
        /// Ed25519: 64 bytes, always the same for the same message.
        case ed25519
        /// ECDSA on P-256 with SHA-256, as two numbers of 32 bytes; another one each time.
        case es256
    }

    /// How the key signs.
    public let algorithm: Algorithm
    private static let shortestRSA = 2048

    /// Reads PEM text: PKCS#8, SEC1 or PKCS#1.
    ///
    /// A line end may be written as `\n`, as the JSON files that venues hand out have it.
    ///
    /// - Throws: ``KeyError``, which names the mend.
    public convenience init(pem: Secret) throws(KeyError) {
        var text = Self.withLineEnds(pem)
        defer { Secret.wipe(&text) }
        if let problem = Self.problem(inPEM: text) { throw problem }
        guard let handle = md_key_from_pem(text, text.count) else { throw .damagedPEM }
        try self.init(owning: handle)
    }

    /// Reads an Ed25519 key as base64 of its 32 bytes, or of these and the public half.
    ///
    /// - Throws: ``KeyError``, which names the mend.
    public convenience init(ed25519 base64: Secret) throws(KeyError) {
        guard base64.count > 0 else { throw .empty }
        guard let bytes = Base64.decode(base64) else { throw .badBase64 }
        guard bytes.count == 32 || bytes.count == 64 else { throw .wrongLength(bytes: bytes.count) }
        let handle = bytes.withBytes { bytes in
            bytes.baseAddress.flatMap { md_key_from_ed25519_seed($0.assumingMemoryBound(to: UInt8.self)) }
        }
        guard let handle else { throw .inconsistent }
        var half = [UInt8](repeating: 0, count: 32)
        let isSame = bytes.withBytes { bytes in
            bytes.count == 32
                || (md_key_ed25519_public(handle, &half) == 1 && bytes[32...].elementsEqual(half))
        }
        guard isSame else {
            md_key_free(handle)
            throw .inconsistent
        }
        try self.init(owning: handle)
    }

    private init(owning handle: OpaquePointer) throws(KeyError) {
        self.handle = handle
        let name = Self.name(of: handle)
        switch Int(md_key_kind(handle)) {
        case MD_KEY_RSA: algorithm = .rsa
        case MD_KEY_ED25519: algorithm = .ed25519
        case MD_KEY_EC:
            algorithm = .es256
            guard name == "prime256v1" else { throw .wrongCurve(name: name) }
        default:
            algorithm = .rsa
            throw .wrongAlgorithm(name: name)
        }
        let bits = Int(md_key_bits(handle))
        guard algorithm != .rsa || bits >= Self.shortestRSA else { throw .shortRSA(bits: bits) }
        guard md_key_is_sound(handle) == 1 else { throw .inconsistent }
    }

    /// Nothing: debuggers and dumps see no content.
    public var customMirror: Mirror { Mirror(self, children: []) }

    deinit {
        md_key_free(handle)
    }

    /// The signature of the text's UTF-8 bytes.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public func signature(of text: String) throws(SigningError) -> [UInt8] {
        var text = text
        let longest = 2048
        let signature = text.withUTF8 { message in
            [UInt8](unsafeUninitializedCapacity: longest) { buffer, count in
                guard let base = buffer.baseAddress else { return }
                count = md_key_sign(handle, message.baseAddress, message.count, base, longest)
            }
        }
        guard !signature.isEmpty else { throw SigningError("a signature") }
        return signature
    }

    private static func name(of handle: OpaquePointer) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            base.initialize(repeating: 0, count: 64)
            return String(cString: md_key_name(handle, base, 64))
        }
    }

    private static func withLineEnds(_ pem: Secret) -> [UInt8] {
        pem.withBytes { source in
            var text: [UInt8] = []
            text.reserveCapacity(source.count)
            var at = 0
            while at < source.count {
                let isMark = source[at] == UInt8(ascii: "\\") && at + 1 < source.count
                if isMark, source[at + 1] == UInt8(ascii: "n") {
                    text.append(UInt8(ascii: "\n"))
                    at += 2
                } else {
                    text.append(source[at])
                    at += 1
                }
            }
            return text
        }
    }

    /// What the labels of the PEM blocks tell without the library.
    private static func problem(inPEM text: [UInt8]) -> KeyError? {
        guard !text.isEmpty else { return .empty }
        let labels = PEMLabels.find(in: text)
        guard let first = labels.first else { return .damagedPEM }
        if labels.contains("ENCRYPTED PRIVATE KEY") { return .encryptedPEM }
        if PEMLabels.contains(text, "Proc-Type: 4,ENCRYPTED") { return .encryptedPEM }
        return labels.contains { $0.hasSuffix("PRIVATE KEY") } ? nil : .notPrivate(label: first)
    }
}

/// What stands behind `-----BEGIN`.
enum PEMLabels {
    private static let start = "-----BEGIN "
    private static let longest = 64

    static func find(in text: [UInt8]) -> [String] {
        let mark = Array(start.utf8)
        return text.indices.filter { text[$0...].starts(with: mark) }.compactMap { at in
            let rest = text[(at + mark.count)...].prefix(longest)
            guard let end = rest.firstIndex(of: UInt8(ascii: "-")) else { return nil }
            let label = rest[..<end]
            // A label is shown to people.
            let isPlain = label.allSatisfy { $0 == UInt8(ascii: " ") || (0x30...0x5A).contains($0) }
            return isPlain ? String(decoding: label, as: UTF8.self) : nil
        }
    }

    static func contains(_ text: [UInt8], _ words: String) -> Bool {
        let words = Array(words.utf8)
        return text.indices.contains { text[$0...].starts(with: words) }
    }
}
