// Part of MarketBus. Apache License 2.0, see LICENSE.

import HTX
import Secrets
import Signing
import Testing

/// The sheet's vectors as whole calls, and what the venue's answers say of a key.
@Suite struct SigningTests {
    private let credentials = Credentials(key: "access", signer: .shared(Secret("secret".utf8)))
    /// 2019-11-21T10:00:00.
    private let time = SigningTime(microseconds: 1_574_330_400_000_000)

    /// H2, H3, H10 to H12.
    @Test(
        arguments: [
            (
                "GET", "api.huobi.pro", "/v1/account/accounts", [:],
                "rWnLcMt3XBAsmXoNHtTQVpvMbH/cE1PXFwQAGeYwt3s="
            ),
            (
                "GET", "api.huobi.pro", "/v1/account/history", ["currency": "btc", "account-id": "123"],
                "SGZYJ9Ub/hFerEBbSWsCxl8Djk+LRBgEZOB4fLc4T9Q="
            ),
            (
                "POST", "api.hbdm.com", "/linear-swap-api/v1/swap_cross_position_info", [:],
                "GfV160FD9vj8JiJauEOR6E1yI7ftRkeddPe6xK3OjnQ="
            ),
            ("POST", "api.hbdm.com", "/v5/trade/order", [:], "pbLPAqZEHTQOnPg3QoEz2JwTu/aMqQc8V9wpClBUomM="),
            (
                "GET", "api.hbdm.com", "/v5/trade/position/opens", ["contract_code": "BTC-USDT"],
                "Me2nz8bKdRXi/GMc9un+FpkWe7bauIoiPCM5D+yTIhA="
            ),
        ] as [(String, String, String, QueryParameters, String)]
    )
    func `a call carries its signature last`(
        method: String,
        host: String,
        path: String,
        parameters: QueryParameters,
        signature: String
    ) throws {
        let call = try HTXSigningRecipe.call(
            path,
            host: host,
            method: method,
            parameters,
            time: time,
            credentials: credentials
        )
        #expect(call.method == method)
        #expect(
            call.path.hasPrefix("\(path)?AccessKeyId=access&SignatureMethod=HmacSHA256&SignatureVersion=2")
        )
        #expect(call.path.contains("&Timestamp=2019-11-21T10%3A00%3A00"))
        #expect(call.path.hasSuffix("&Signature=\(PercentEncoding.encode(signature))"))
    }

    /// H8, H9 and H6.
    @Test func `sockets' logins carry the signature as it is`() throws {
        for (path, signature) in [
            ("/linear-swap-notification", "ZsZEvGBJF+eFNvWAXl/Ntd81AS8F2WFOBMlVKdmNYas="),
            ("/ws/v5/notification", "xtovhWPg3nsm093235+/iXAHNVFq9P/4gzQC2Kc71ZI="),
        ] {
            let login = try HTXSigningRecipe.contractLogin(
                host: "api.hbdm.com",
                path: path,
                time: time,
                credentials: credentials
            )
            #expect(login.pairs.last.map { $0 == ("Signature", signature) } == true)
        }
        let spot = try HTXSigningRecipe.spotLogin(host: "api.huobi.pro", time: time, credentials: credentials)
        let signature = "1/d+cUIEh4tC0aXho86zu5QAxVzJaTe56mUiB275T0E="
        #expect(spot.pairs.last.map { $0 == ("signature", signature) } == true)
    }

    // MARK: What a key may do

    private func step(_ bodies: String..., status: Int = 200) throws(KeyTrouble) -> KeyStep {
        try HTXKeyInspection(credentials).step(
            after: bodies.map { KeyAnswer(status: status, body: Array($0.utf8)) },
            host: "api.huobi.pro",
            time: time,
            nonce: ""
        )
    }

    private func call(_ step: KeyStep) throws -> SignedCall {
        guard case .call(let call) = step else { throw KeyTrouble.unreadable }
        return call
    }

    private static let user = #"{"code":200,"data":63628520}"#

    /// A recorded answer, its first key renamed.
    private static let recorded =
        #"{"code":200,"message":"success","data":[{"accessKey":"access","status":"normal","note":"host","#
        + #""permission":"trade,readOnly","ipAddresses":"192.168.0.1,192.168.1.1","validDays":-1},"#
        + #"{"accessKey":"other","status":"normal","permission":"readOnly,trade,withdraw","ipAddresses":""}],"ok":true}"#

    @Test func `the user is asked first, then the key`() throws {
        #expect(try call(try step()).path.hasPrefix("/v2/user/uid?AccessKeyId=access&"))
        let second = try call(try step(Self.user)).path
        #expect(second.hasPrefix("/v2/user/api-key?AccessKeyId=access&"))
        #expect(second.contains("&accessKey=access&uid=63628520&Signature="))
    }

    @Test func `the row of this key counts`() throws {
        guard case .done(let powers) = try step(Self.user, Self.recorded) else {
            Issue.record("not done")
            return
        }
        #expect(powers.reads == .yes && powers.trades == .yes && powers.withdraws == .no)
        #expect(powers.addresses == ["192.168.0.1", "192.168.1.1"])
        let only = #"{"code":200,"data":[{"accessKey":"ac***","permission":"withdraw","ipAddresses":""}]}"#
        guard case .done(let dangerous) = try step(Self.user, only) else {
            Issue.record("not done")
            return
        }
        #expect(dangerous.withdraws == .yes && dangerous.reads == .no && dangerous.addresses == [])
    }

    @Test(arguments: [
        (
            200,
            #"{"status":"error","err-code":"api-signature-not-valid","err-msg":"Signature not valid: Verification failure"}"#,
            KeyTrouble.wrongSignature
        ),
        (
            200,
            #"{"status":"error","err-code":"api-signature-not-valid","err-msg":"Signature not valid: Incorrect Access key"}"#,
            .unknownKey
        ),
        (
            200,
            #"{"status":"error","err-code":"api-signature-not-valid","err-msg":"Signature not valid: Invalid submission time"}"#,
            .clock
        ),
        (200, #"{"code":2002,"message":"forbidden operation"}"#, .refused("2002 forbidden operation")),
        (403, "Forbidden", .forbidden), (429, "", .busy), (502, "", .busy), (200, "<html>", .unreadable),
        (200, #"{"code":200,"data":"x"}"#, .unreadable), (200, #"{"code":200}"#, .unreadable),
    ])
    func `refusals are told apart`(status: Int, body: String, trouble: KeyTrouble) {
        #expect(throws: trouble) { try step(body, status: status) }
    }

    @Test func `an answer without this key is unreadable`() {
        for body in [
            #"{"code":200,"data":[]}"#, #"{"code":200,"data":[{"accessKey":"a"},{"accessKey":"b"}]}"#,
        ] {
            #expect(throws: KeyTrouble.unreadable) { try step(Self.user, body) }
        }
    }
}
