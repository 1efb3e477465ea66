// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Bytes that grow at the end and are consumed at the front; reused for the life of its owner.
final class ByteBuffer {
    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var head = 0
    private var tail = 0

    init(capacity: Int = 512) {
        self.capacity = max(capacity, 64)
        storage = .allocate(capacity: self.capacity)
    }

    deinit { storage.deallocate() }

    /// The bytes not yet consumed.
    var count: Int { tail - head }
    var isEmpty: Bool { head == tail }
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: storage + head, count: tail - head) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var array: [UInt8] { Array(bytes) }

    subscript(index: Int) -> UInt8 {
        get { index >= 0 && index < count ? storage[head + index] : 0 }
        set { if index >= 0 && index < count { storage[head + index] = newValue } }
    }

    func removeAll() {
        head = 0
        tail = 0
    }

    func consume(_ size: Int) {
        head = min(tail, head + max(0, size))
        if head == tail { removeAll() }
    }

    /// Drops everything after the first `size` bytes.
    func truncate(to size: Int) { tail = min(tail, head + max(0, size)) }

    /// Room for `size` more bytes; call `commit` for those written.
    func reserve(_ size: Int) -> UnsafeMutablePointer<UInt8> {
        if tail + size > capacity { makeRoom(size) }
        return storage + tail
    }

    func commit(_ size: Int) { tail = min(capacity, tail + max(0, size)) }

    private func makeRoom(_ size: Int) {
        let live = tail - head
        if live + size <= capacity / 2 {
            storage.update(from: storage + head, count: live)
        } else {
            let grown = max(capacity * 2, live + size)
            let next = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
            next.update(from: storage + head, count: live)
            storage.deallocate()
            storage = next
            capacity = grown
        }
        head = 0
        tail = live
    }
}

// MARK: - Text

extension ByteBuffer {
    func append(_ byte: UInt8) {
        reserve(1).pointee = byte
        commit(1)
    }

    func append(_ source: UnsafeBufferPointer<UInt8>) {
        guard let base = source.baseAddress, source.count > 0 else { return }
        reserve(source.count).update(from: base, count: source.count)
        commit(source.count)
    }

    func append(_ source: [UInt8]) { source.withUnsafeBufferPointer { append($0) } }

    func append(_ source: ByteBuffer) { append(source.bytes) }

    func append(_ literal: StaticString) {
        append(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    func append(text: String) {
        var copy = text
        copy.withUTF8 { append($0) }
    }

    func appendInteger(_ value: Int) { append(UInt64(value.magnitude), negative: value < 0) }

    func appendInteger(_ value: Int128) {
        let part: Int128 = 1_000_000_000_000_000_000
        guard value.magnitude >= part.magnitude else { return appendInteger(Int(value)) }
        appendInteger(value / part)
        appendFraction(Int((value % part).magnitude), places: 18)
    }

    private func append(_ magnitude: UInt64, negative: Bool) {
        let space = reserve(21)
        var rest = magnitude
        var at = 21
        repeat {
            at -= 1
            space[at] = UInt8(48 + rest % 10)
            rest /= 10
        } while rest > 0
        if negative {
            at -= 1
            space[at] = 45
        }
        space.update(from: space + at, count: 21 - at)
        commit(21 - at)
    }

    /// `mantissa` × 10^-`scale`, with exactly `digits` decimals or, where `digits` is nil, without trailing zeros.
    func appendDecimal(_ mantissa: Int, scale: Int, digits: Int?) {
        var whole = mantissa
        var places = scale
        while places > (digits ?? 0) && whole % 10 == 0 {
            whole /= 10
            places -= 1
        }
        let divisor = powerOfTen(places)
        appendInteger(whole / divisor)
        let padding = max(0, (digits ?? 0) - places)
        guard places + padding > 0 else { return }
        append(46)
        appendFraction(whole % divisor, places: places)
        for _ in 0..<padding { append(48) }
    }

    /// The same for values that need more than 64 bits; never negative.
    func appendDecimal(_ mantissa: Int128, scale: Int, digits: Int?) {
        var whole = mantissa
        var places = scale
        while places > 18 || places > (digits ?? 0) && whole % 10 == 0 {
            whole /= 10
            places -= 1
        }
        let divisor = Int128(powerOfTen(places))
        appendInteger(whole / divisor)
        let padding = max(0, (digits ?? 0) - places)
        guard places + padding > 0 else { return }
        append(46)
        appendFraction(Int(whole % divisor), places: places)
        for _ in 0..<padding { append(48) }
    }

    private func appendFraction(_ fraction: Int, places: Int) {
        let space = reserve(places)
        var rest = fraction
        for index in stride(from: places - 1, through: 0, by: -1) {
            space[index] = UInt8(48 + rest % 10)
            rest /= 10
        }
        commit(places)
    }

    /// A JSON string with its quotes.
    func appendQuoted(_ text: String) {
        append(34)
        for byte in text.utf8 {
            switch byte {
            case 34, 92:
                append(92)
                append(byte)
            case 10: append("\\n")
            case 13: append("\\r")
            case 9: append("\\t")
            case 0..<32: append(32)
            default: append(byte)
            }
        }
        append(34)
    }
}

/// 10 to the `exponent`, 1 for a negative one.
func powerOfTen(_ exponent: Int) -> Int {
    var value = 1
    for _ in 0..<max(0, min(18, exponent)) { value *= 10 }
    return value
}
