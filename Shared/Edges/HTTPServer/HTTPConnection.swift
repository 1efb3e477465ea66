// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle

/// One client: bytes in, bytes out, a deadline.
///
/// Decides; the server's loop does the reading and writing.
struct HTTPConnection {
    let descriptor: Int32
    private(set) var output: [UInt8] = []
    private(set) var written = 0
    private(set) var isClosing = false
    private(set) var deadline: MonotonicNanos
    private var input: [UInt8] = []
    private let limits: HTTPLimits

    init(descriptor: Int32, limits: HTTPLimits, now: MonotonicNanos) {
        self.descriptor = descriptor
        self.limits = limits
        deadline = now.advanced(milliseconds: limits.requestMilliseconds)
    }

    /// Whether there is something to write; then nothing is read, so that a client can't pile up answers.
    var wantsToWrite: Bool { written < output.count }

    /// Whether nothing is under way: such a connection may be closed to make room.
    var isIdle: Bool { input.isEmpty && !wantsToWrite }

    /// Whether the connection is finished.
    var isDone: Bool { isClosing && !wantsToWrite }

    mutating func received(_ bytes: UnsafeRawBufferPointer, at now: MonotonicNanos, router: HTTPRouter) {
        if input.isEmpty { deadline = now.advanced(milliseconds: limits.requestMilliseconds) }
        input.append(contentsOf: bytes)
        answer(at: now, router: router)
    }

    mutating func wrote(_ count: Int, at now: MonotonicNanos, router: HTTPRouter) {
        written += count
        guard !wantsToWrite else { return }
        output.removeAll(keepingCapacity: true)
        written = 0
        deadline = now.advanced(milliseconds: limits.idleMilliseconds)
        if !isClosing { answer(at: now, router: router) }
    }

    /// The client is gone: nothing more is read or written.
    mutating func abandon() {
        isClosing = true
        input.removeAll()
        output.removeAll()
        written = 0
    }

    /// Answers the first complete request, if there is one.
    private mutating func answer(at now: MonotonicNanos, router: HTTPRouter) {
        guard !input.isEmpty, !isClosing else { return }
        let parser = HTTPRequestParser(maximumHeader: limits.headerBytes, maximumBody: router.maximumBody)
        switch parser.parse(input) {
        case .incomplete: return
        case .refused(let status, let text):
            router.countRefused()
            isClosing = true
            input.removeAll()
            append(.text(text + "\n", status: status), isHead: false, allow: nil)
        case .request(let request, let consumed, let keepAlive):
            input.removeFirst(consumed)
            isClosing = !keepAlive
            let (response, allow) = router.response(to: request)
            append(response, isHead: request.method == "HEAD", allow: allow)
        }
        deadline = now.advanced(milliseconds: limits.requestMilliseconds)
    }

    private mutating func append(_ response: HTTPResponse, isHead: Bool, allow: String?) {
        var head = "HTTP/1.1 \(response.status) \(HTTPResponse.reason(response.status))\r\n"
        head += "Content-Type: \(response.contentType)\r\nContent-Length: \(response.body.count)\r\n"
        if let allow { head += "Allow: \(allow)\r\n" }
        head += "Connection: \(isClosing ? "close" : "keep-alive")\r\n\r\n"
        output.append(contentsOf: head.utf8)
        if !isHead { output.append(contentsOf: response.body) }
    }
}
