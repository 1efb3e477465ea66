// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import REST
import Synchronization
import Testing

@Suite(.serialized, .enabled(if: Peer.shared != nil, "python3 and openssl"), .timeLimit(.minutes(2)))
struct RESTTests {
    let peer: Peer

    init() throws {
        peer = try #require(Peer.shared)
    }

    private func withClient(
        caFile: String? = nil,
        limits: RESTLimits = RESTLimits(),
        _ body: (RESTClient) async throws -> Void
    ) async throws {
        let client = try RESTClient(name: "rest-test", tls: RESTTLS(caFile: caFile), limits: limits)
        try client.start()
        defer { client.stop() }
        try await body(client)
    }

    /// The code of the error that the request ends with, or nil when it has a response.
    private func failure(_ client: RESTClient, _ request: RESTRequest) async -> RESTError? {
        do throws(RESTError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a response has status, lower-case header names and the body`() async throws {
        try await withClient { client in
            let response = try await client.send(RESTRequest(url: peer.url("plain", "/hello")))
            #expect(response.status == 200)
            #expect(response.body == Array("hello".utf8))
            #expect(response.header("x-test") == "One")
        }
    }

    @Test func `connections are kept alive and used again`() async throws {
        try await withClient { client in
            let first = try await client.send(RESTRequest(url: peer.url("plain", "/connections")))
            for _ in 0..<20 { _ = try await client.send(RESTRequest(url: peer.url("plain", "/hello"))) }
            let last = try await client.send(RESTRequest(url: peer.url("plain", "/connections")))
            #expect(first.body == last.body)
        }
    }

    @Test func `headers and bodies are sent as given`() async throws {
        try await withClient { client in
            let headers = [(name: "X-Key", value: "abc def")]
            let seen = try await client.send(
                RESTRequest(url: peer.url("plain", "/headers"), headers: headers)
            )
            let object = try JSONDecoder().decode([String: String].self, from: Data(seen.body))
            #expect(object["x-key"] == "abc def")
            #expect(object["accept-encoding"] == "gzip")
            for method in ["POST", "PUT", "DELETE"] {
                let body = Array("{\"a\":1}\u{0}é".utf8)
                let echo = try await client.send(
                    RESTRequest(method: method, url: peer.url("plain", "/"), body: body)
                )
                #expect(echo.body == Array("\(method):".utf8) + body)
            }
        }
    }

    @Test func `compressed bodies are decompressed and the limit holds for the result`() async throws {
        try await withClient { client in
            let url = peer.url("plain", "/gzip?size=1000000")
            let response = try await client.send(RESTRequest(url: url, maximumBodyBytes: 1_000_000))
            #expect(response.body.count == 1_000_000)
            let error = await failure(client, RESTRequest(url: url, maximumBodyBytes: 999_999))
            #expect(error?.code == .tooLarge)
            #expect(error?.retry == .never)
            #expect(
                await failure(client, RESTRequest(url: peer.url("plain", "/brokengzip")))?.code
                    == .protocolError
            )
        }
    }

    @Test func `an endless body is cut at the limit`() async throws {
        try await withClient { client in
            let request = RESTRequest(url: peer.url("plain", "/endless"), maximumBodyBytes: 5_000_000)
            #expect(await failure(client, request)?.code == .tooLarge)
        }
    }

    @Test func `429 is a response and says when to come back`() async throws {
        try await withClient { client in
            let response = try await client.send(RESTRequest(url: peer.url("plain", "/limit")))
            #expect(response.status == 429)
            #expect(response.retryAfterSeconds == 7)
            let dated = try await client.send(RESTRequest(url: peer.url("plain", "/limitdate")))
            #expect((60...90).contains(dated.retryAfterSeconds ?? 0))
        }
    }

    @Test func `redirects are not followed`() async throws {
        try await withClient { client in
            let response = try await client.send(RESTRequest(url: peer.url("plain", "/redirect")))
            #expect(response.status == 302)
            #expect(response.header("location") == "/hello")
        }
    }

    @Test(arguments: [
        ("/cut", RESTError.Code.transportLost), ("/nothing", .transportLost), ("/nonsense", .protocolError),
        ("/sleep?s=3", .timeout), ("/drip", .timeout),
    ])
    func `a broken or slow answer is a typed error without the query`(
        path: String,
        code: RESTError.Code
    ) async throws {
        try await withClient { client in
            let began = ContinuousClock.now
            let request = RESTRequest(url: peer.url("plain", path), totalTimeoutMilliseconds: 300)
            let error = try #require(await failure(client, request))
            #expect(error.code == code)
            #expect(error.retry == .afterPause)
            #expect(!error.description.contains("s=3"))
            #expect(ContinuousClock.now - began < .seconds(2))
            #expect(client.metrics.failures == [code.label: 1])
        }
    }

    @Test func `a closed port and an unknown host are told apart`() async throws {
        try await withClient { client in
            #expect(await failure(client, RESTRequest(url: peer.url("closed", "/")))?.code == .refused)
            let unknown = RESTRequest(url: "http://no-such-host.invalid/")
            #expect(await failure(client, unknown)?.code == .dns)
        }
    }

    @Test func `TLS is verified against the configured authorities and the host name`() async throws {
        let good = peer.url("tls", "/hello", scheme: "https", host: "localhost")
        try await withClient(caFile: peer.caFile) { client in
            let response = try await client.send(RESTRequest(url: good))
            #expect(response.status == 200)
            let wrong = peer.url("wronghost", "/hello", scheme: "https", host: "localhost")
            let error = await failure(client, RESTRequest(url: wrong))
            #expect(error?.code == .tls)
            #expect(error?.retry == .never)
        }
        try await withClient { client in
            #expect(await failure(client, RESTRequest(url: good))?.code == .tls)
        }
    }

    @Test(arguments: [
        "", "hello", "ftp://localhost/", "file:///etc/passwd", "http://a b/", "http://h/\r\nX: y",
    ])
    func `a bad URL is refused`(url: String) async throws {
        try await withClient { client in
            #expect(await failure(client, RESTRequest(url: url))?.code == .invalidRequest)
        }
    }

    @Test func `a missing CA file is refused at once`() {
        #expect(throws: RESTError.self) { try RESTClient(name: "x", tls: RESTTLS(caFile: "/does/not/exist")) }
    }

    @Test func `the waiting queue is bounded, and each request completes once`() async throws {
        let slow = peer.url("plain", "/sleep?s=0.3")
        try await withClient(limits: RESTLimits(concurrent: 2, connectionsPerHost: 2, waiting: 3)) { client in
            let refused = Mutex(0)
            for _ in 0..<8 {
                client.send(RESTRequest(url: slow)) { result in
                    if case .failure(let error) = result, error.code == .overloaded {
                        refused.withLock { $0 += 1 }
                    }
                }
            }
            #expect(refused.withLock { $0 } == 3)
            let end = ContinuousClock.now + .seconds(10)
            while client.metrics.responses < 5, ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(client.metrics.responses == 5)
            #expect(client.metrics.failures == ["overloaded": 3])
        }
    }

    @Test func `cancelling the task cancels the request`() async throws {
        try await withClient { client in
            let url = peer.url("plain", "/sleep?s=5")
            let task = Task { await failure(client, RESTRequest(url: url)) }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let began = ContinuousClock.now
            #expect(await task.value?.code == .cancelled)
            #expect(ContinuousClock.now - began < .seconds(1))
        }
    }

    @Test func `a stop ends what is under way and refuses what comes`() async throws {
        let client = try RESTClient(name: "rest-test", limits: RESTLimits(concurrent: 1, waiting: 5))
        try client.start()
        let codes = Mutex<[String]>([])
        for _ in 0..<4 {
            client.send(RESTRequest(url: peer.url("plain", "/sleep?s=5"))) { result in
                if case .failure(let error) = result { codes.withLock { $0.append(error.metricLabel) } }
            }
        }
        client.stop()
        client.stop()
        #expect(codes.withLock { $0 } == ["stopped", "stopped", "stopped", "stopped"])
        #expect(await failure(client, RESTRequest(url: peer.url("plain", "/hello")))?.code == .stopped)
    }
}
