// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Secrets
import Signing
import Testing

/// Encodings and times, against Foundation's own.
@Suite struct FormTests {
    @Test func `base64 is Foundation's, both ways`() {
        var generator = SystemRandomNumberGenerator()
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = Data(bytes).base64EncodedString()
            #expect(Base64.encode(bytes) == text)
            #expect(Base64.decode(text.utf8) == bytes)
            let url = text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            #expect(Base64.encodeForURL(bytes) == url)
        }
    }

    @Test(arguments: [
        "A", "AA", "AAA", "A===", "AA=A", "====", "AA==AA==", "AAB=", "AB==", "AA==\n", "A A=", "é===",
    ])
    func `what is not base64 is refused`(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test func `percent-encoding keeps only what has no meaning`() {
        #expect(PercentEncoding.encode("AZaz09-._~") == "AZaz09-._~")
        #expect(PercentEncoding.encode("a b+c/d:e=f&g%h") == "a%20b%2Bc%2Fd%3Ae%3Df%26g%25h")
        #expect(PercentEncoding.encode("１") == "%EF%BC%91")
        for byte in UInt8.min...127 {
            let character = String(UnicodeScalar(byte))
            let encoded = PercentEncoding.encode(character)
            #expect(encoded.removingPercentEncoding == character)
        }
    }

    @Test func `parameters are sorted by bytes and keep equal names in order`() {
        let parameters: QueryParameters = ["b": "1", "a": "2", "A": "3", "b": "0", "": "x", "Z": ""]
        #expect(parameters.sorted.plain == "=x&A=3&Z=&a=2&b=1&b=0")
        #expect(parameters.plain == "b=1&a=2&A=3&b=0&=x&Z=")
    }

    @Test func `times are Foundation's`() {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            // 1601 to 2400.
            let seconds = Int64.random(in: -11_644_473_600...13_569_465_600, using: &generator)
            let micros = Int64.random(in: 0...999_999, using: &generator)
            let time = SigningTime(microseconds: seconds * 1_000_000 + micros)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(time.isoSeconds + "Z" == expected)
            #expect(time.seconds == seconds)
            let thousandths = micros / 1000
            #expect(time.isoMilliseconds == expected.dropLast() + String(format: ".%03dZ", thousandths))
            #expect(time.milliseconds == seconds * 1000 + thousandths)
        }
        #expect(
            SigningTime(microseconds: 1_607_418_537_715_999).isoMilliseconds == "2020-12-08T09:08:57.715Z"
        )
        #expect(SigningTime(microseconds: .max).isoSeconds == "9999-12-31T23:59:59")
        #expect(SigningTime(microseconds: .min).isoSeconds == "0001-01-01T00:00:00")
    }

    @Test func `a secret gives its bytes back and nothing else`() {
        let secret = Secret("word".utf8)
        #expect(secret.withBytes { Array($0) } == Array("word".utf8))
        #expect(secret.count == 4)
        #expect(!"\(secret)".contains("word"))
        #expect(Base64.decode(Secret("d29yZA==".utf8))?.withBytes { Array($0) } == Array("word".utf8))
        #expect(Base64.decode(Secret("word!".utf8)) == nil)
        var bytes: [UInt8] = [1, 2, 3]
        Secret.wipe(&bytes)
        #expect(bytes == [0, 0, 0])
    }

    @Test func `comparing takes equal bytes only`() {
        #expect(ConstantTime.equal([], []))
        #expect(ConstantTime.equal([1, 2], [1, 2]))
        #expect(!ConstantTime.equal([1, 2], [1, 3]))
        #expect(!ConstantTime.equal([1, 2], [1]))
        #expect(ConstantTime.equal("abc", "abc"))
        #expect(!ConstantTime.equal("abc", "abd"))
    }

    @Test func `an answer that is no object has no fields`() {
        for body in ["", "x", "[]", "{", #"{"a":1"#, #"{"a":1}x"#] {
            #expect(KeyAnswer(status: 200, body: Array(body.utf8)).fields == nil)
            #expect(KeyAnswer(status: 200, body: Array(body.utf8)).rows("a") == nil)
        }
        let body = #"{"a":1,"b":"two","c":null,"d":true,"e":{"x":1},"f":[{"y":"z","n":null},{}],"g":[1]}"#
        let answer = KeyAnswer(status: 200, body: Array(body.utf8))
        #expect(answer.fields == ["a": "1", "b": "two", "d": "true"])
        #expect(answer.rows("f") == [["y": "z"], [:]])
        #expect(answer.rows("g") == nil)
        #expect(answer.rows("h") == nil)
    }
}
