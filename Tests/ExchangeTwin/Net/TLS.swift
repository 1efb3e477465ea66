// Part of MarketBus. Apache License 2.0, see LICENSE.

import COpenSSL

/// What a read or write on a socket came to.
enum Transfer {
    case moved(Int)
    case later
    case gone
}

/// The certificate and key that every connection of the exchange port uses.
final class TLSContext {
    private let context: OpaquePointer

    init?(certificate: String, key: String) {
        guard let made = md_tls_server_context() else { return nil }
        guard md_tls_use_files(made, certificate, key) == 1 else {
            SSL_CTX_free(made)
            return nil
        }
        context = made
    }

    deinit { SSL_CTX_free(context) }

    func session(descriptor: Int32) -> TLSSession? {
        guard let ssl = SSL_new(context) else { return nil }
        guard SSL_set_fd(ssl, descriptor) == 1 else {
            SSL_free(ssl)
            return nil
        }
        SSL_set_accept_state(ssl)
        return TLSSession(ssl: ssl)
    }

    /// Why the last call failed.
    static var lastError: String {
        var buffer = [CChar](repeating: 0, count: 256)
        return String(cString: md_tls_error_text(&buffer, buffer.count))
    }
}

/// One TLS connection over a non-blocking socket; the handshake runs inside the first reads and writes.
final class TLSSession {
    private let ssl: OpaquePointer

    fileprivate init(ssl: OpaquePointer) { self.ssl = ssl }

    deinit { SSL_free(ssl) }

    func read(into space: UnsafeMutablePointer<UInt8>, size: Int) -> Transfer {
        ERR_clear_error()
        return outcome(SSL_read(ssl, space, Int32(clamping: size)))
    }

    func write(_ bytes: UnsafePointer<UInt8>, count: Int) -> Transfer {
        ERR_clear_error()
        return outcome(SSL_write(ssl, bytes, Int32(clamping: count)))
    }

    func shutdown() { _ = SSL_shutdown(ssl) }

    private func outcome(_ result: Int32) -> Transfer {
        if result > 0 { return .moved(Int(result)) }
        let reason = SSL_get_error(ssl, result)
        return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? .later : .gone
    }
}

/// The answer to a WebSocket key: base64 of SHA-1 of the key and the protocol's fixed text.
func webSocketAccept(key: String) -> String {
    let input = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    var digest = [UInt8](repeating: 0, count: 20)
    guard md_sha1(input, input.count, &digest) == 1 else { return "" }
    var encoded = [UInt8](repeating: 0, count: 32)
    let size = EVP_EncodeBlock(&encoded, digest, 20)
    return String(decoding: encoded.prefix(Int(size)), as: UTF8.self)
}
