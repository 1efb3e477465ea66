// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The opcodes of RFC 6455.
enum Opcode: UInt8 {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10
}

/// One frame as a client sent it, unmasked.
struct ClientFrame {
    var opcode: Opcode
    var final: Bool
    var payload: [UInt8]
}

/// What the front of the input buffer holds.
enum FrameRead {
    case frame(ClientFrame)
    case incomplete
    case violation(UInt16, String)
}

/// Reading a client's frames and writing a server's, no more.
enum WebSocketFrames {
    static let inputLimit = 1 << 20

    /// Takes one frame off the front of `input`.
    static func next(_ input: ByteBuffer) -> FrameRead {
        guard input.count >= 2 else { return .incomplete }
        let first = input[0]
        let second = input[1]
        guard first & 0x70 == 0, let opcode = Opcode(rawValue: first & 15) else {
            return .violation(1002, "reserved bits or opcode")
        }
        guard second & 0x80 != 0 else { return .violation(1002, "unmasked frame") }
        var header = 2
        var size = Int(second & 127)
        if size >= 126 {
            let wide = size == 126 ? 2 : 8
            guard input.count >= 2 + wide else { return .incomplete }
            guard wide == 2 || (input[2] | input[3] | input[4] | input[5]) == 0 else {
                return .violation(1009, "message too big")
            }
            size = (2..<(2 + wide)).reduce(0) { ($0 << 8) | Int(input[$1]) }
            header += wide
        }
        if opcode.rawValue >= 8 && (size > 125 || first & 0x80 == 0) {
            return .violation(1002, "control frame")
        }
        guard size <= inputLimit else { return .violation(1009, "message too big") }
        guard input.count >= header + 4 + size else { return .incomplete }
        var payload = [UInt8](repeating: 0, count: size)
        for index in 0..<size { payload[index] = input[header + 4 + index] ^ input[header + (index & 3)] }
        input.consume(header + 4 + size)
        return .frame(ClientFrame(opcode: opcode, final: first & 0x80 != 0, payload: payload))
    }

    /// The header of a final, unmasked frame.
    static func header(_ opcode: Opcode, size: Int, into out: ByteBuffer) {
        out.append(0x80 | opcode.rawValue)
        if size < 126 {
            out.append(UInt8(size))
        } else if size < 65536 {
            out.append(126)
            out.append(UInt8(size >> 8))
            out.append(UInt8(size & 255))
        } else {
            out.append(127)
            for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8((size >> shift) & 255)) }
        }
    }
}
