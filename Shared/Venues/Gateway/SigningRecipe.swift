// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets

/// How the gateway knows its client: nothing is signed, a token is shown in the first message (protocol, "CONNECT").
enum GatewaySigningRecipe {
    /// The token as the value of a JSON member; `""` where there is none, which the gateway refuses.
    ///
    /// The text is for the socket alone.
    static func quoted(_ token: Secret?) -> String {
        guard let token else { return "\"\"" }
        return token.withBytes { bytes in
            var text = "\""
            for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
                switch scalar {
                case "\"", "\\":
                    text.unicodeScalars.append("\\")
                    text.unicodeScalars.append(scalar)
                case "\u{0}"..."\u{1F}":
                    let digits = String(scalar.value, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default:
                    text.unicodeScalars.append(scalar)
                }
            }
            return text + "\""
        }
    }
}
