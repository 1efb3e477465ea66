// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets
import Signing
import Testing

@Suite struct KeyTests {
    @Test func `RSA signs with PKCS1v15 and SHA-256`() throws {
        let made = try MadeKey("RSA", bits: 2048)
        let text = "recvWindow=5000&timestamp=1700000000000"
        let publicKey = try PublicKey(base64DER: try made.publicPEM().pemBody)
        for pem in [try made.pem(), try made.traditionalPEM()] {
            let key = try PrivateKey(pem: pem.secret)
            #expect(key.algorithm == .rsa)
            let signature = try key.signature(of: text)
            #expect(signature.count == 256)
            #expect(publicKey.verifies(signature, of: text))
            #expect(!publicKey.verifies(signature, of: text + "0"))
            #expect(try key.signature(of: text) == signature)
            #expect(throws: SigningError.self) { try token().signed(with: key) }
        }
    }

    @Test func `every algorithm signs the empty text and long ones`() throws {
        for made in [try MadeKey("ED25519"), try MadeKey("EC", curve: "P-256")] {
            let key = try PrivateKey(pem: try made.pem().secret)
            let publicKey = try PublicKey(base64DER: try made.publicPEM().pemBody)
            for text in ["", "x", String(repeating: "long ", count: 20_000)] {
                let signature = try key.signature(of: text)
                #expect(signature.count == 64)
                let form = key.algorithm == .es256 ? PublicKey.der(ofPair: signature) : signature
                #expect(publicKey.verifies(form, of: text))
            }
        }
    }

    @Test func `a thousand ES256 signatures are all 64 bytes and valid`() throws {
        let made = try MadeKey("EC", curve: "P-256")
        let key = try PrivateKey(pem: try made.traditionalPEM().secret)
        let publicKey = try PublicKey(base64DER: try made.publicPEM().pemBody)
        // One in 128 has a number that begins with a zero byte.
        for round in 0..<1000 {
            let signature = try key.signature(of: "\(round)")
            try #require(signature.count == 64)
            #expect(publicKey.verifies(PublicKey.der(ofPair: signature), of: "\(round)"))
        }
    }

