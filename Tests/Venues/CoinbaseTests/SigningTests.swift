// Part of MarketBus. Apache License 2.0, see LICENSE.

import Coinbase
import Secrets
import Signing
import Testing

/// The sheet's vectors as whole calls, and what the venue's answers say of a key.
@Suite struct SigningTests {
    private static let name = "organizations/test-organization/apiKeys/test-api-key"
    private static let edKey =
        "k0BUni0p0vZG1BdpVjS6ogBJ7kxm630AJ2dN+tuputDOKsRAwgyrpEQLeBtS1znTmzPX6Xr2eOWpzx6nW8knkA=="

    private let time = SigningTime(microseconds: 1_700_000_000_999_999)
    private let credentials = Credentials(
        key: "k",
        signer: .shared(Secret(Array(0...63))),
        passphrase: Secret("p".utf8)
    )

    /// C1 to C3.
    @Test(arguments: [
        ("GET", "/accounts", "", "rGG1JqXQ+E6pZei33vupSfjDznqIYp7EiYs3JKWtKIw="),
        ("GET", "/orders?status=open&limit=10", "", "/lqiYB4t8RrBk3NwLeVFSlgJ3+z+XkS9ZR9ySW9h+Ag="),
        (
            "POST", "/orders",
            #"{"type":"limit","side":"buy","product_id":"BTC-USD","price":"10000.00","size":"0.001"}"#,
            "mSO5AZUxPkbjdjbDhhaL6TrN+SalsRq9Hv5uLxDfIa0="
        ),
    ])
    func `a call of Exchange carries key, signature, seconds and passphrase`(
        method: String,
        path: String,
        body: String,
        signature: String
    ) throws {
        let call = try CoinbaseSigningRecipe.exchangeCall(
            path,
            method: method,
            body: body,
            time: time,
            credentials: credentials
        )
        #expect(call.method == method && call.path == path && call.body == body)
        #expect(
            call.headers.prefix(4).map { "\($0.name): \($0.value)" } == [
                "CB-ACCESS-KEY: k", "CB-ACCESS-SIGN: \(signature)", "CB-ACCESS-TIMESTAMP: 1700000000",
                "CB-ACCESS-PASSPHRASE: p",
            ]
        )
    }

    /// C4.
    @Test func `a subscription of Exchange is signed as a look at oneself`() throws {
        let fields = try CoinbaseSigningRecipe.exchangeSubscription(time: time, credentials: credentials)
        #expect(
            fields == [
                "signature": "4w5N81jN+R8BEl+8gu26Lel0jalXF5uTezix+T8v9eY=", "key": "k", "passphrase": "p",
                "timestamp": "1700000000",
            ]
        )
    }

    /// C5 and C6: their signatures; the rest of the token is tested where tokens are made.
    @Test(arguments: [
        (
            Optional("GET api.coinbase.com/api/v3/brokerage/accounts"),
            "VKxvz0b5LzwhWX-Fz9sB1un4A3tuMxE5h_BbeY_tyyiZjwfoH7TDfKQYpucjbLrQcAjvRpEL1hXPGIS0SB3YAA"
        ),
        (nil, "loRlsE9Nxjitd6W4MzwGyPoFMZGVdgR6lfquZdzuth30OuwBjIKI6ZrExlgf860l0Kb42aWZFNB9W_NaE78CAQ"),
    ])
    func `a token of Advanced Trade is for one call or one socket`(call: String?, signature: String) throws {
        let token = try CoinbaseSigningRecipe.advancedToken(
            for: call,
            keyName: Self.name,
            pair: try PrivateKey(ed25519: Secret(Self.edKey.utf8)),
            time: time,
            nonce: "00112233445566778899aabbccddeeff"
        )
        #expect(token.hasSuffix(".\(signature)"))
    }

    // MARK: What a key may do

    private func advanced(_ answers: [KeyAnswer]) throws -> KeyStep {
        let pair = try PrivateKey(ed25519: Secret(Self.edKey.utf8))
        return try CoinbaseAdvancedKeyInspection(keyName: Self.name, pair: pair)
            .step(after: answers, host: "api.coinbase.com", time: time, nonce: "n")
    }

    private func exchange(_ answers: [KeyAnswer]) throws(KeyTrouble) -> KeyStep {
        try CoinbaseExchangeKeyInspection(credentials)
            .step(after: answers, host: "api.exchange.coinbase.com", time: time, nonce: "n")
    }

    private func answer(_ status: Int, _ body: String) -> [KeyAnswer] {
        [KeyAnswer(status: status, body: Array(body.utf8))]
    }

    @Test func `Advanced Trade tells what a key may do`() throws {
        guard case .call(let call) = try advanced([]) else {
            Issue.record("no call")
            return
        }
        #expect(call.path == "/api/v3/brokerage/key_permissions")
        #expect(call.headers.map(\.name) == ["Authorization"])
        // A recorded answer.
        let body =
            #"{"can_view":true,"can_trade":true,"can_transfer":true,"portfolio_uuid":"string","portfolio_type":"DEFAULT"}"#
        guard case .done(let powers) = try advanced(answer(200, body)) else {
            Issue.record("not done")
            return
        }
        #expect(powers.reads == .yes && powers.trades == .yes && powers.withdraws == .yes)
        #expect(powers.addresses == nil)
    }

    @Test func `Exchange tells only that a key works`() throws {
        guard case .call(let call) = try exchange([]) else {
            Issue.record("no call")
            return
        }
        #expect(call.path == "/accounts")
        guard case .done(let powers) = try exchange(answer(200, "[]")) else {
            Issue.record("not done")
            return
        }
        #expect(powers.reads == .yes && powers.trades == .unknown && powers.withdraws == .unknown)
    }

    @Test(arguments: [
        (401, #"{"message":"Invalid API Key"}"#, KeyTrouble.unknownKey),
        (401, #"{"message":"invalid signature"}"#, .wrongSignature),
        (401, #"{"message":"request timestamp expired"}"#, .clock),
        (401, #"{"message":"Invalid Passphrase"}"#, .wrongPassphrase), (403, "Forbidden", .forbidden),
        (429, "", .busy), (500, "", .busy), (404, #"{"message":"NotFound"}"#, .refused("NotFound")),
        (200, "{}", .unreadable), (200, "", .unreadable), (302, "", .unreadable),
    ])
    func `refusals of Exchange are told apart`(status: Int, body: String, trouble: KeyTrouble) {
        #expect(throws: trouble) { try exchange(answer(status, body)) }
    }

    @Test(arguments: [
        (403, "{}", KeyTrouble.forbidden), (503, "", .busy), (200, "{}", .unreadable),
        (200, "[", .unreadable),
        (400, #"{"error":"x","message":"words"}"#, .refused("words")), (302, "", .unreadable),
    ])
    func `refusals of Advanced Trade are told apart`(status: Int, body: String, trouble: KeyTrouble) {
        #expect(throws: trouble) { try advanced(answer(status, body)) }
    }
}
