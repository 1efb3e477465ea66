// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets
import Signing
import Testing

@testable import OKX

/// The sheet's vectors as whole calls, and what the venue's answers say of a key.
@Suite struct SigningTests {
    private let credentials = Credentials(
        key: "985d5b66-57ce-40fb-b714-afc0b9787083",
        signer: .shared(Secret("22582BD0CFF14C41EDBF1AB98506286D".utf8)),
        passphrase: Secret("123456".utf8)
    )
    private let time = SigningTime(microseconds: 1_607_418_537_715_000)

    /// O1, O2 and O3.
    @Test(arguments: [
        ("GET", "/api/v5/account/balance?ccy=BTC", "", "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY="),
        (
            "POST", "/api/v5/trade/order",
            #"{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"b15","side":"buy","ordType":"limit","px":"2.15","sz":"2"}"#,
            "dI6rrL9rXW/HdaPKJ/6LC1OgvH4/PYju6R3CqixMTNQ="
        ),
        (
            "POST", "/api/v5/trade/close-position", #"{"instId":"BTC-USDT-SWAP","mgnMode":"cross"}"#,
            "zycxli3YGHYBlVNvdlF7m+o512hvj/qvdSG2vrzIlZc="
        ),
    ])
    func `a call carries key, signature, time and passphrase`(
        method: String,
        path: String,
        body: String,
        signature: String
    ) throws {
        let call = try OKXSigningRecipe.call(
            path,
            method: method,
            body: body,
            time: time,
            credentials: credentials
        )
        #expect(call.method == method)
        #expect(call.path == path)
        #expect(call.body == body)
        #expect(
            call.headers.map { "\($0.name): \($0.value)" } == [
                "OK-ACCESS-KEY: 985d5b66-57ce-40fb-b714-afc0b9787083", "OK-ACCESS-SIGN: \(signature)",
                "OK-ACCESS-TIMESTAMP: 2020-12-08T09:08:57.715Z", "OK-ACCESS-PASSPHRASE: 123456",
                "Content-Type: application/json",
            ]
        )
    }

    /// O4 and O5.
    @Test(arguments: [
        (Int64(1_704_876_947), "5/36BgGV6m/6pmdc20zdqk0mzF5ZalmzzPD2fo3wavU="),
        (Int64(1_538_054_050), "+LdIr8lkkvhr5hoA3g9TMC0+uQJ849ftAcocA/ouu4M="),
    ])
    func `a socket's login is signed with seconds`(seconds: Int64, signature: String) throws {
        let time = SigningTime(microseconds: seconds * 1_000_000 + 999_999)
        let login = try OKXSigningRecipe.login(time: time, credentials: credentials)
        #expect(
            login == [
                "apiKey": "985d5b66-57ce-40fb-b714-afc0b9787083", "passphrase": "123456",
                "timestamp": "\(seconds)", "sign": signature,
            ]
        )
    }

    // MARK: What a key may do

    private func step(_ answers: [KeyAnswer], _ credentials: Credentials? = nil) throws(KeyTrouble) -> KeyStep
    {
        try OKXKeyInspection(credentials ?? self.credentials).step(
            after: answers,
            host: "www.okx.com",
            time: time,
            nonce: ""
        )
    }

    private func powers(perm: String, ip: String) throws -> KeyPowers? {
        // A recorded answer, shortened.
        let body =
            #"{"code":"0","data":[{"acctLv":"3","autoLoan":true,"uid":"44705892343619584","label":"V5 Test","#
            + #""traderInsts":[],"ip":"\#(ip)","perm":"\#(perm)"}],"msg":""}"#
        let answer = KeyAnswer(status: 200, body: Array(body.utf8))
        guard case .done(let powers) = try step([answer]) else { return nil }
        return powers
    }

    @Test func `the first step asks for the account's configuration`() throws {
        guard case .call(let call) = try step([]) else {
            Issue.record("no call")
            return
        }
        #expect(call.path == "/api/v5/account/config")
        #expect(call.headers.count == 5)
    }

    @Test func `permissions and addresses are read`() throws {
        let all = try #require(
            try powers(perm: "read_only,withdraw,trade", ip: "120.255.24.182,49.245.196.13")
        )
        #expect(all.reads == .yes && all.trades == .yes && all.withdraws == .yes)
        #expect(all.addresses == ["120.255.24.182", "49.245.196.13"])
        let reader = try #require(try powers(perm: "read_only", ip: ""))
        #expect(reader.reads == .yes && reader.trades == .no && reader.withdraws == .no)
        #expect(reader.addresses == [])
        #expect(try powers(perm: "read_only,lend", ip: "")?.others == ["lend"])
    }

    @Test func `credentials that don't fit are refused before anything is sent`() throws {
        let bare = Credentials(key: "k", signer: .shared(Secret("s".utf8)))
        #expect(throws: KeyTrouble.incomplete("OKX asks for a passphrase")) { try step([], bare) }
    }

    @Test(arguments: [
        (401, #"{"msg":"Timestamp request expired","code":"50102"}"#, KeyTrouble.clock),
        (401, #"{"msg":"Invalid Sign","code":"50113"}"#, .wrongSignature),
        (401, #"{"msg":"Invalid OK-ACCESS-KEY","code":"50111"}"#, .unknownKey),
        (401, #"{"msg":"passphrase incorrect","code":"50105"}"#, .wrongPassphrase),
        (401, #"{"msg":"IP not in whitelist","code":"50110"}"#, .forbidden),
        (200, #"{"msg":"odd","code":"59999","data":[]}"#, .refused("59999 odd")),
        (200, #"{"code":"0","data":[],"msg":""}"#, .unreadable), (200, "<html>", .unreadable),
        (403, "Forbidden", .forbidden), (503, "", .busy), (429, "", .busy),
    ])
    func `refusals are told apart`(status: Int, body: String, trouble: KeyTrouble) {
        #expect(throws: trouble) { try step([KeyAnswer(status: status, body: Array(body.utf8))]) }
    }
}
