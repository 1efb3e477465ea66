// Part of MarketBus. Apache License 2.0, see LICENSE.

import CCurl
import Lifecycle

/// One request on its way; the client's thread alone touches it once it was handed over.
// Safety: made on the caller's thread, then moved to the client's through its lock and used only there.
final class Transfer: @unchecked Sendable {
    private static let headerLimit = 256 << 10

    let id: RESTRequestID
    let request: RESTRequest
    let deadline: MonotonicNanos
    private let completion: @Sendable (Result<RESTResponse, RESTError>) -> Void
    private(set) var easy: OpaqueHandle?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false

    init(
        id: RESTRequestID,
        request: RESTRequest,
        completion: @escaping @Sendable (Result<RESTResponse, RESTError>) -> Void
    ) {
        self.id = id
        self.request = request
        self.completion = completion
        deadline = MonotonicNanos.now.advanced(milliseconds: Int64(request.totalTimeoutMilliseconds))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// Fills a handle; false if the library refuses something.
    func prepare(_ easy: OpaqueHandle, caFile: String?) -> Bool {
        self.easy = easy
        for header in request.headers { addHeader("\(header.name): \(header.value)") }
        // Some servers answer 400 to a client that doesn't say what it is.
        if !request.headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            addHeader("User-Agent: marketbus")
        }
        // No hesitation before a body; exchanges don't answer "continue".
        if request.body != nil { addHeader("Expect:") }
        return request.url.withCString { url in
            request.method.withCString { method in
                withOptionalCString(caFile) { caFile in
                    (request.body ?? []).withUnsafeBufferPointer { body in
                        fill(easy, url, method, caFile, body)
                    }
                }
            }
        }
    }

    private func addHeader(_ line: String) {
        if let longer = curl_slist_append(headerList, line) { headerList = longer }
    }

    private func fill(
        _ easy: OpaqueHandle,
        _ url: UnsafePointer<CChar>,
        _ method: UnsafePointer<CChar>,
        _ caFile: UnsafePointer<CChar>?,
        _ body: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var settings = md_curl_request(
            url: url,
            method: method,
            has_body: request.body != nil,
            body: body.baseAddress,
            body_length: Int64(body.count),
            headers: headerList,
            connect_timeout_ms: min(request.connectTimeoutMilliseconds, request.totalTimeoutMilliseconds),
            total_timeout_ms: max(1, Int(deadline.millisecondsLeft())),
            maximum_declared_bytes: Int64(request.maximumBodyBytes),
            ca_file: caFile,
            error_text: errorText,
            context: Unmanaged.passUnretained(self).toOpaque(),
            on_body: { bytes, size, count, context in
                guard let context else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    ? size * count : 0
            },
            on_header: { bytes, size, count, context in
                guard let context else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    ? size * count : 0
            }
        )
        return md_curl_prepare(easy, &settings) == CURLE_OK
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= request.maximumBodyBytes - body.count else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimit else {
            isTooLarge = true
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A new status line: what came before belonged to an interim response.
            headers = []
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].trimmed
            headers.append((name: line[..<colon].lowercased(), value: String(value)))
        }
        return true
    }

    /// Reports the end that the library tells.
    func finish(_ result: CURLcode) {
        if result == CURLE_OK, let easy {
            let wait = md_curl_retry_after(easy)
            let response = RESTResponse(
                status: md_curl_status(easy),
                headers: headers,
                body: body,
                retryAfterSeconds: wait > 0 ? wait : nil
            )
            completion(.success(response))
        } else {
            completion(.failure(error(for: result)))
        }
    }

    /// Reports an end of our own making.
    func fail(_ code: RESTError.Code, _ retry: RESTError.Retry, _ message: String) {
        completion(.failure(RESTError(code: code, retry: retry, message: message)))
    }

    private func error(for result: CURLcode) -> RESTError {
        if isTooLarge || result == CURLE_FILESIZE_EXCEEDED {
            let message = "the response is larger than \(request.maximumBodyBytes) bytes"
            return RESTError(code: .tooLarge, retry: .never, message: message)
        }
        let (code, retry) = Self.classify(result)
        var message = String(cString: errorText)
        if message.isEmpty || message.contains("?") { message = String(cString: curl_easy_strerror(result)) }
        return RESTError(code: code, retry: retry, message: message)
    }

    private static func classify(_ result: CURLcode) -> (RESTError.Code, RESTError.Retry) {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: (.dns, .afterPause)
        case CURLE_COULDNT_CONNECT: (.refused, .afterPause)
        case CURLE_OPERATION_TIMEDOUT: (.timeout, .afterPause)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR: (.tls, .never)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: (.tls, .afterPause)
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            (.transportLost, .afterPause)
        case CURLE_URL_MALFORMAT: (.invalidRequest, .never)
        case CURLE_OUT_OF_MEMORY: (.resources, .afterPause)
        default: (.protocolError, .afterPause)
        }
    }
}

/// The library's name for a handle.
typealias OpaqueHandle = UnsafeMutableRawPointer

private func withOptionalCString<Value>(
    _ text: String?,
    _ body: (UnsafePointer<CChar>?) -> Value
) -> Value {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}

extension Substring {
    /// Without spaces, tabs and line ends around it.
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
