// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models

/// Notices that a venue's frames are not what its documents say, and says so once.
///
/// A frame whose fingerprint was found right before costs one walk over its tokens. Every other is compared field by field
/// with its kind's shape. A change is told once a process; beyond ``reportLimit`` changes the newest are only counted.
///
/// - Thread: that of the feed. Allocates: never for frames that are as before.
public final class DriftSentinel {
    /// How many changes are published by a process.
    public static let reportLimit = 512
    /// How many undocumented kinds are learned.
    public static let learnedLimit = 64
    /// How many outer keys name a frame without words.
    private static let keyLimit = 12
    /// How many fingerprints are kept; beyond it all are forgotten, and compared again when they come.
    static let fingerprintLimit = 4096
    /// After how many zero checksums of a kind, and no other, they are told.
    static let zeroChecksums = 16

    /// Something to tell, once.
    public struct Finding: Hashable {
        /// What kind of change.
        public var kind: DriftKind
        /// The kind of frame, or the stream.
        public var stream: String
        /// The change: `data[].px: string -> number`.
        public var detail: String
    }

    private let words: [FrameWord]
    /// Where the shape keeps each word's value.
    private let values: [Int]
    /// The documented kinds, by market and name.
    private let documented: [String: KnownShape]
    private let scanner = JSONScanner()
    private let shape: FrameShape
    /// The kinds that were met, by what their words or keys hash to.
    private var known: [UInt64: KnownShape] = [:]
    private var learned = 0
    private var right: Set<UInt64> = []
    private var told: Set<Finding> = []
    private var zeros: [UInt64: Int] = [:]
    /// Changes that were seen for the first time and not told, for want of room.
    public private(set) var untold: UInt64 = 0

    /// Makes a sentinel that knows a venue's documents.
    public init(_ sheet: FrameSheet) {
        words = sheet.words
        let paths = sheet.words.map { FieldPath.named($0.path) }
        values = paths.indices.map { paths.firstIndex(of: paths[$0]) ?? $0 }
        shape = FrameShape(
            words: paths,
            checksums: sheet.checksums.map(FieldPath.named)
        )
        var documented: [String: KnownShape] = [:]
        for entry in ShapeReader.read(sheet.shapes).entries {
            for market in entry.markets { documented["\(market) \(entry.shape.name)"] = entry.shape }
        }
        self.documented = documented
        right.reserveCapacity(256)
    }

    /// Looks at a frame.
    ///
    /// - Parameters:
    ///   - frame: the frame's text; what is no JSON is no business of the sentinel.
    ///   - market: that of the connection.
    ///   - tell: takes what was not told before.
    public func look(_ frame: FrameBytes, _ market: MarketID?, tell: (Finding) -> Void) {
        do throws(JSONError) {
            guard let scanner else { return }
            try shape.read(try scanner.scan(frame.bytes, readable: frame.readable))
        } catch {
            return
        }
        let kind = kind(on: market)
        if shape.hasZeroChecksum || shape.hasRealChecksum { checkSum(kind, market, tell) }
        let fingerprint = FieldPath.mixed(kind ^ shape.fingerprint)
        if right.contains(fingerprint) { return }
        compare(kind, market, fingerprint, tell)
    }

    /// The kind of a frame as sheets name it; nil where it is no JSON.
    func kindName(_ frame: FrameBytes, _ market: MarketID?) -> String? {
        do throws(JSONError) {
            guard let scanner else { return nil }
            try shape.read(try scanner.scan(frame.bytes, readable: frame.readable))
        } catch {
            return nil
        }
        return name(on: market).kind
    }

    /// Notes a stream that never talked.
    func silent(_ stream: String, _ detail: String, tell: (Finding) -> Void) {
        tellOnce(Finding(kind: .silentSubscription, stream: stream, detail: detail), tell)
    }

    // MARK: Kinds

