// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueTestKit

/// Damages frames, the same way for the same seed.
struct Mutator {
    /// The kinds of damage.
    private enum Damage {
        case flipBit, overwrite, delete, insert, duplicate, splice, truncate, mangleNumber, replaceValue,
            nest, noise

        /// Half of the damages leave the frame JSON: what tears it apart is soon said.
        static let weighted: [Damage] =
            [.flipBit, .overwrite, .delete, .insert, .duplicate, .splice, .truncate, .nest, .noise]
            + Array(repeating: .mangleNumber, count: 5) + Array(repeating: .replaceValue, count: 5)
    }

    private static let values: [[UInt8]] = [
        "\"\"", "null", "true", "[]", "{}", "\"NaN\"", "\"1e400\"", "1e400", "\"-1\"", "-0", "\"0\"",
        "\"0.00\"",
        "\"1e-7\"", "1E+3", "\"1e38\"", "\"170141183460469231731687303715884105727\"", "9223372036854775807",
        "-9223372036854775808", "18446744073709551616", "\"\\u0031\"", "\" 1\"", "\"+1\"", "\"0.-10000\"",
        "1.5",
        "9007199254740992", "99999999999999", "\"99999999999999999999999999999999999999999\"",
        "\"0.00000000000000000000000000000000000001\"", "\"BTC-USD-220325-40000-C\"", "\"币安人生USDT\"",
        "\"BTCUSD_PERP\"", "\"BTC-USDT-SWAP\"", "\"trade\"", "\"bookTicker\"", "\"bbo-tbt\"", "\"sell\"",
    ].map { Array($0.utf8) }
    private static let longest = 16_384

    private var random: SplitMix

    /// Makes a mutator.
    init(seed: UInt64) { random = SplitMix(seed: seed) }

    /// A random number below `limit`, 0 for none.
    mutating func below(_ limit: Int) -> Int {
        limit > 0 ? Int(truncatingIfNeeded: random.next() % UInt64(limit)) : 0
    }

    /// One of the frames, three times in four one that tells something, with one to three damages.
    mutating func next(_ corpus: [[UInt8]], _ telling: [[UInt8]], into frame: inout [UInt8]) {
        frame.removeAll(keepingCapacity: true)
        frame +=
            telling.isEmpty || below(4) == 0 ? corpus[below(corpus.count)] : telling[below(telling.count)]
        for _ in 0...below(below(2) == 0 ? 1 : 3) {
            let damage = Damage.weighted[below(Damage.weighted.count)]
            apply(damage, &frame, corpus)
        }
        if frame.count > Self.longest { frame.removeSubrange(Self.longest...) }
    }

    private mutating func apply(_ damage: Damage, _ frame: inout [UInt8], _ corpus: [[UInt8]]) {
        let place = below(frame.count)
        let length = min(1 + below(12), frame.count - place)
        switch damage {
        case .flipBit where place < frame.count: frame[place] ^= 1 << UInt8(below(8))
        case .overwrite where place < frame.count: frame[place] = UInt8(below(256))
        case .delete: frame.removeSubrange(place..<(place + length))
        case .insert: frame.insert(contentsOf: (0..<length).map { _ in UInt8(below(256)) }, at: place)
        case .duplicate: frame.insert(contentsOf: Array(frame[place..<(place + length)]), at: place)
        case .splice:
            let other = corpus[below(corpus.count)]
            frame.replaceSubrange(place..., with: other[below(other.count)...])
        case .truncate: frame.removeSubrange(place...)
        case .mangleNumber: mangleNumber(&frame, from: place)
        case .replaceValue: replaceValue(&frame, from: place)
        case .nest: nest(&frame, at: place)
        case .noise:
            for index in place..<(place + length) { frame[index] = UInt8(below(256)) }
        default: break
        }
    }

    /// Changes a digit into a sign, a point, an exponent or many digits.
    private mutating func mangleNumber(_ frame: inout [UInt8], from place: Int) {
        guard let digit = frame[place...].firstIndex(where: { $0 >= 48 && $0 <= 57 }) else { return }
        switch below(5) {
        case 0: frame[digit] = Array("-.eE+0,x _".utf8)[below(10)]
        case 1:
            frame.insert(contentsOf: Array(repeating: UInt8(48 + below(10)), count: 1 + below(45)), at: digit)
        case 2: frame.insert(UInt8(ascii: "-"), at: digit)
        case 3: frame.insert(UInt8(ascii: "."), at: digit + 1)
        default: frame.insert(contentsOf: Array("e\(below(900) - 450)".utf8), at: digit + 1)
        }
    }

    /// Puts a value that no venue should send behind the next colon.
    private mutating func replaceValue(_ frame: inout [UInt8], from place: Int) {
        guard let colon = frame[place...].firstIndex(of: UInt8(ascii: ":")) else { return }
        let start = colon + 1
        let end =
            frame[start...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? frame.count
        frame.replaceSubrange(start..<end, with: Self.values[below(Self.values.count)])
    }

    /// Wraps the rest, or opens brackets that nobody closes.
    private mutating func nest(_ frame: inout [UInt8], at place: Int) {
        let depth = 1 + below(below(20) == 0 ? 3000 : 8)
        let isArray = below(2) == 0
        let open: [UInt8] = isArray ? [UInt8(ascii: "[")] : Array("{\"data\":".utf8)
        let close = isArray ? UInt8(ascii: "]") : UInt8(ascii: "}")
        if below(2) == 0 { frame.append(contentsOf: Array(repeating: close, count: depth)) }
        let start = below(2) == 0 ? 0 : place
        frame.insert(contentsOf: (0..<depth).flatMap { _ in open }, at: start)
    }
}
