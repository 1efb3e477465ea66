// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What of a request HTX wants signed, and where the signature goes (venue sheet 7).
///
/// Four lines without a newline at the end: method, host in small letters, path, and the canonical query: parameters
/// percent-encoded and sorted by the bytes of their names. The body of a POST is not signed. The Base64 signature is
/// appended as `Signature`, percent-encoded in a URL and plain in a socket's JSON.
enum HTXSigningRecipe {
    /// The parameter that carries the signature.
    static let signatureParameter = "Signature"

    /// How the text is signed.
    enum Method: String {
        /// HMAC-SHA256, Base64.
        case hmac = "HmacSHA256"
        /// Ed25519, Base64.
        case ed25519 = "Ed25519"
    }

    /// The text to sign.
    static func payload(
        method: String,
        host: String,
        path: String,
        parameters: [(name: String, value: String)]
    ) -> String {
        "\(method.uppercased())\n\(host.lowercased())\n\(path)\n\(canonicalQuery(parameters))"
    }

    /// The parameters that every call and the contracts' sockets add to their own.
    ///
    /// `timestamp` is UTC to the second without a zone: `2019-11-21T10:00:00`.
    static func parameters(
        key: String,
        method: Method,
        timestamp: String
    ) -> [(name: String, value: String)] {
        [
            ("AccessKeyId", key), ("SignatureMethod", method.rawValue), ("SignatureVersion", "2"),
            ("Timestamp", timestamp),
        ]
    }

    /// The parameters of the spot socket `/ws/v2`, in its own spelling; `authType` is not signed.
    static func spotSocketParameters(
        key: String,
        method: Method,
        timestamp: String
    ) -> [(name: String, value: String)] {
        [
            ("accessKey", key), ("signatureMethod", method.rawValue), ("signatureVersion", "2.1"),
            ("timestamp", timestamp),
        ]
    }

    /// `name=value` joined by `&`, both percent-encoded, capitals before small letters.
    static func canonicalQuery(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map { (encoded($0.name), encoded($0.value)) }
            .sorted { Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// Percent-encoding with capital digits; only letters, digits and `-._~` stay.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return result
    }
}
