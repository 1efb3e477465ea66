// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets
import Signing
import Testing

@testable import Binance

/// The sheet's vectors as whole calls, and what the venue's answers say of a key.
@Suite struct SigningTests {
    private static let key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
    private static let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"

    private let credentials = Credentials(key: key, signer: .shared(Secret(secret.utf8)))

    private func time(_ milliseconds: Int64) -> SigningTime {
        SigningTime(microseconds: milliseconds * 1000)
    }

    private func order(_ symbol: String) -> QueryParameters {
        [
            "symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1",
            "price": "0.1",
        ]
    }

    /// B1 and B2: percent-encoded before it is signed.
    @Test(arguments: [
        ("LTCBTC", "LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            "１２３４５６", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"
        ),
    ])
    func `a call carries time, window and the signature last`(
        symbol: String,
        encoded: String,
        signature: String
    ) throws {
        let call = try BinanceSigningRecipe.call(
            "/api/v3/order",
            method: "POST",
            order(symbol),
            time: time(1_499_827_319_559),
            credentials: credentials
        )
        #expect(call.method == "POST")
        #expect(
            call.path
                == "/api/v3/order?symbol=\(encoded)&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
                + "&recvWindow=5000&timestamp=1499827319559&signature=\(signature)"
        )
        #expect(call.headers.map(\.name) == ["X-MBX-APIKEY"])
        #expect(call.headers.map(\.value) == [Self.key])
    }

    /// B3.
    @Test func `query and body are signed with nothing between`() throws {
        let payload = BinanceSigningRecipe.payload(
            query: "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
            body: "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
        )
        let signature = try BinanceSigningRecipe.signature(of: payload, by: credentials.signer)
        #expect(signature == "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77")
    }

    /// B4, B5 and B6.
    @Test func `socket parameters are signed by name and not encoded`() throws {
        func order(
            _ symbol: String,
            _ side: String,
            _ price: String,
            _ size: String,
            _ window: String
        )
            -> QueryParameters
        {
            [
                "symbol": symbol, "side": side, "type": "LIMIT", "timeInForce": "GTC", "price": price,
                "quantity": size, "recvWindow": window,
            ]
        }
        let cases: [(QueryParameters, Int64, String)] = [
            (
                order("BTCUSDT", "SELL", "52000.00", "0.01000000", "100"), 1_645_423_376_532,
                "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
            ),
            (
                order("１２３４５６", "BUY", "0.10000000", "1.00000000", "5000"), 1_645_423_376_532,
                "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"
            ),
            ([:], 1_649_729_878_532, "1cf54395b336b0a9727ef27d5d98987962bc47aca6e13fe978612d0adee066ed"),
        ]
        for (parameters, milliseconds, expected) in cases {
            let signed = try BinanceSigningRecipe.socketParameters(
                parameters,
                time: time(milliseconds),
                credentials: credentials
            )
            #expect(signed.pairs.last?.name == "signature")
            #expect(signed.pairs.last?.value == expected)
            #expect(signed.pairs.contains { $0 == ("apiKey", Self.key) })
        }
    }

    /// The payload of B13 with the window before the time, signed with an Ed25519 key: base64, percent-encoded.
    @Test func `a private key's signature is base64 in the query`() throws {
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
            -----END PRIVATE KEY-----
            """
        let signer = try SigningKey(reading: Secret(pem.utf8))
        let call = try BinanceSigningRecipe.call(
            "/x",
            [
                "symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.010",
                "reduceOnly": "true",
                "newClientOrderId": "sl-1-20261121",
            ],
            time: time(1_700_000_000_000),
            credentials: Credentials(key: "k", signer: signer)
        )
        // B14.
        let expected =
            "Q0zX91r4toaWpgdDHRT%2FyBuDGt9%2BLJLj8EslzvYQMB1OqGLRI9LDg%2FIU5VLDSw1axttSZBwkAtBohnZOwaDiDw%3D%3D"
        #expect(call.path.hasSuffix("&recvWindow=5000&timestamp=1700000000000&signature=\(expected)"))
    }

    // MARK: What a key may do

    private func step(_ status: Int, _ body: String) throws(KeyTrouble) -> KeyStep {
        try BinanceKeyInspection(credentials).step(
            after: [KeyAnswer(status: status, body: Array(body.utf8))],
            host: "api.binance.com",
            time: time(0),
            nonce: ""
        )
    }

    private func powers(_ body: String) throws -> KeyPowers? {
        guard case .done(let powers) = try step(200, body) else { return nil }
        return powers
    }

    /// A recorded answer.
    private static let recorded = """
        {"ipRestrict":false,"createTime":1698645219000,"enableInternalTransfer":false,"enableFutures":false,\
        "enablePortfolioMarginTrading":true,"enableVanillaOptions":false,"permitsUniversalTransfer":false,\
        "enableReading":true,"enableSpotAndMarginTrading":false,"enableWithdrawals":false,"enableMargin":false}
        """

    @Test func `the recorded answer is read`() throws {
        let powers = try #require(try powers(Self.recorded))
        #expect(powers.reads == .yes)
        #expect(powers.trades == .yes)
        #expect(powers.withdraws == .no)
        #expect(powers.others == [])
        #expect(powers.addresses == [])
    }

    @Test func `a key that withdraws is seen, and one that only reads`() throws {
        let dangerous = Self.recorded.replacing(
            "\"enableWithdrawals\":false",
            with: "\"enableWithdrawals\":true"
        )
        .replacing("\"permitsUniversalTransfer\":false", with: "\"permitsUniversalTransfer\":true")
        .replacing("\"ipRestrict\":false", with: "\"ipRestrict\":true")
        let powers = try #require(try powers(dangerous))
        #expect(powers.withdraws == .yes)
        #expect(powers.others == ["moves funds between wallets"])
        #expect(powers.addresses == nil)
        let reader = Self.recorded.replacing("MarginTrading\":true", with: "MarginTrading\":false")
        #expect(try self.powers(reader)?.trades == .no)
    }

    @Test(arguments: [
        (
            400, #"{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}"#,
            KeyTrouble.clock
        ),
        (400, #"{"code":-1022,"msg":"Signature for this request is not valid."}"#, .wrongSignature),
        (401, #"{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}"#, .forbidden),
        (401, #"{"code":-2014,"msg":"API-key format invalid."}"#, .unknownKey),
        (418, "", .busy), (429, "{}", .busy), (502, "<html>", .busy), (403, "<html>", .forbidden),
        (400, #"{"code":-1102,"msg":"Mandatory"}"#, .refused("-1102 Mandatory")),
        (200, "<html>", .unreadable), (200, "{}", .unreadable), (200, "", .unreadable),
        (302, "", .unreadable),
    ])
    func `refusals are told apart`(status: Int, body: String, trouble: KeyTrouble) {
        #expect(throws: trouble) { try step(status, body) }
    }
}
