// Part of MarketBus. Apache License 2.0, see LICENSE.

import CWebSockets

extension Connection {
    /// Everything the library reports that is not a message or a free socket.
    func rareEvent(
        _ wsi: OpaquePointer,
        _ reason: lws_callback_reasons,
        _ input: UnsafeMutableRawPointer?,
        _ length: Int
    ) -> Int32 {
        switch reason {
        case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
            hasReceivedSincePing = true
            guard state == .open, verdict == nil else { return 0 }
            handler.webSocket(id, didReceivePong: UnsafeRawBufferPointer(start: input, count: length))
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
            guard verdict == nil else { return -1 }
            self.wsi = wsi
            loop.opened(self)
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: noteRemoteClose(input, length)
        case LWS_CALLBACK_CLIENT_CLOSED:
            self.wsi = nil
            let lost = WebSocketCloseReason(.transportLost, "the transport ended without a close frame")
            loop.end(self, verdict ?? remoteClose ?? lost)
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            loop.failed(self, failure(wsi, Self.text(input, length)))
        case LWS_CALLBACK_WSI_DESTROY: destroyed(wsi)
        case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: return appendHeaders(input, room: length)
        case LWS_CALLBACK_CLIENT_CONFIRM_EXTENSION_SUPPORTED: return request.offerCompression ? 0 : 1
        default: break
        }
        return 0
    }

    private func destroyed(_ wsi: OpaquePointer) {
        // With several addresses a later attempt may own the connection by now.
        guard self.wsi == nil || self.wsi == wsi else { return }
        self.wsi = nil
        if state == .connecting || state == .open || state == .closing {
            loop.end(
                self,
                verdict ?? remoteClose ?? WebSocketCloseReason(.transportLost, "the handle was destroyed")
            )
        }
        if state == .ended { loop.unbind(self) }
    }

    private func noteRemoteClose(_ input: UnsafeMutableRawPointer?, _ length: Int) {
        guard let input, length >= 2 else {
            remoteClose = WebSocketCloseReason(.remoteClose(code: 1005))
            return
        }
        let bytes = UnsafeRawBufferPointer(start: input, count: length)
        let code = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        remoteClose = WebSocketCloseReason(.remoteClose(code: code), Self.text(input + 2, length - 2))
    }

    private func appendHeaders(_ input: UnsafeMutableRawPointer?, room: Int) -> Int32 {
        guard !headerBlock.isEmpty else { return 0 }
        guard let input, headerBlock.count <= room else { return -1 }
        let cursor = input.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>.self)
        headerBlock.withUnsafeBufferPointer { block in
            guard let base = block.baseAddress else { return }
            cursor.pointee.update(from: base, count: block.count)
            cursor.pointee += block.count
        }
        return 0
    }

    /// The library says why only in words; these are its 4.1 words.
    private func failure(_ wsi: OpaquePointer, _ text: String) -> WebSocketCloseReason {
        let lower = text.lowercased()
        if lower.hasPrefix("hs:") || lower.contains("upgrade") {
            let status = Int(lws_http_client_http_response(wsi))
            return WebSocketCloseReason(.handshake(status: status), text, retryAfterSeconds: retryAfter(wsi))
        }
        if ["cert", "x509", "tls", "ssl", "bio_create", "connect unk"].contains(where: lower.contains) {
            return WebSocketCloseReason(.tls, text)
        }
        if lower.contains("connect") { return WebSocketCloseReason(.refused, text) }
        if lower.contains("header") { return WebSocketCloseReason(.handshake(status: 0), text) }
        return WebSocketCloseReason(.transportLost, text)
    }

    /// The seconds of a `Retry-After` header; a date or nonsense counts as none.
    private func retryAfter(_ wsi: OpaquePointer) -> Int? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            base.initialize(repeating: 0, count: 32)
            let count = Int(md_ws_retry_after(wsi, base, 31))
            guard (1..<31).contains(count) else { return nil }
            let digits = UnsafeRawBufferPointer(start: base, count: count)
            return Int(String(decoding: digits, as: UTF8.self)).flatMap { $0 >= 0 ? $0 : nil }
        }
    }

    private static func text(_ input: UnsafeMutableRawPointer?, _ length: Int) -> String {
        guard let input, length > 0 else { return "" }
        let bytes = UnsafeRawBufferPointer(start: input, count: min(length, 200))
        let visible = bytes.prefix { $0 != 0 }.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
        var text = String(decoding: visible, as: UTF8.self)
        while text.last == " " { text.removeLast() }
        return text
    }
}
