// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets
import Signing
import Testing

/// The test vectors of the venue sheets that need no more than one signature; those of whole calls are in the venues'
/// tests.
@Suite struct VectorTests {
    private static let sharedSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    private static let edPEM = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
        -----END PRIVATE KEY-----
        """

    /// B7 to B10: computed for the futures and the algo orders; B1 to B6 are tested as calls.
    private static let hexVectors: [(secret: String, payload: String, expected: String)] = [
        (
            "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
                + "&timestamp=1591702613943",
            "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
        ),
        (
            sharedSecret,
            "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.010&reduceOnly=true"
                + "&newClientOrderId=sl-1-20261121&recvWindow=5000&timestamp=1700000000000",
            "2715cc4bd17f417fa914e135e83a7496f49d143545881e6bf811c7b4f5a318c0"
        ),
        (
            sharedSecret,
            "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=STOP_MARKET&triggerPrice=60000.0"
                + "&closePosition=true&workingType=MARK_PRICE&clientAlgoId=sl-btc-1&recvWindow=5000"
                + "&timestamp=1700000000000",
            "d23d3ffdc25331fa32f67e213886df582bc8a6837b23220aabd6317d72723973"
        ),
        (
            sharedSecret, "recvWindow=5000&timestamp=1700000000000",
            "87e5c6222562009dfc00b491bbc2a244513b1555abde13b604bc2c22cf991114"
        ),
    ]

    @Test(arguments: hexVectors)
    func `HMAC in hexadecimal`(secret: String, payload: String, expected: String) throws {
        let code = try MessageCode.hmacSHA256(payload, with: Secret(secret.utf8))
        #expect(Hex.encode(code) == expected)
        #expect(ConstantTime.equal(Hex.encode(code), expected))
        #expect(!ConstantTime.equal(Hex.encode(code), expected.uppercased()))
        #expect(!ConstantTime.equal(Hex.encode(code), expected + "0"))
    }

    /// RFC 4231, cases 1, 2, 6 and an empty key.
    @Test func `HMAC of the standard's cases`() throws {
        let cases: [(key: [UInt8], text: String, expected: String)] = [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
        ]
        for (key, text, expected) in cases {
            #expect(Hex.encode(try MessageCode.hmacSHA256(text, with: Secret(key))) == expected)
        }
    }

    /// O1 to O5.
    @Test(arguments: [
        (
            "2020-12-08T09:08:57.715ZGET/api/v5/account/balance?ccy=BTC",
            "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY="
        ),
        (
            "2020-12-08T09:08:57.715ZPOST/api/v5/trade/order"
                + #"{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"b15","side":"buy","ordType":"limit","px":"2.15","sz":"2"}"#,
            "dI6rrL9rXW/HdaPKJ/6LC1OgvH4/PYju6R3CqixMTNQ="
        ),
        (
            "2020-12-08T09:08:57.715ZPOST/api/v5/trade/close-position"
                + #"{"instId":"BTC-USDT-SWAP","mgnMode":"cross"}"#,
            "zycxli3YGHYBlVNvdlF7m+o512hvj/qvdSG2vrzIlZc="
        ),
        ("1704876947GET/users/self/verify", "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU="),
        ("1538054050GET/users/self/verify", "+LdIr8lkkvhr5hoA3g9TMC0+uQJ849ftAcocA/ouu4M="),
    ])
    func `HMAC in base64 with the secret as text`(prehash: String, expected: String) throws {
        let secret = Secret("22582BD0CFF14C41EDBF1AB98506286D".utf8)
        #expect(Base64.encode(try MessageCode.hmacSHA256(prehash, with: secret)) == expected)
    }

    /// C1 to C4.
    @Test(arguments: [
        ("1700000000GET/accounts", "rGG1JqXQ+E6pZei33vupSfjDznqIYp7EiYs3JKWtKIw="),
        (
            "1700000000GET/orders?status=open&limit=10", "/lqiYB4t8RrBk3NwLeVFSlgJ3+z+XkS9ZR9ySW9h+Ag="
        ),
        (
            "1700000000POST/orders"
                + #"{"type":"limit","side":"buy","product_id":"BTC-USD","price":"10000.00","size":"0.001"}"#,
            "mSO5AZUxPkbjdjbDhhaL6TrN+SalsRq9Hv5uLxDfIa0="
        ),
        ("1700000000GET/users/self/verify", "4w5N81jN+R8BEl+8gu26Lel0jalXF5uTezix+T8v9eY="),
    ])
    func `HMAC in base64 with the secret decoded from base64`(prehash: String, expected: String) throws {
        let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
        let secret = try #require(Base64.decode(Secret(text.utf8)))
        #expect(secret.withBytes { Array($0) } == Array(0...63))
        #expect(Base64.encode(try MessageCode.hmacSHA256(prehash, with: secret)) == expected)
    }

    /// B11 to B14.
    @Test(arguments: [
        (
            "A\u{1}EXAMPLE\u{1}SPOT\u{1}1\u{1}20240627-11:17:25.223",
            "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA=="
        ),
        (
            "apiKey=4yNzx3yWC5bS6YTwEkSRaC0nRmSQIIStAUOh1b6kqaBrTLIhjCpI5lJH8q8R8WNO&timestamp=1649729878532",
            "cGkloHLHGGNbrduoWDYBlzIPwRHyDVYVfCE0rDkPwKdKedurBgm2JNWRkwloQDBFG6Mcloavo1siYfEtZbV/Ag=="
        ),
        (
            "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2"
                + "&timestamp=1668481559918&recvWindow=5000",
            "inDT086KVIP8vgUfw5sV3VTkescWztiAGlf4x8FLKHM4NInsn0c1kYVLoGMO8cyjfR6vmTku2YQE0gtfVVlfCw=="
        ),
        (
            "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.010&reduceOnly=true"
                + "&newClientOrderId=sl-1-20261121&recvWindow=5000&timestamp=1700000000000",
            "Q0zX91r4toaWpgdDHRT/yBuDGt9+LJLj8EslzvYQMB1OqGLRI9LDg/IU5VLDSw1axttSZBwkAtBohnZOwaDiDw=="
        ),
    ])
    func `Ed25519 from PEM`(payload: String, expected: String) throws {
        for text in [Self.edPEM, Self.edPEM.split(separator: "\n").joined(separator: "\\n")] {
            let key = try PrivateKey(pem: Secret(text.utf8))
            #expect(key.algorithm == .ed25519)
            #expect(Base64.encode(try key.signature(of: payload)) == expected)
        }
        let publicKey = try PublicKey(
            base64DER: "MCowBQYDK2VwAyEAGUIKv9dSpWXBViXp2m6vAIb8QMFJYBgyFEQsFJlqgA0="
        )
        #expect(publicKey.verifies(try #require(Base64.decode(expected.utf8)), of: payload))
    }

    private static let htxParameters: QueryParameters = [
        "AccessKeyId": "access", "SignatureMethod": "HmacSHA256", "SignatureVersion": "2",
        "Timestamp": "2019-11-21T10:00:00",
    ]

    private func signature(_ request: CanonicalRequest, secret: String = "secret") throws -> String {
        Base64.encode(try MessageCode.hmacSHA256(request.text, with: Secret(secret.utf8)))
    }

    /// H1, H3 and H4.
    @Test func `canonical requests`() throws {
        let bare = CanonicalRequest(
            host: "api.huobi.pro",
            path: "/v1/account/history",
            parameters: ["currency": "btcusdt", "account-id": "1"]
        )
        #expect(try signature(bare) == "HUP3n78npIuTzVKyjEOrPictRKEUTRoYs7Ld5y38hmA=")
        var parameters = Self.htxParameters
        parameters.append("currency", "btc")
        parameters.append("account-id", "123")
        let history = CanonicalRequest(
            method: "get",
            host: "API.huobi.pro",
            path: "/v1/account/history",
            parameters: parameters
        )
        #expect(
            history.text == """
                GET
                api.huobi.pro
                /v1/account/history
                AccessKeyId=access&SignatureMethod=HmacSHA256&SignatureVersion=2\
                &Timestamp=2019-11-21T10%3A00%3A00&account-id=123&currency=btc
                """
        )
        #expect(try signature(history) == "SGZYJ9Ub/hFerEBbSWsCxl8Djk+LRBgEZOB4fLc4T9Q=")
        let other = CanonicalRequest(
            host: "api.huobi.pro",
            path: "/v1/account/accounts",
            parameters: [
                "AccessKeyId": "abcdefg-hijklmn-opqrst-uvwxyz", "SignatureMethod": "HmacSHA256",
                "SignatureVersion": "2", "Timestamp": "2020-04-01T12:34:56",
            ]
        )
        let expected = "3IUZcEak4IIRrh7/idFrP2Jj77MaWGXR/oQbe9gL4+I="
        #expect(try signature(other, secret: "12345-67890-12345-67890") == expected)
        let path = try other.signedPath(by: .shared(Secret("12345-67890-12345-67890".utf8)))
        #expect(path.hasPrefix("/v1/account/accounts?AccessKeyId=abcdefg-hijklmn-opqrst-uvwxyz&"))
        #expect(path.hasSuffix("&Signature=3IUZcEak4IIRrh7%2FidFrP2Jj77MaWGXR%2FoQbe9gL4%2BI%3D"))
    }

    /// H2, H5, H8 to H12.
    @Test(arguments: [
        ("GET", "api.huobi.pro", "/v1/account/accounts", "rWnLcMt3XBAsmXoNHtTQVpvMbH/cE1PXFwQAGeYwt3s="),
        ("GET", "api.huobi.pro", "/ws/v1", "nWj8xkaQ8mWPyvdtRVPFkrX2B8v3mSomAfhXiOGoS3M="),
        ("GET", "api.hbdm.com", "/linear-swap-notification", "ZsZEvGBJF+eFNvWAXl/Ntd81AS8F2WFOBMlVKdmNYas="),
        ("GET", "api.hbdm.com", "/ws/v5/notification", "xtovhWPg3nsm093235+/iXAHNVFq9P/4gzQC2Kc71ZI="),
        (
            "POST", "api.hbdm.com", "/linear-swap-api/v1/swap_cross_position_info",
            "GfV160FD9vj8JiJauEOR6E1yI7ftRkeddPe6xK3OjnQ="
        ),
        ("POST", "api.hbdm.com", "/v5/trade/order", "pbLPAqZEHTQOnPg3QoEz2JwTu/aMqQc8V9wpClBUomM="),
    ])
    func `canonical requests of every host and path`(
        method: String,
        host: String,
        path: String,
        expected: String
    ) throws {
        let request = CanonicalRequest(
            method: method,
            host: host,
            path: path,
            parameters: Self.htxParameters
        )
        #expect(try signature(request) == expected)
    }

    /// H6 and H12.
    @Test func `canonical requests with other parameters`() throws {
        let socket = CanonicalRequest(
            host: "api.huobi.pro",
            path: "/ws/v2",
            parameters: [
                "accessKey": "access", "signatureMethod": "HmacSHA256", "signatureVersion": "2.1",
                "timestamp": "2019-11-21T10:00:00",
            ]
        )
        #expect(try signature(socket) == "1/d+cUIEh4tC0aXho86zu5QAxVzJaTe56mUiB275T0E=")
        var parameters = Self.htxParameters
        parameters.append("contract_code", "BTC-USDT")
        let positions = CanonicalRequest(
            host: "api.hbdm.com",
            path: "/v5/trade/position/opens",
            parameters: parameters
        )
        #expect(try signature(positions) == "Me2nz8bKdRXi/GMc9un+FpkWe7bauIoiPCM5D+yTIhA=")
    }

    /// H7.
    @Test func `canonical request with a raw Ed25519 key`() throws {
        let text = "nJanXRB7WIiSgr6eQzgNaQjp+xCkieLj0RQ2NxAZefqYiJajRf6PVrd0kE8kdHG3XuiXLlM6w5xipkdTNw5Ucw=="
        let request = CanonicalRequest(
            host: "api.huobi.pro",
            path: "/v1/account/history",
            parameters: ["account-id": "1", "currency": "btcusdt"]
        )
        let signer = try SigningKey(reading: Secret(text.utf8), takesRawEd25519: true)
        let expected =
            "KnEhhsa511CrWu++7BMSdVrLtFhvxARINGsGpq8S699qMgghekPwW90RV14A4sniE3RS1J/v0hAo70iA9Ln4Aw=="
        #expect(Base64.encode(try signer.sign(request.text)) == expected)
    }
}
