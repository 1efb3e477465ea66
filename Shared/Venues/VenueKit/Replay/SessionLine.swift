// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// One line of a recorded session: what happened on a connection, and when.
struct SessionLine {
    /// What happened.
    enum Direction {
        /// The connection was made.
        case open
        /// A frame came.
        case incoming
        /// A frame was sent.
        case outgoing
        /// A REST answer came.
        case http
        /// Another connection has taken its streams over.
        case end
    }

    /// When.
    ///
    /// - Unit: nanoseconds since the Unix epoch.
    let receivedNanoseconds: Int64
    /// The connection's name.
    let connection: JSONText
    /// What happened.
    let direction: Direction
    /// The URL of a connection or answer.
    let url: JSONText?
    /// The frame or body, still escaped.
    let message: JSONText?
    /// The connection whose streams this one takes over.
    let follows: JSONText?

    /// Reads a line; nil where it is no session line, but perhaps a frame.
    init?(_ bytes: UnsafeRawBufferPointer, readable: Int, scanner: JSONScanner) {
        // Looked at before all is scanned: captures of raw frames are large.
        guard bytes.count > 2, bytes[0] == UInt8(ascii: "{"), Self.isLikely(bytes) else { return nil }
        var fields = SessionFields()
        guard (try? fields.read(bytes, readable, scanner)) != nil else { return nil }
        guard let time = fields.time?.integer, time >= 0, let connection = fields.connection,
            let direction = fields.direction?.string
        else { return nil }
        switch direction {
        case "open": self.direction = .open
        case "in": self.direction = .incoming
        case "out": self.direction = .outgoing
        case "http": self.direction = .http
        case "end": self.direction = .end
        default: return nil
        }
        receivedNanoseconds = time
        self.connection = connection
        url = fields.url
        message = fields.message
        follows = fields.follows
    }

    /// Whether the first key of the object is one of a session line's.
    private static func isLikely(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var place = 1
        while place < bytes.count, bytes[place] <= 0x20 { place += 1 }
        guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { return false }
        let rest = bytes[(place + 1)...]
        return SessionFields.keys.contains { $0.first == rest.first && rest.starts(with: $0) }
    }
}

/// The values of a session line's keys.
private struct SessionFields {
    var time: JSONText?
    var connection: JSONText?
    var direction: JSONText?
    var url: JSONText?
    var message: JSONText?
    var follows: JSONText?

    private static let names = (
        time: JSONName("recv_ns"), connection: JSONName("conn"), direction: JSONName("dir"),
        url: JSONName("url"),
        message: JSONName("msg"), follows: JSONName("follows")
    )

    /// The keys with the quote behind them.
    static let keys = ["recv_ns\"", "conn\"", "dir\"", "url\"", "msg\"", "follows\""].map { Array($0.utf8) }

    mutating func read(
        _ bytes: UnsafeRawBufferPointer,
        _ readable: Int,
        _ scanner: JSONScanner
    ) throws(JSONError) {
        var cursor = try scanner.scan(bytes, readable: readable)
        let names = Self.names
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            switch key.word {
            case names.time.packed: time = try cursor.token()
            case names.connection.packed: connection = try cursor.token()
            case names.direction.packed: direction = try cursor.token()
            case names.url.packed: url = try cursor.token()
            case names.message.packed: message = try cursor.token()
            case names.follows.packed: follows = try cursor.token()
            // A raw frame shows itself at its first key; the rest of it is the decoder's business.
            default: if time == nil { throw .wrongType(offset: 0) } else { try cursor.skip() }
            }
        }
        try cursor.finish()
    }
}

/// Memory in which an escaped message becomes the frame that it was, with padding behind.
struct UnescapeBuffer: ~Copyable {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)

    deinit { memory.deallocate() }

    /// The message as it was on the wire; valid until the next call.
    mutating func unescape(_ text: JSONText) -> FrameBytes {
        let needed = text.count + JSONScanner.padding
        if memory.count < needed {
            memory.deallocate()
            memory = .allocate(byteCount: needed * 2, alignment: 64)
        }
        var written = 0
        var index = 0
        while index < text.count {
            let byte = text.start[index]
            if byte == UInt8(ascii: "\\"), index + 1 < text.count {
                index += escape(text, index + 1, &written)
            } else {
                memory[written] = byte
                written += 1
                index += 1
            }
        }
        for place in written..<(written + JSONScanner.padding) { memory[place] = 0 }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[0..<written])
        return FrameBytes(bytes, readable: written + JSONScanner.padding)
    }

    /// Writes what an escape stands for and gives how many bytes it took, backslash included.
    ///
    /// No escape grows: six bytes become at most three, twelve become four.
    private func escape(_ text: JSONText, _ index: Int, _ written: inout Int) -> Int {
        let letter = text.start[index]
        guard letter == UInt8(ascii: "u"), let unit = Self.unit(text, index + 1) else {
            memory[written] = Self.simple(letter)
            written += 1
            return 2
        }
        var code = UInt32(unit)
        var length = 6
        if UTF16.isLeadSurrogate(unit), let low = Self.trail(text, index + 5) {
            code = 0x1_0000 + (UInt32(unit) & 0x3FF) << 10 + UInt32(low) & 0x3FF
            length = 12
        }
        for byte in UTF8.encode(Unicode.Scalar(code) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter {
            memory[written] = byte
            written += 1
        }
        return length
    }

    /// The four hexadecimal digits at `index`, or nil where there are none.
    private static func unit(_ text: JSONText, _ index: Int) -> UInt16? {
        guard index + 4 <= text.count else { return nil }
        var unit: UInt16 = 0
        for place in index..<(index + 4) {
            let byte = text.start[place]
            switch byte {
            case 48...57: unit = unit << 4 | UInt16(byte - 48)
            case 65...70: unit = unit << 4 | UInt16(byte - 55)
            case 97...102: unit = unit << 4 | UInt16(byte - 87)
            default: return nil
            }
        }
        return unit
    }

    /// The second half of a pair that is spelled at `index`, or nil.
    private static func trail(_ text: JSONText, _ index: Int) -> UInt16? {
        guard index + 6 <= text.count, text.start[index] == UInt8(ascii: "\\"),
            text.start[index + 1] == UInt8(ascii: "u"), let unit = unit(text, index + 2),
            UTF16.isTrailSurrogate(unit)
        else { return nil }
        return unit
    }

    private static func simple(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        default: letter
        }
    }
}