    /// The kind of the frame whose shape was read.
    private func kind(on market: MarketID?) -> UInt64 {
        var sum: UInt64 = 0
        var hasWord = false
        for place in words.indices {
            guard let word = telling(place) else { continue }
            sum = FieldPath.member(of: sum &+ UInt64(truncatingIfNeeded: place &+ 1), word)
            hasWord = true
            if words[place].isEnough { break }
        }
        if !hasWord {
            for field in shape.fields where field.parent == 0 { sum = sum &+ FieldPath.mixed(field.path) }
        }
        guard let market else { return sum }
        var name = market.name
        return name.withUTF8 { FieldPath.member(of: sum, UnsafeRawBufferPointer($0)) }
    }

    /// What a word says in this frame; words of one path share its value.
    private func telling(_ place: Int) -> UnsafeRawBufferPointer? {
        shape.said[values[place]].flatMap { words[place].telling($0.bytes) }
    }

    /// How records name it: `stream=trade`, or the outer keys.
    private func name(on market: MarketID?) -> (market: String, kind: String) {
        var parts: [String] = []
        for place in words.indices {
            guard let word = telling(place) else { continue }
            let label = words[place].path.split(separator: ".").last ?? ""
            parts.append("\(label)=\(String(decoding: word, as: UTF8.self))")
            if words[place].isEnough { break }
        }
        if parts.isEmpty {
            parts = shape.fields.indices.filter { shape.fields[$0].parent == 0 }.map(shape.name(of:)).sorted()
        }
        return (market?.name ?? "*", parts.prefix(Self.keyLimit).joined(separator: ","))
    }

    private func compare(
        _ kind: UInt64,
        _ market: MarketID?,
        _ fingerprint: UInt64,
        _ tell: (Finding) -> Void
    ) {
        let name = name(on: market)
        let stream = market == nil ? name.kind : "\(name.market) \(name.kind)"
        guard
            var shapeKnown = known[kind] ?? documented["\(name.market) \(name.kind)"]
                ?? documented["* \(name.kind)"]
        else { return meet(kind, stream, tell) }
        if shapeKnown.lessonsLeft > 0 {
            shapeKnown.learn(shape)
            known[kind] = shapeKnown
            return
        }
        known[kind] = shapeKnown
        for change in shapeKnown.changes(in: shape) {
            tellOnce(Finding(kind: change.kind, stream: stream, detail: change.detail), tell)
        }
        if right.count >= Self.fingerprintLimit { right.removeAll(keepingCapacity: true) }
        right.insert(fingerprint)
    }

    /// A kind that no document shows: its first frames are what is right from now on.
    private func meet(_ kind: UInt64, _ stream: String, _ tell: (Finding) -> Void) {
        guard learned < Self.learnedLimit else { return untold &+= 1 }
        learned += 1
        known[kind] = KnownShape(name: stream, learnedFrom: shape)
        // Of a venue without documents every kind would be new.
        guard !documented.isEmpty else { return }
        let keys = shape.fields.indices.filter { shape.fields[$0].parent == 0 }.map(shape.name(of:))
        let detail = "no document shows it; its keys: \(keys.prefix(Self.keyLimit).joined(separator: ", "))"
        tellOnce(Finding(kind: .newKind, stream: stream, detail: detail), tell)
    }

    private func checkSum(_ kind: UInt64, _ market: MarketID?, _ tell: (Finding) -> Void) {
        let count = zeros[kind] ?? 0
        // A sum that is not zero clears the kind for good.
        guard count >= 0 else { return }
        if shape.hasRealChecksum {
            zeros[kind] = -1
        } else if count < Self.zeroChecksums {
            guard zeros.count < Self.learnedLimit || zeros[kind] != nil else { return }
            zeros[kind] = count + 1
            guard count + 1 == Self.zeroChecksums else { return }
            let name = name(on: market)
            let stream = market == nil ? name.kind : "\(name.market) \(name.kind)"
            let detail = "the checksum was 0 in all \(Self.zeroChecksums) frames that were looked at"
            tellOnce(Finding(kind: .checksumZero, stream: stream, detail: detail), tell)
        }
    }

    private func tellOnce(_ finding: Finding, _ tell: (Finding) -> Void) {
        guard !told.contains(finding) else { return }
        guard told.count < Self.reportLimit else { return untold &+= 1 }
        told.insert(finding)
        tell(finding)
    }
}
