// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A JSON Web Token for one call (RFC 7519), signed with EdDSA or ES256.
public struct WebToken: Sendable {
    /// The name of the key: `kid` and `sub`.
    public let keyName: String
    /// Who issues it.
    public let issuer: String
    /// The one call that it is for, as in `GET api.example.com/path`; nil for a socket.
    public let uri: String?
    /// When it begins to be valid.
    public let begins: SigningTime
    /// How long it is valid.
    ///
    /// - Unit: seconds.
    public let lifetime: Int64
    /// A text that no other token has.
    public let nonce: String

    /// Describes a token.
    public init(
        keyName: String,
        issuer: String,
        uri: String? = nil,
        begins: SigningTime,
        lifetime: Int64 = 120,
        nonce: String
    ) {
        self.keyName = keyName
        self.issuer = issuer
        self.uri = uri
        self.begins = begins
        self.lifetime = lifetime
        self.nonce = nonce
    }

    /// The token's text; ES256 gives another one each time.
    ///
    /// - Throws: ``SigningError`` when the key is of RSA or the library refuses.
    public func signed(with key: PrivateKey) throws(SigningError) -> String {
        guard key.algorithm != .rsa else { throw SigningError("a token with an RSA key") }
        let input = signingInput(key.algorithm)
        return "\(input).\(Base64.encodeForURL(try key.signature(of: input)))"
    }

    /// Header and payload, of which the signature is made.
    func signingInput(_ algorithm: PrivateKey.Algorithm) -> String {
        let name = Self.quoted(keyName)
        let header = """
            {"alg":"\(algorithm == .ed25519 ? "EdDSA" : "ES256")","kid":\(name),"nonce":\(Self.quoted(nonce)),"typ":"JWT"}
            """
        let (end, overflow) = begins.seconds.addingReportingOverflow(lifetime)
        let target = uri.map { #","uri":\#(Self.quoted($0))"# } ?? ""
        let payload = """
            {"sub":\(name),"iss":\(Self.quoted(issuer)),"nbf":\(begins.seconds),\
            "exp":\(overflow ? begins.seconds : end)\(target)}
            """
        return "\(Base64.encodeForURL(header.utf8)).\(Base64.encodeForURL(payload.utf8))"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..."\u{1F}": result += "\\u00" + Hex.encode([UInt8(truncatingIfNeeded: scalar.value)])
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
