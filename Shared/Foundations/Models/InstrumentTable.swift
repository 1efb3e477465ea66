// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// How the sizes of an instrument's frames become the sizes of its events.
public enum SizeRule: Hashable, Sendable {
    /// They are what is published: base currency, or contracts of an inverse instrument.
    case asStated
    /// They are contracts of a linear instrument, each worth so much base currency.
    case contracts(ScaledDecimal)
    /// They are contracts, and what one is worth is not known.
    case unknown

    /// The rule of an instrument whose venue counts contracts.
    public init(_ instrument: Instrument) {
        switch instrument.kind {
        case .spot, .inversePerpetual, .inverseFuture: self = .asStated
        case .linearPerpetual, .linearFuture:
            self = instrument.contractSize.map { .contracts($0) } ?? .unknown
        }
    }
}

/// The instruments of one venue, by dense number and by the venue's own name.
///
/// Grows, never shrinks: a number once given out stays good.
///
/// - Thread: that of the feed.
public final class InstrumentTable {
    /// The instruments; an ``InstrumentID`` is an index.
    public private(set) var instruments: ContiguousArray<Instrument> = []
    private var sizeRules: ContiguousArray<SizeRule> = []
    private var indexes: [MarketID: SymbolIndex] = [:]
    private var bySymbol: [String: InstrumentID] = [:]

    /// An empty table.
    public init() {}

    /// Adds an instrument, or replaces the one of the same market and venue symbol; gives its number.
    ///
    /// Of several with one canonical symbol, the first keeps it.
    @discardableResult
    public func upsert(_ instrument: Instrument) -> InstrumentID {
        let index = index(of: instrument.market)
        if let known = index.find(instrument.venueSymbol) {
            let old = instruments[Int(known.index)].symbol
            instruments[Int(known.index)] = instrument
            if let alias = instrument.alias { index.assign(alias, known) }
            sizeRules[Int(known.index)] = SizeRule(instrument)
            if old != instrument.symbol, bySymbol[old] == known { bySymbol[old] = nil }
            if bySymbol[instrument.symbol] == nil { bySymbol[instrument.symbol] = known }
            return known
        }
        let id = InstrumentID(index: UInt32(truncatingIfNeeded: instruments.count))
        instruments.append(instrument)
        sizeRules.append(SizeRule(instrument))
        index.insert(instrument.venueSymbol, id)
        if let alias = instrument.alias { index.assign(alias, id) }
        if bySymbol[instrument.symbol] == nil { bySymbol[instrument.symbol] = id }
        return id
    }

    /// The instrument with this number.
    public subscript(_ id: InstrumentID) -> Instrument { instruments[Int(id.index)] }

    /// How the sizes of an instrument's frames are to be read, on venues that count contracts.
    public func sizeRule(of id: InstrumentID) -> SizeRule { sizeRules[Int(id.index)] }

    /// The number of the instrument with this canonical symbol.
    public func id(ofSymbol symbol: String) -> InstrumentID? { bySymbol[symbol] }

    /// The index of one market's venue symbols, made when it is first asked for; lives as long as the table.
    public func index(of market: MarketID) -> SymbolIndex {
        if let index = indexes[market] { return index }
        let index = SymbolIndex()
        indexes[market] = index
        return index
    }
}

/// Finds instruments by the bytes of their venue symbol: one multiplication and, nearly always, one comparison.
///
/// - Thread: that of the feed. Allocates: only when a symbol is added.
public final class SymbolIndex {
    /// What is compared; trivially copyable, so that a lookup touches no reference count.
    private struct Entry {
        var head: UInt64
        var tail: UInt64
        var count: Int
        var id: UInt32
    }

    private var slots: ContiguousArray<UInt32>
    private var entries: ContiguousArray<Entry> = []
    private var names: ContiguousArray<[UInt8]> = []

    /// An empty index.
    public init() {
        slots = ContiguousArray(repeating: 0, count: 64)
    }

    /// The instrument of these bytes, or nil.
    ///
    /// - Parameters:
    ///   - bytes: the symbol; none beyond `count` is read.
    ///   - count: its length. Unit: bytes.
    /// - Returns: its number, or nil.
    public func find(_ bytes: UnsafePointer<UInt8>, count: Int) -> InstrumentID? {
        let (head, tail) = Self.ends(bytes, count)
        let mask = slots.count &- 1
        var slot = Self.hash(head, tail, count) & mask
        while true {
            let stored = slots[slot]
            if stored == 0 { return nil }
            let place = Int(stored &- 1)
            let entry = entries[place]
            if entry.head == head, entry.tail == tail, entry.count == count,
                middleMatches(place, bytes, count)
            {
                return InstrumentID(index: entry.id)
            }
            slot = (slot &+ 1) & mask
        }
    }

    /// The instrument of this name, or nil.
    public func find(_ name: String) -> InstrumentID? {
        var copy = name
        return copy.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return find(base, count: bytes.count)
        }
    }

    /// Lets a name stand for an instrument from now on, whatever it stood for before.
    func assign(_ name: String, _ id: InstrumentID) {
        guard let place = names.firstIndex(of: Array(name.utf8)) else { return insert(name, id) }
        entries[place].id = id.index
    }

    func insert(_ name: String, _ id: InstrumentID) {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty else { return }
        let (head, tail) = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { Self.ends($0, bytes.count) } ?? (0, 0)
        }
        entries.append(Entry(head: head, tail: tail, count: bytes.count, id: id.index))
        names.append(bytes)
        if entries.count * 2 > slots.count {
            slots = ContiguousArray(repeating: 0, count: slots.count * 2)
            for index in entries.indices { place(index) }
        } else {
            place(entries.count - 1)
        }
    }

    private func place(_ index: Int) {
        let entry = entries[index]
        let mask = slots.count &- 1
        var slot = Self.hash(entry.head, entry.tail, entry.count) & mask
        while slots[slot] != 0 { slot = (slot &+ 1) & mask }
        slots[slot] = UInt32(truncatingIfNeeded: index &+ 1)
    }

    /// The first and the last eight bytes (overlapping below sixteen); short names padded with zeros.
    private static func ends(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> (UInt64, UInt64) {
        let raw = UnsafeRawPointer(bytes)
        if count >= 8 {
            return (
                raw.loadUnaligned(as: UInt64.self),
                raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            )
        }
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(bytes[index]) &<< UInt64(index &* 8) }
        return (word, 0)
    }

    private static func hash(_ head: UInt64, _ tail: UInt64, _ count: Int) -> Int {
        let mixed = (head ^ (tail &* 0x9E37_79B9_7F4A_7C15)) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: (mixed ^ (mixed &>> 32)) &+ UInt64(truncatingIfNeeded: count))
            & Int.max
    }

    private func middleMatches(_ place: Int, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard count > 16 else { return true }
        for index in 8..<(count &- 8) where names[place][index] != bytes[index] { return false }
        return true
    }
}