    @Test func `a key of another kind is refused by name`() throws {
        #expect(throws: KeyError.wrongCurve(name: "secp256k1")) {
            try PrivateKey(pem: try MadeKey("EC", curve: "secp256k1").pem().secret)
        }
        #expect(throws: KeyError.wrongCurve(name: "secp384r1")) {
            try PrivateKey(pem: try MadeKey("EC", curve: "P-384").traditionalPEM().secret)
        }
        #expect(throws: KeyError.wrongAlgorithm(name: "ed448")) {
            try PrivateKey(pem: try MadeKey("ED448").pem().secret)
        }
        #expect(throws: KeyError.wrongAlgorithm(name: "x25519")) {
            try PrivateKey(pem: try MadeKey("X25519").pem().secret)
        }
        #expect(throws: KeyError.shortRSA(bits: 1024)) {
            try PrivateKey(pem: try MadeKey("RSA", bits: 1024).pem().secret)
        }
        #expect(throws: KeyError.wrongAlgorithm(name: "rsa-pss")) {
            try PrivateKey(pem: try MadeKey("RSA-PSS", bits: 2048).pem().secret)
        }
    }

    @Test func `a protected or public key is refused, and nobody is asked for a password`() throws {
        let made = try MadeKey("EC", curve: "P-256")
        for pem in [try made.pem(password: "word"), try made.traditionalPEM(password: "word")] {
            #expect(throws: KeyError.encryptedPEM) { try PrivateKey(pem: pem.secret) }
        }
        #expect(throws: KeyError.notPrivate(label: "PUBLIC KEY")) {
            try PrivateKey(pem: try made.publicPEM().secret)
        }
        #expect(throws: KeyError.notPrivate(label: "CERTIFICATE")) {
            try PrivateKey(pem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".secret)
        }
    }

    @Test func `parameters before the key are stepped over, and Windows line ends too`() throws {
        let made = try MadeKey("EC", curve: "P-256")
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        #expect(try PrivateKey(pem: (parameters + made.traditionalPEM()).secret).algorithm == .es256)
        let lines = try made.pem().split(separator: "\n")
        #expect(try PrivateKey(pem: lines.joined(separator: "\r\n").secret).algorithm == .es256)
    }

    @Test(arguments: ["ED25519", "EC"]) func `damage anywhere gives a typed error or the same key`(
        algorithm: String
    ) throws {
        let made = try MadeKey(algorithm, curve: algorithm == "EC" ? "P-256" : "")
        let pem = Array(try made.pem().utf8)
        let publicKey = try PublicKey(base64DER: try made.publicPEM().pemBody)
        var refused = 0
        for at in pem.indices {
            for damage in [UInt8(ascii: "!"), pem[at] ^ 1] where damage != pem[at] {
                var damaged = pem
                damaged[at] = damage
                do throws(KeyError) {
                    let key = try PrivateKey(pem: Secret(damaged))
                    let isSame = publicKey.verifies(
                        form(try? key.signature(of: "x"), key),
                        of: "x"
                    )
                    // Ed25519 has no redundancy: another seed is another key.
                    #expect(isSame || algorithm == "ED25519", "at \(at)")
                } catch {
                    refused += 1
                    #expect(!error.mend.isEmpty)
                }
            }
            if let key = try? PrivateKey(pem: Secret(pem[..<at])) {
                #expect(publicKey.verifies(form(try? key.signature(of: "x"), key), of: "x"))
            }
        }
        #expect(refused > pem.count)
    }

    @Test func `raw Ed25519 keys are checked`() throws {
        let whole = "nJanXRB7WIiSgr6eQzgNaQjp+xCkieLj0RQ2NxAZefqYiJajRf6PVrd0kE8kdHG3XuiXLlM6w5xipkdTNw5Ucw=="
        let bytes = try #require(Base64.decode(whole.utf8))
        let seed = try PrivateKey(ed25519: Base64.encode(bytes[..<32]).secret)
        let pair = try PrivateKey(ed25519: whole.secret)
        #expect(try seed.signature(of: "x") == pair.signature(of: "x"))
        var other = bytes
        other[40] ^= 1
        #expect(throws: KeyError.inconsistent) { try PrivateKey(ed25519: Base64.encode(other).secret) }
        #expect(throws: KeyError.wrongLength(bytes: 33)) {
            try PrivateKey(ed25519: Base64.encode(bytes[..<33]).secret)
        }
        #expect(throws: KeyError.badBase64) { try PrivateKey(ed25519: "not base64".secret) }
        #expect(throws: KeyError.empty) { try PrivateKey(ed25519: "".secret) }
        #expect(throws: KeyError.empty) { try PrivateKey(pem: "".secret) }
        #expect(throws: KeyError.damagedPEM) { try PrivateKey(pem: "secret".secret) }
    }

    @Test func `a secret is read as what it is`() throws {
        let raw = "nJanXRB7WIiSgr6eQzgNaQjp+xCkieLj0RQ2NxAZefqYiJajRf6PVrd0kE8kdHG3XuiXLlM6w5xipkdTNw5Ucw=="
        func kind(_ text: String, raw: Bool = false) throws -> PrivateKey.Algorithm? {
            switch try SigningKey(reading: text.secret, takesRawEd25519: raw) {
            case .shared: nil
            case .pair(let key): key.algorithm
            }
        }
        #expect(try kind("12345-67890-12345-67890", raw: true) == nil)
        #expect(try kind(raw) == nil)
        #expect(try kind(raw, raw: true) == .ed25519)
        #expect(try kind(try MadeKey("EC", curve: "P-256").pem()) == .es256)
        #expect(throws: KeyError.empty) { try kind("") }
        #expect(throws: KeyError.damagedPEM) { try kind("-----BEGIN PRIVATE KEY-----\nAAAA") }
    }

    @Test func `nothing secret is ever printed`() throws {
        let made = try MadeKey("ED25519").pem()
        let credentials = Credentials(
            key: "public-name",
            signer: try SigningKey(reading: made.secret),
            passphrase: "a-passphrase".secret
        )
        let call = SignedCall(path: "/x?signature=a-signature", headers: [("K", "a-passphrase")])
        let things: [Any] = [
            credentials, credentials.signer, call, "a-passphrase".secret, try PrivateKey(pem: made.secret),
            SigningKey.shared("a-passphrase".secret),
        ]
        for thing in things {
            var dumped = ""
            dump(thing, to: &dumped)
            for text in [String(describing: thing), String(reflecting: thing), "\(thing)", dumped] {
                for word in ["a-passphrase", "a-signature", made.pemBody] { #expect(!text.contains(word)) }
            }
        }
        for problem in [KeyError.damagedPEM, .notPrivate(label: "PUBLIC KEY"), .badBase64, .encryptedPEM] {
            #expect(problem.description == "\(problem.what); \(problem.mend)")
        }
    }

    private func token() -> WebToken {
        WebToken(keyName: "k", issuer: "i", begins: SigningTime(microseconds: 0), nonce: "n")
    }

    private func form(_ signature: [UInt8]?, _ key: PrivateKey) -> [UInt8] {
        guard let signature else { return [] }
        return key.algorithm == .es256 ? PublicKey.der(ofPair: signature) : signature
    }
}
