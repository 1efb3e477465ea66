// Part of MarketBus. Apache License 2.0, see LICENSE.

import CWebSockets
import Lifecycle

/// One connection's state; the loop's thread alone touches it.
final class Connection {
    enum State {
        case resolving
        /// Inside the library's connect call: failing there is not an end yet.
        case attempting
        case connecting
        case open
        case closing
        case ended
    }

    let id: WebSocketConnectionID
    let url: WebSocketURL
    let request: WebSocketRequest
    let headerBlock: [UInt8]
    let handler: any WebSocketHandler
    // Safety: the loop outlives every connection: it ends them all before its thread returns.
    unowned(unsafe) let loop: WebSocketLoop
    var state = State.resolving
    /// The library's handle, from the attempt to connect until it is destroyed.
    var wsi: OpaquePointer?
    /// Why this side ends the connection; wins over what the library says later.
    var verdict: WebSocketCloseReason?
    var remoteClose: WebSocketCloseReason?
    /// The close code for a message that can't be taken.
    private var failureCode: UInt16?
    var addresses: [String] = []
    var deadline: TimerToken?
    var pingTimer: TimerToken?
    var pingWanted = false
    var hasReceivedSincePing = false
    var sendQueue = SendQueue()
    private var assembler: MessageAssembler
    private var isText = true

    init(
        id: WebSocketConnectionID,
        url: WebSocketURL,
        request: WebSocketRequest,
        handler: any WebSocketHandler,
        loop: WebSocketLoop
    ) {
        self.id = id
        self.url = url
        self.request = request
        self.handler = handler
        self.loop = loop
        headerBlock = request.headerBlock
        assembler = MessageAssembler(limit: request.maximumMessageBytes)
    }

    /// Takes a piece of a message from the library.
    func receive(_ wsi: OpaquePointer, _ bytes: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
        // Never -1 from here: the library then goes on writing behind its buffer while the rest of the message comes.
        guard verdict == nil, state == .open else { return 0 }
        hasReceivedSincePing = true
        let isFirst = lws_is_first_fragment(wsi) != 0
        let isFinal = lws_is_final_fragment(wsi) != 0
        var isCompressed = false
        if isFirst {
            let reserved = lws_get_reserved_bits(wsi)
            guard reserved & 0x30 == 0 else { return fail(wsi, .protocolError, "reserved bits", code: 1002) }
            isCompressed = reserved & 0x40 != 0
            isText = lws_frame_is_binary(wsi) == 0
        }
        let piece = bytes?.assumingMemoryBound(to: UInt8.self)
        if isFirst, isFinal, !isCompressed, let piece,
            length + MessageAssembler.padding <= WebSocketLoop.receiveBufferBytes
        {
            guard length <= request.maximumMessageBytes else { return failTooLarge(wsi) }
            // The whole message lies in the library's receive buffer, with room behind it: no copy.
            (piece + length).update(repeating: 0, count: MessageAssembler.padding)
            return deliver(piece, length, capacity: length + MessageAssembler.padding)
        }
        return assemble(wsi, piece, length, begins: isFirst, ends: isFinal, isCompressed: isCompressed)
    }

    private func assemble(
        _ wsi: OpaquePointer,
        _ piece: UnsafeMutablePointer<UInt8>?,
        _ length: Int,
        begins: Bool,
        ends: Bool,
        isCompressed: Bool
    ) -> Int32 {
        do throws(MessageAssembler.Failure) {
            if begins { assembler.begin(isCompressed: isCompressed) }
            try assembler.append(piece, length, remaining: lws_remaining_packet_payload(wsi))
            guard ends else { return 0 }
            try assembler.finish()
        } catch {
            switch error {
            case .tooLarge: return failTooLarge(wsi)
            case .brokenCompression: return fail(wsi, .protocolError, "broken compressed data", code: 1007)
            case .noMemory: return fail(wsi, .protocolError, "no memory to inflate", code: 1011)
            }
        }
        guard let base = assembler.base else { return 0 }
        return deliver(base, assembler.count, capacity: assembler.capacity)
    }

