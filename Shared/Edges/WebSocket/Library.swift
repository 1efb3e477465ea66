// Part of MarketBus. Apache License 2.0, see LICENSE.

import CWebSockets
import Glibc
import Synchronization

/// The library's context, as a value that may lie behind a lock.
// Safety: only a pointer; the loop says which thread may give it to the library (`md_ws_loop_wake`: any).
struct LibraryHandle: @unchecked Sendable {
    let pointer: OpaquePointer
}

/// Makes and destroys the library's contexts, one at a time: its TLS set-up is global.
enum LibraryContext {
    /// Whether a context has set up the library's TLS.
    private static let gate = Mutex(false)

    static func make(owner: WebSocketLoop, caFile: String?) -> LibraryHandle? {
        gate.withLock { hasBegun in
            let owner = Unmanaged.passUnretained(owner).toOpaque()
            LibraryLog.install()
            let begins = !hasBegun
            hasBegun = true
            guard let caFile else { return create(owner: owner, caFile: nil, beginsTLS: begins) }
            return caFile.withCString { create(owner: owner, caFile: $0, beginsTLS: begins) }
        }
    }

    static func destroy(_ context: LibraryHandle) {
        gate.withLock { _ in md_ws_loop_destroy(context.pointer) }
    }

    private static func create(
        owner: UnsafeMutableRawPointer,
        caFile: UnsafePointer<CChar>?,
        beginsTLS: Bool
    ) -> LibraryHandle? {
        var settings = md_ws_loop_settings(
            ca_file: caFile,
            callback: libraryCallback,
            owner: owner,
            on_alarm: { Unmanaged<WebSocketLoop>.fromOpaque($0).takeUnretainedValue().alarmRang() },
            receive_buffer_bytes: UInt32(WebSocketLoop.receiveBufferBytes),
            descriptor_limit: UInt32(WebSocketLoop.connectionLimit + 16),
            begins_tls: beginsTLS
        )
        return md_ws_loop_create(&settings).map(LibraryHandle.init)
    }
}

/// The library's own log, kept off stderr.
enum LibraryLog {
    private static let sink = Mutex<(@Sendable (String) -> Void)?>(nil)

    static func set(_ newSink: (@Sendable (String) -> Void)?) { sink.withLock { $0 = newSink } }

    static func install() {
        md_ws_set_log { _, line in
            guard let sink = LibraryLog.sink.withLock({ $0 }) else { return }
            var text = String(cString: line)
            while text.last?.isNewline == true { text.removeLast() }
            sink(text)
        }
    }
}

/// Names threads without asking an owner.
enum ThreadIdentity {
    static var current: UInt { UInt(pthread_self()) }
}

/// Looks at a certificate file before the library, which goes on without one that it can't read.
enum CertificateFile {
    static func check(_ path: String) throws(WebSocketError) {
        guard let file = fopen(path, "r") else {
            throw WebSocketError(code: .certificateAuthorities, message: "can't open the CA file \(path)")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        guard
            text.contains("-----BEGIN CERTIFICATE-----")
                || text.contains("-----BEGIN TRUSTED CERTIFICATE-----")
        else {
            throw WebSocketError(
                code: .certificateAuthorities,
                message: "the CA file \(path) holds no PEM certificate"
            )
        }
    }
}

/// The one function that the library calls; only the reasons listed here carry a connection in `user`.
private func libraryCallback(
    wsi: OpaquePointer?,
    reason: lws_callback_reasons,
    user: UnsafeMutableRawPointer?,
    input: UnsafeMutableRawPointer?,
    length: Int
) -> Int32 {
    switch reason {
    case LWS_CALLBACK_CLIENT_RECEIVE:
        guard let wsi, let user else { return -1 }
        return Unmanaged<Connection>.fromOpaque(user)._withUnsafeGuaranteedRef {
            $0.receive(wsi, input, length)
        }
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        guard let wsi, let user else { return 0 }
        return Unmanaged<Connection>.fromOpaque(user)._withUnsafeGuaranteedRef { $0.writable(wsi) }
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG, LWS_CALLBACK_CLIENT_ESTABLISHED, LWS_CALLBACK_CLIENT_CLOSED,
        LWS_CALLBACK_CLIENT_CONNECTION_ERROR, LWS_CALLBACK_WSI_DESTROY, LWS_CALLBACK_WS_PEER_INITIATED_CLOSE,
        LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER, LWS_CALLBACK_CLIENT_CONFIRM_EXTENSION_SUPPORTED:
        guard let wsi, let user else { return 0 }
        let connection = Unmanaged<Connection>.fromOpaque(user).takeUnretainedValue()
        return connection.rareEvent(wsi, reason, input, length)
    case LWS_CALLBACK_CLIENT_HTTP_REDIRECT: return -1
    default: return 0
    }
}
