// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Names from outside by dense number: the bytes of a record's symbol are looked up without becoming a `String`.
///
/// Bounded: a name that is empty, too long, or one too many is refused, so that foreign data can't grow the process.
///
/// - Thread: one at a time. Allocates: only when a name is new.
public struct NameTable: Sendable {
    /// The longest name that is taken, in bytes.
    public static let maximumLength = 96

    private struct Entry {
        var start: Int
        var length: Int
    }

    private let limit: Int
    private var pool: ContiguousArray<UInt8> = []
    private var entries: ContiguousArray<Entry> = []
    private var slots: ContiguousArray<UInt32>
    private var texts: ContiguousArray<String> = []

    /// An empty table for at most `limit` names.
    public init(limit: Int) {
        self.limit = limit
        slots = ContiguousArray(repeating: 0, count: 64)
    }

    /// How many names it holds; the numbers given out are below.
    public var count: Int { entries.count }

    /// The name with this number; empty for a number that was not given out.
    public func text(_ index: UInt32) -> String {
        let place = Int(index)
        return place < texts.count ? texts[place] : ""
    }

    /// The number of these bytes, if they are known.
    public func find(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        let stored = slots[slot(of: bytes)]
        return stored == 0 ? nil : stored &- 1
    }

    /// The number of this name, if it is known.
    public func find(_ name: String) -> UInt32? {
        var copy = name
        return copy.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    /// The number of these bytes, given out now if they are new; nil when they are refused.
    public mutating func intern(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        let place = slot(of: bytes)
        if slots[place] != 0 { return slots[place] &- 1 }
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength, entries.count < limit else { return nil }
        entries.append(Entry(start: pool.count, length: bytes.count))
        pool.append(contentsOf: bytes)
        texts.append(String(decoding: bytes, as: UTF8.self))
        slots[place] = UInt32(truncatingIfNeeded: entries.count)
        if entries.count * 2 > slots.count { grow() }
        return UInt32(truncatingIfNeeded: entries.count - 1)
    }

    /// The number of this name, given out now if it is new; nil when it is refused.
    public mutating func intern(_ name: String) -> UInt32? {
        var copy = name
        return copy.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    private mutating func grow() {
        let old = slots
        slots = ContiguousArray(repeating: 0, count: old.count * 2)
        for stored in old where stored != 0 {
            let entry = entries[Int(stored &- 1)]
            let hash = pool[entry.start..<(entry.start + entry.length)].withUnsafeBytes(Self.hash)
            var place = hash & (slots.count - 1)
            while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
            slots[place] = stored
        }
    }

    /// Where the bytes are, or where they would go.
    private func slot(of bytes: UnsafeRawBufferPointer) -> Int {
        let mask = slots.count &- 1
        var place = Self.hash(bytes) & mask
        while slots[place] != 0 {
            if matches(Int(slots[place] &- 1), bytes) { return place }
            place = (place &+ 1) & mask
        }
        return place
    }

    private func matches(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let entry = entries[index]
        guard entry.length == bytes.count else { return false }
        for offset in 0..<entry.length where pool[entry.start &+ offset] != bytes[offset] { return false }
        return true
    }

    /// FNV-1a; names are short and the table is bounded.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Int(truncatingIfNeeded: state ^ (state &>> 32)) & Int.max
    }
}
