// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A request as four lines, of which some venues take the signature: method, host, path, sorted parameters.
public struct CanonicalRequest: Sendable, Equatable {
    /// The method, upper case.
    public let method: String
    /// The host as it stands in the request's `Host` header, lower case.
    public let host: String
    /// The path without its query.
    public let path: String
    /// All parameters but the signature, in the order in which they are signed.
    public let parameters: QueryParameters

    /// Brings a request into its one form.
    public init(method: String = "GET", host: String, path: String, parameters: QueryParameters) {
        self.method = method.uppercased()
        self.host = host.lowercased()
        self.path = path
        self.parameters = parameters.sorted
    }

    /// What is signed.
    public var text: String { "\(method)\n\(host)\n\(path)\n\(parameters.encoded)" }

    /// The path with the parameters and the base64 signature behind them.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public func signedPath(by signer: SigningKey, name: String = "Signature") throws(SigningError) -> String {
        let signature = PercentEncoding.encode(Base64.encode(try signer.sign(text)))
        return "\(path)?\(parameters.encoded)&\(name)=\(signature)"
    }
}
