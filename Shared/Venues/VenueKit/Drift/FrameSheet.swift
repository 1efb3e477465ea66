// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What a venue's documents say its frames look like; data in the venue's `FrameShapes.swift`.
///
/// The shapes are one kind of frame each, in lines that `deploy/scripts/frame-shapes.sh` writes:
///
///     spot,usdm stream=trade {stream:s data:{e:s E:n t:n p:s q:s b?:n T:n m:b}}
///
/// The markets (`*`: all), the kind, and its fields: `s` string, `n` number, `b` boolean, `0` null, `{}` object, `[]` array, `()` an
/// array in an array, whose places differ; `?` may be missing, `|` either. A line that begins with spaces belongs to the one before.
public struct FrameSheet: Sendable {
    /// The fields whose values tell a frame's kind, first things first; a frame without any is known by the keys of
    /// its outer object.
    public var words: [FrameWord]
    /// The paths of checksums of books, such as `data[].checksum`.
    public var checksums: [String]
    /// The shapes.
    public var shapes: String

    /// Makes a sheet; one without shapes says nothing, and what comes first is then what is right.
    public init(words: [FrameWord] = [], checksums: [String] = [], shapes: String = "") {
        self.words = words
        self.checksums = checksums
        self.shapes = shapes
    }
}

/// A field whose value tells, or helps to tell, what kind of frame it stands in.
public struct FrameWord: Sendable {
    /// Where it is: `type`, `arg.channel`.
    public var path: String
    /// The part of the value that tells, between separators of this kind; nil: the whole value.
    ///
    /// Of `market.btcusdt.kline.1min` it is part 2 between dots.
    public var separator: Character?
    /// The number of that part, from 0; where there are fewer, the field tells nothing.
    public var part: Int
    /// Whether it ends before its first digit: `candle1m` and `candle1H` are one kind.
    public var endsAtDigit: Bool
    /// Whether words behind it don't matter where it is there.
    public var isEnough: Bool

    /// Names a field.
    public init(
        _ path: String,
        separator: Character? = nil,
        part: Int = 0,
        endsAtDigit: Bool = false,
        isEnough: Bool = false
    ) {
        self.path = path
        self.separator = separator
        self.part = part
        self.endsAtDigit = endsAtDigit
        self.isEnough = isEnough
    }

    /// The part of a value that tells, cut to a decent length; nil where there is no such part.
    ///
    /// - Allocates: never.
    func telling(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var start = 0
        var end = value.count
        if let mark = separator?.asciiValue {
            for _ in 0..<part {
                while start < value.count, value[start] != mark { start &+= 1 }
                guard start < value.count else { return nil }
                start &+= 1
            }
            end = start
            while end < value.count, value[end] != mark { end &+= 1 }
        }
        end = min(end, start &+ BoundedName.limit)
        if endsAtDigit {
            var place = start
            while place < end, value[place] < 48 || value[place] > 57 { place &+= 1 }
            end = place
        }
        return UnsafeRawBufferPointer(rebasing: value[start..<end])
    }
}
