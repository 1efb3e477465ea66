// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets

/// What signs a call: a secret that the venue shares, or a private key of which it knows the public half.
public enum SigningKey: Sendable {
    /// HMAC-SHA256 with the secret's bytes.
    case shared(Secret)
    /// A signature by the key's own algorithm.
    case pair(PrivateKey)

    /// Reads a secret as it stands in a file: PEM text is a private key; all else is a shared secret.
    ///
    /// With `takesRawEd25519`, base64 of 64 bytes is an Ed25519 key; for venues whose shared secrets never have that
    /// form.
    ///
    /// - Throws: ``KeyError``, which names the mend.
    public init(reading secret: Secret, takesRawEd25519: Bool = false) throws(KeyError) {
        guard secret.count > 0 else { throw .empty }
        let isPEM = secret.withBytes { PEMLabels.contains(Array($0.prefix(16)), "-----BEGIN ") }
        if isPEM {
            self = .pair(try PrivateKey(pem: secret))
        } else if takesRawEd25519, Base64.decode(secret)?.count == 64 {
            self = .pair(try PrivateKey(ed25519: secret))
        } else {
            self = .shared(secret)
        }
    }

    /// The code or signature of the text.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public func sign(_ text: String) throws(SigningError) -> [UInt8] {
        switch self {
        case .shared(let secret): try MessageCode.hmacSHA256(text, with: secret)
        case .pair(let key): try key.signature(of: text)
        }
    }
}

/// What a venue gave its customer.
public struct Credentials: Sendable, CustomReflectable {
    /// The name of the key, which the venue is told.
    public let key: String
    /// What signs.
    public let signer: SigningKey
    /// The word that some venues ask for besides.
    public let passphrase: Secret?

    /// Puts the parts together.
    public init(key: String, signer: SigningKey, passphrase: Secret? = nil) {
        self.key = key
        self.signer = signer
        self.passphrase = passphrase
    }

    /// Nothing: debuggers and dumps see no content.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The passphrase as a header's text; empty where there is none.
    public var passphraseText: String {
        passphrase?.withBytes { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// A call that carries its signature.
public struct SignedCall: Sendable, CustomReflectable {
    /// The method, upper case.
    public let method: String
    /// The path with its query, exactly as signed.
    public let path: String
    /// The headers that prove who asks.
    public let headers: [(name: String, value: String)]
    /// What is sent behind the headers, exactly as signed; empty for nothing.
    public let body: String

    /// Puts the parts together.
    public init(
        method: String = "GET",
        path: String,
        headers: [(name: String, value: String)] = [],
        body: String = ""
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// Nothing: debuggers and dumps see no signature.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
