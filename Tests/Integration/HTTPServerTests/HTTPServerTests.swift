// Part of MarketBus. Apache License 2.0, see LICENSE.

import HTTPServer
import Lifecycle
import Observability
import TestKit
import Testing

private func serving(
    _ observability: Observability = .silent,
    limits: HTTPLimits = HTTPLimits(),
    routes: [HTTPRoute] = [],
    _ body: (UInt16) throws -> Void
) throws {
    let all = HTTPRoute.standard(observability) + routes
    let server = HTTPServer(
        address: "127.0.0.1",
        port: 0,
        routes: all,
        observability: observability,
        limits: limits
    )
    try server.start()
    defer { server.stop() }
    try body(server.port)
}

private let echo = HTTPRoute("POST", "/echo", maximumBody: 64) {
    .text(String(decoding: $0.body, as: UTF8.self))
}
private let query = HTTPRoute("GET", "/a b") { .text($0.query("x") ?? "none") }

@Suite struct HTTPServerTests {
    @Test func `live, ready and metrics answer`() throws {
        let observability = Observability.silent
        let kafka = observability.readiness.check("kafka", "no broker yet")
        observability.registerProcessMetrics(version: "1")
        try serving(observability) { port in
            #expect(try Client.get("/live", port: port).hasPrefix("HTTP/1.1 200 OK\r\n"))
            let before = try Client.get("/ready", port: port)
            #expect(before.hasPrefix("HTTP/1.1 503 "))
            #expect(before.hasSuffix("\r\n\r\nnot ready kafka: no broker yet\n"))
            kafka.set(true, "1 broker")
            #expect(try Client.get("/ready", port: port).hasPrefix("HTTP/1.1 200 "))
            let metrics = try Client.get("/metrics", port: port)
            #expect(metrics.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(metrics.contains("marketbus_http_requests_total{method=\"GET\",path=\"/live\"} 1\n"))
            #expect(metrics.contains("process_resident_memory_bytes "))
        }
    }

    @Test func `a connection is kept, requests in one packet are answered in order, HEAD has no body`() throws
    {
        try serving(routes: [echo, query]) { port in
            let client = try Client(port: port)
            client.send(
                "HEAD /live HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
            )
            let first = client.read { $0.hasSuffix("hello") }
            #expect(first.components("HTTP/1.1 200 OK") == 2)
            #expect(!first.contains("\r\n\r\nalive"))
            client.send("GET /a%20b?x=1%2B1&y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(client.read().hasSuffix("\r\n\r\n1+1"))
        }
    }

    @Test func `a request may arrive byte by byte`() throws {
        try serving(routes: [echo]) { port in
            let client = try Client(port: port)
            for byte in "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
            {
                client.send(String(byte))
            }
            #expect(client.read().hasSuffix("\r\n\r\nabc"))
        }
    }

    @Test(arguments: [
        ("GET /live\r\n\r\n", 400), ("\r\n\r\n", 400), ("GET  /live HTTP/1.1\r\n\r\n", 400),
        ("GET live HTTP/1.1\r\n\r\n", 400),
        ("GET /live HTTP/1.1\r\n\r\n", 400), ("GET /live HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        ("BREW /live HTTP/1.1\r\nHost: x\r\n\r\n", 501), ("GET /live HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("GET /live HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        ("GET /live HTTP/1.1\nHost: x\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /live HTTP/1.1\r\nHost: x\u{1}\r\n\r\n", 400),
        ("GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        ("POST /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\n", 413),
        ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        ("GET /live HTTP/1.1\r\nHost: x\r\nX: " + String(repeating: "y", count: 9000) + "\r\n\r\n", 431),
    ])
    func `what is not a good request gets its status and the server lives`(
        request: String,
        status: Int
    ) throws {
        try serving(routes: [echo]) { port in
            let answer = try Client.exchange(request, port: port)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            let next = try Client.get("/live", port: port)
            #expect(next.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `slow and idle clients are closed in bounded time and others are served`() throws {
        var limits = HTTPLimits()
        limits.connections = 4
        limits.requestMilliseconds = 200
        limits.idleMilliseconds = 200
        try serving(limits: limits) { port in
            let slow = try (0..<8).map { _ in try Client(port: port) }
            for client in slow { client.send("GET /live HT") }
            let started = MonotonicNanos.now
            #expect(try Client.get("/live", port: port).hasPrefix("HTTP/1.1 200 "))
            #expect(slow[0].read() == "")
            #expect(MonotonicNanos.now - started < 5_000_000_000)
        }
    }

    @Test func `a port in use is an error that names address, port and mend, and leads to exit 64`() throws {
        try serving { port in
            let second = HTTPServer(address: "127.0.0.1", port: port, routes: [], observability: .silent)
            let error = #expect(throws: HTTPServerError.self) { try second.start() }
            #expect(error?.exitCode == .configuration)
            #expect(error?.description.contains("127.0.0.1, http.port \(port): the port is in use; ") == true)
        }
        let odd = HTTPServer(address: "localhost", port: 0, routes: [], observability: .silent)
        let error = #expect(throws: HTTPServerError.self) { try odd.start() }
        #expect(error?.description.contains("not a numeric address") == true)
    }

    @Test func `a stopped server leaves its port and may start again`() throws {
        let server = HTTPServer(address: "127.0.0.1", port: 0, routes: [], observability: .silent)
        try server.start()
        let port = server.port
        let client = try Client(port: port)
        server.stop()
        #expect(client.read() == "")
        #expect(throws: (any Error).self) { try Client(port: port) }
        #expect(server.port == 0)
        try server.start()
        #expect(server.port != 0)
        server.stop()
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(_ needle: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: needle) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
