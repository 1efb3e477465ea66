// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// Asks HTX what a key may do: `GET /v2/user/uid`, then `GET /v2/user/api-key` of that user.
public struct HTXKeyInspection: KeyInspection {
    private let credentials: Credentials

    /// Asks about this key.
    public init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// The name that the endpoint has in the configuration.
    public var endpoint: String { "spot_rest" }
    /// Where HTX is asked.
    public var standardURL: String { "https://api.huobi.pro" }

    /// The next of two calls, or what the second's answer says.
    public func step(
        after answers: [KeyAnswer],
        host: String,
        time: SigningTime,
        nonce: String
    ) throws(KeyTrouble) -> KeyStep {
        guard let last = answers.last else { return try call("/v2/user/uid", [:], host, time) }
        guard last.status == 200, last.fields?["code"] == "200" else { throw Self.trouble(last) }
        if answers.count == 1 {
            guard let user = last.fields?["data"], Int64(user) != nil else { throw .unreadable }
            return try call("/v2/user/api-key", ["accessKey": credentials.key, "uid": user], host, time)
        }
        let rows = last.rows("data") ?? []
        let row = rows.first { $0["accessKey"] == credentials.key } ?? (rows.count == 1 ? rows.first : nil)
        guard let row, let words = row["permission"] else { throw .unreadable }
        return .done(KeyPowers(granted: words, reading: "readOnly", addresses: row["ipAddresses"]))
    }

    private func call(
        _ path: String,
        _ parameters: QueryParameters,
        _ host: String,
        _ time: SigningTime
    ) throws(KeyTrouble) -> KeyStep {
        do throws(SigningError) {
            return .call(
                try HTXSigningRecipe.call(path, host: host, parameters, time: time, credentials: credentials)
            )
        } catch {
            throw .unsigned(error)
        }
    }

    /// Two forms of errors: `err-code` with `err-msg`, and `code` with `message`.
    private static func trouble(_ answer: KeyAnswer) -> KeyTrouble {
        let fields = answer.fields ?? [:]
        let text = fields["err-msg"] ?? fields["message"] ?? ""
        guard let code = fields["err-code"] ?? fields["code"] else {
            return KeyTrouble(status: answer.status)
        }
        let lower = text.lowercased()
        if lower.contains("submission time") { return .clock }
        if lower.contains("access key") { return .unknownKey }
        if code == "api-signature-not-valid" || code == "api-signature-check-failed" {
            return .wrongSignature
        }
        return .refused("\(code) \(text)")
    }
}