    private func deliver(_ base: UnsafePointer<UInt8>, _ count: Int, capacity: Int) -> Int32 {
        loop.counters.countReceived(count)
        handler.webSocket(
            id,
            didReceive: WebSocketFrame(
                base: base,
                count: count,
                capacity: capacity,
                isText: isText,
                receivedWallNanoseconds: WallNanos.now.value
            )
        )
        return 0
    }

    private func failTooLarge(_ wsi: OpaquePointer) -> Int32 {
        fail(wsi, .tooLarge, "a message is larger than \(request.maximumMessageBytes) bytes", code: 1009)
    }

    private func fail(
        _ wsi: OpaquePointer,
        _ kind: WebSocketCloseReason.Kind,
        _ message: String,
        code: UInt16
    ) -> Int32 {
        verdict = WebSocketCloseReason(kind, message)
        failureCode = code
        state = .closing
        lws_callback_on_writable(wsi)
        loop.limitClosing(self)
        return 0
    }

    /// Sends what is due; the library calls this when the socket can take more.
    func writable(_ wsi: OpaquePointer) -> Int32 {
        switch state {
        case .closing:
            if case .localClose(let code)? = verdict?.kind { md_ws_close_reason(wsi, code) }
            if let failureCode { md_ws_close_reason(wsi, failureCode) }
            return -1
        case .open: break
        default: return 0
        }
        if pingWanted {
            pingWanted = false
            guard sendQueue.writePing(wsi) >= 0 else { return -1 }
        } else if let sent = sendQueue.writeNext(wsi) {
            guard sent >= 0 else { return -1 }
            loop.counters.messagesSent.wrappingAdd(1, ordering: .relaxed)
            loop.counters.bytesSent.wrappingAdd(UInt64(sent), ordering: .relaxed)
        }
        if pingWanted || !sendQueue.isEmpty { lws_callback_on_writable(wsi) }
        return 0
    }
}

/// The messages that wait for a connection's socket.
struct SendQueue {
    /// More bytes than this never wait, whatever their number.
    static let byteLimit = 16 << 20
    private static let headroom = Int(MD_WS_HEADROOM)

    private var messages: [[UInt8]] = []
    private var head = 0
    private var bytes = 0
    private var control = [UInt8](repeating: 0, count: headroom + 8)

    var isEmpty: Bool { head == messages.count }
    var count: Int { messages.count - head }

    /// Adds a message unless a limit is reached.
    mutating func push(_ text: UnsafeRawBufferPointer, limit: Int) -> Bool {
        guard count < limit, text.count <= Self.byteLimit - bytes else { return false }
        var message = [UInt8]()
        message.reserveCapacity(Self.headroom + text.count)
        message.append(contentsOf: repeatElement(0, count: Self.headroom))
        message.append(contentsOf: text)
        bytes += text.count
        messages.append(message)
        return true
    }

    /// Hands the oldest message to the library: its size, negative if the transport is gone, nil if there is none.
    mutating func writeNext(_ wsi: OpaquePointer) -> Int? {
        guard head < messages.count else { return nil }
        let length = messages[head].count - Self.headroom
        let written = messages[head].withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return -1 }
            return md_ws_write(wsi, base + Self.headroom, length, MD_WS_TEXT)
        }
        messages[head] = []
        head += 1
        bytes -= length
        if head == messages.count {
            messages.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64, head * 2 >= messages.count {
            messages.removeFirst(head)
            head = 0
        }
        return written < 0 ? -1 : length
    }

    /// Hands an empty ping to the library.
    mutating func writePing(_ wsi: OpaquePointer) -> Int32 {
        control.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return -1 }
            return md_ws_write(wsi, base + Self.headroom, 0, MD_WS_PING)
        }
    }
}
