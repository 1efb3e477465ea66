// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// What of a request HTX wants signed, and where the signature goes (venue sheet 7).
///
/// Four lines: method, host, path, and the parameters by the bytes of their names. The host is the one that is called.
/// The body of a POST is not signed.
public enum HTXSigningRecipe {
    /// A private REST call: key, method, version and time join the query, the signature comes last.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func call(
        _ path: String,
        host: String,
        method: String = "GET",
        _ parameters: QueryParameters = [:],
        body: String = "",
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> SignedCall {
        var all = parameters
        for (name, value) in common(time: time, credentials: credentials).pairs { all.append(name, value) }
        let request = CanonicalRequest(method: method, host: host, path: path, parameters: all)
        let signed = try request.signedPath(by: credentials.signer)
        return SignedCall(
            method: method,
            path: signed,
            headers: [("Content-Type", "application/json")],
            body: body
        )
    }

    /// The fields of the login on the contracts' sockets, with the signature as it is.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func contractLogin(
        host: String,
        path: String,
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> QueryParameters {
        let parameters = common(time: time, credentials: credentials)
        return try signed(parameters, "Signature", host: host, path: path, credentials)
    }

    /// The fields of the login on spot's private socket, in its own spelling; `authType` is not signed.
    ///
    /// - Throws: ``SigningError`` when the library refuses, which it has no reason to.
    public static func spotLogin(
        host: String,
        path: String = "/ws/v2",
        time: SigningTime,
        credentials: Credentials
    ) throws(SigningError) -> QueryParameters {
        let parameters: QueryParameters = [
            "accessKey": credentials.key,
            "signatureMethod": method(credentials),
            "signatureVersion": "2.1",
            "timestamp": time.isoSeconds,
        ]
        return try signed(parameters, "signature", host: host, path: path, credentials)
    }

    /// The parameters that every signed request has, UTC to the second without a zone among them.
    static func common(time: SigningTime, credentials: Credentials) -> QueryParameters {
        [
            "AccessKeyId": credentials.key,
            "SignatureMethod": method(credentials),
            "SignatureVersion": "2",
            "Timestamp": time.isoSeconds,
        ]
    }

    private static func method(_ credentials: Credentials) -> String {
        switch credentials.signer {
        case .shared: "HmacSHA256"
        case .pair: "Ed25519"
        }
    }

    private static func signed(
        _ parameters: QueryParameters,
        _ name: String,
        host: String,
        path: String,
        _ credentials: Credentials
    ) throws(SigningError) -> QueryParameters {
        let request = CanonicalRequest(host: host, path: path, parameters: parameters)
        var all = parameters
        all.append(name, Base64.encode(try credentials.signer.sign(request.text)))
        return all
    }
}
