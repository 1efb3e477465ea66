// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing
import WebSocket

struct RequestTests {
    @Test(arguments: [
        (
            "wss://stream.binance.com:9443/ws?x=1", true, "stream.binance.com", 9443, "/ws?x=1",
            "stream.binance.com:9443"
        ),
        ("WSS://a.b/", true, "a.b", 443, "/", "a.b"), ("ws://h", false, "h", 80, "/", "h"),
        ("ws://h?q=1", false, "h", 80, "/?q=1", "h"),
        ("ws://[::1]:8080/p", false, "::1", 8080, "/p", "[::1]:8080"),
        ("ws://127.0.0.1:80/", false, "127.0.0.1", 80, "/", "127.0.0.1"),
    ])
    func `a good URL is cut into its parts`(
        text: String,
        isTLS: Bool,
        host: String,
        port: Int,
        target: String,
        header: String
    ) throws {
        let url = try WebSocketURL(text)
        #expect(url.isTLS == isTLS)
        #expect(url.host == host)
        #expect(Int(url.port) == port)
        #expect(url.target == target)
        #expect(url.hostHeader == header)
    }

    @Test(arguments: [
        "", "http://a/", "ws:/a", "ws://", "ws:///path", "ws://a:0/", "ws://a:65536/", "ws://a:x/",
        "ws://a:/", "ws://a:+1/",
        "ws://u:p@h/", "ws://a b/", "ws://a/\r\nX: y", "ws://a/#f", "ws://[::1/", "ws://[::1]x/", "ws://ä/",
        "ws://a/é",
        "ws://a_b;c/",
    ])
    func `a bad URL is refused without repeating its query`(text: String) {
        let error = #expect(throws: WebSocketError.self) { try WebSocketURL(text) }
        #expect(error?.code == .invalidURL)
    }

    @Test func `bad headers and limits, and calls from another thread, are refused`() async throws {
        try await withLoop { loop in
            let recorder = Recorder()
            var bad: [WebSocketRequest] = []
            bad.append(WebSocketRequest(url: "ws://h/", extraHeaders: [("A\r\nB", "x")]))
            bad.append(WebSocketRequest(url: "ws://h/", extraHeaders: [("A", "x\r\nB: y")]))
            bad.append(WebSocketRequest(url: "ws://h/", connectTimeoutMilliseconds: 0))
            bad.append(WebSocketRequest(url: "ws://h/", maximumMessageBytes: 0))
            bad.append(WebSocketRequest(url: "ws://h/", sendQueueLimit: 0))
            for request in bad {
                let error = #expect(throws: WebSocketError.self) {
                    try loop.connect(request, handler: recorder)
                }
                #expect(error?.code == .invalidRequest)
            }
            let error = #expect(throws: WebSocketError.self) {
                try loop.connect(WebSocketRequest(url: "ws://127.0.0.1:1/"), handler: recorder)
            }
            #expect(error?.code == .notRunning)
        }
    }

    @Test func `a missing or empty CA file is refused at once`() {
        for file in ["/does/not/exist", "/dev/null"] {
            let error = #expect(throws: WebSocketError.self) {
                try WebSocketLoop(name: "x", tls: WebSocketTLS(caFile: file))
            }
            #expect(error?.code == .certificateAuthorities)
        }
    }
}
