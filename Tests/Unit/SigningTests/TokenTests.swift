// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets
import Testing

@testable import Signing

/// C5 to C7: the keys that the venue publishes for tests.
@Suite struct TokenTests {
    private static let name = "organizations/test-organization/apiKeys/test-api-key"
    private static let edKey =
        "k0BUni0p0vZG1BdpVjS6ogBJ7kxm630AJ2dN+tuputDOKsRAwgyrpEQLeBtS1znTmzPX6Xr2eOWpzx6nW8knkA=="
    private static let ecBody =
        "MHcCAQEEIKwf3Uox30cRWzRBOPoPOH5p0Gpb0Dt8zUKXUEM5fMkGoAoGCCqGSM49AwEHoUQDQgAEbAtpLlSZYVOwYICz+uEyxcS29vRI"
        + "ujiES/gQ1DC7FV4zK4JuYE9vqDyGZQYjdXHLM7I6f/QnnOITL+dXYWBHRA=="
    private static let ecPublic =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbAtpLlSZYVOwYICz+uEyxcS29vRIujiES/gQ1DC7FV4zK4JuYE9vqDyGZQYjdXHLM7I6"
        + "f/QnnOITL+dXYWBHRA=="
    private static let kidPart =
        "ImtpZCI6Im9yZ2FuaXphdGlvbnMvdGVzdC1vcmdhbml6YXRpb24vYXBpS2V5cy90ZXN0LWFwaS1rZXkiLCJub25jZSI6IjAwMTEyMjMz"
        + "NDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmIiwidHlwIjoiSldUIn0"
    private static let payloadPart =
        "eyJzdWIiOiJvcmdhbml6YXRpb25zL3Rlc3Qtb3JnYW5pemF0aW9uL2FwaUtleXMvdGVzdC1hcGkta2V5IiwiaXNzIjoiY2RwIiwibmJm"
        + "IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDAxMjA"
    private static let uriPart =
        "sInVyaSI6IkdFVCBhcGkuY29pbmJhc2UuY29tL2FwaS92My9icm9rZXJhZ2UvYWNjb3VudHMifQ"

    private func token(uri: String?) -> WebToken {
        WebToken(
            keyName: Self.name,
            issuer: "cdp",
            uri: uri,
            begins: SigningTime(microseconds: 1_700_000_000_000_000),
            nonce: "00112233445566778899aabbccddeeff"
        )
    }

    @Test func `EdDSA for one call`() throws {
        let key = try PrivateKey(ed25519: Self.edKey.secret)
        let text = try token(uri: "GET api.coinbase.com/api/v3/brokerage/accounts").signed(with: key)
        let signature =
            "VKxvz0b5LzwhWX-Fz9sB1un4A3tuMxE5h_BbeY_tyyiZjwfoH7TDfKQYpucjbLrQcAjvRpEL1hXPGIS0SB3YAA"
        #expect(text == "eyJhbGciOiJFZERTQSIs\(Self.kidPart).\(Self.payloadPart)\(Self.uriPart).\(signature)")
    }

    @Test func `EdDSA for a socket`() throws {
        let key = try PrivateKey(ed25519: Self.edKey.secret)
        let text = try token(uri: nil).signed(with: key)
        let signature =
            "loRlsE9Nxjitd6W4MzwGyPoFMZGVdgR6lfquZdzuth30OuwBjIKI6ZrExlgf860l0Kb42aWZFNB9W_NaE78CAQ"
        #expect(text == "eyJhbGciOiJFZERTQSIs\(Self.kidPart).\(Self.payloadPart.dropLast())B9.\(signature)")
    }

    @Test func `ES256 for one call`() throws {
        let pem = "-----BEGIN EC PRIVATE KEY-----\\n\(Self.ecBody)\\n-----END EC PRIVATE KEY-----\\n"
        let key = try PrivateKey(pem: pem.secret)
        let text = try token(uri: "GET api.coinbase.com/api/v3/brokerage/accounts").signed(with: key)
        let input = "eyJhbGciOiJFUzI1NiIs\(Self.kidPart).\(Self.payloadPart)\(Self.uriPart)"
        try #require(text.hasPrefix(input + "."))
        let publicKey = try PublicKey(base64DER: Self.ecPublic)
        let published =
            "hnivBeGT0kdOR4WRHgdc1UJxgp0piVlYIXF1d3Dc5trPgLw0VVEFHUfQB-Bva1urL8E7CSYgT8aNkZ-jYuNRiw"
        for signature in [String(text.dropFirst(input.count + 1)), published] {
            let standard = signature.map { ["-": "+", "_": "/"][$0] ?? $0 }
            let bytes = try #require(Base64.decode((String(standard) + "==").utf8))
            #expect(bytes.count == 64)
            #expect(publicKey.verifies(PublicKey.der(ofPair: bytes), of: input))
        }
    }

    @Test func `a name with odd characters stays one JSON text`() {
        let odd = WebToken(
            keyName: "a\"b\\c\n\u{1}é",
            issuer: "i",
            begins: SigningTime(microseconds: -1),
            lifetime: .max,
            nonce: ""
        )
        let header = odd.signingInput(.es256).prefix { $0 != "." }
        let padded = header + String(repeating: "=", count: (4 - header.count % 4) % 4)
        let bytes = Base64.decode(String(padded.map { ["-": "+", "_": "/"][$0] ?? $0 }).utf8) ?? []
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"alg":"ES256","kid":"a\"b\\c\u000a\u0001é","nonce":"","typ":"JWT"}"#
        )
    }
}
