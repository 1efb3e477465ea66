// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The cryptography library refused work that should succeed: out of memory, or a policy of the machine.
public struct SigningError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked of it.
    public let operation: String

    /// Names the work.
    public init(_ operation: String) {
        self.operation = operation
    }

    /// One sentence for people.
    public var description: String { "libcrypto refused \(operation)" }
}

/// Why a key can't be used; never holds a part of it.
public enum KeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is nothing.
    case empty
    /// It begins as PEM does, but can't be read.
    case damagedPEM
    /// The PEM file is protected by a password.
    case encryptedPEM
    /// The PEM file holds something else: `PUBLIC KEY`, `CERTIFICATE`.
    case notPrivate(label: String)
    /// An elliptic curve that no venue signs with.
    case wrongCurve(name: String)
    /// An RSA key too short to be safe.
    case shortRSA(bits: Int)
    /// An algorithm that no venue signs with.
    case wrongAlgorithm(name: String)
    /// The parts of the key don't belong together.
    case inconsistent
    /// Not base64.
    case badBase64
    /// Base64 of an odd number of bytes for what was expected.
    case wrongLength(bytes: Int)

    /// What is wrong.
    public var what: String {
        switch self {
        case .empty: "the key is empty"
        case .damagedPEM: "the PEM text is damaged"
        case .encryptedPEM: "the PEM file is protected by a password"
        case .notPrivate(let label): "the PEM file holds a \(label), not a private key"
        case .wrongCurve(let name): "the key is on the curve \(name)"
        case .shortRSA(let bits): "the RSA key has \(bits) bits"
        case .wrongAlgorithm(let name): "keys of \(name) can't sign here"
        case .inconsistent: "the parts of the key don't belong together"
        case .badBase64: "the key is not base64"
        case .wrongLength(let bytes): "the key has \(bytes) bytes"
        }
    }

    /// How to mend it.
    public var mend: String {
        switch self {
        case .empty: "copy the key again"
        case .damagedPEM, .inconsistent:
            "copy the whole file again, from BEGIN to END, with its line ends (or \\n in their place)"
        case .encryptedPEM:
            "remove the password: openssl pkey -in key.pem -out plain.pem, then chmod 600 plain.pem"
        case .notPrivate: "name the file that holds BEGIN PRIVATE KEY or BEGIN EC PRIVATE KEY"
        case .wrongCurve: "make a key on P-256 (prime256v1), or an Ed25519 key"
        case .shortRSA: "make one of at least 2048 bits, or better an Ed25519 key"
        case .wrongAlgorithm: "make an Ed25519 key, or RSA or ECDSA P-256 where the venue takes it"
        case .badBase64: "copy the key again, without quotes and spaces"
        case .wrongLength: "copy the key again; an Ed25519 key has 32 or 64 bytes, base64"
        }
    }

    /// What is wrong, and how to mend it.
    public var description: String { "\(what); \(mend)" }
}
