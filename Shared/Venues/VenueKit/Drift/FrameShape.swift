// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// What a frame looks like: the tree of its keys and of the types of their values, without the values.
///
/// Of an array the first four elements count, together; deeper than twelve levels and beyond 256 fields nothing does.
///
/// - Thread: that of the feed. Allocates: never, once made.
final class FrameShape {
    /// One field; its name is read from the frame, and so only while that is there.
    struct Field {
        let path: UInt64
        /// The place of the object or array that holds it; -1 for the root.
        let parent: Int
        /// How it is named in its parent.
        let step: Step
        var types: FieldTypes = []
    }

    /// From a field to one of those in it.
    enum Step {
        case root
        case member(JSONText)
        case element
        case column(Int)
    }

    static let fieldLimit = 256
    static let elementLimit = 4
    static let columnLimit = 16
    static let depthLimit = 12
    private static let tableMask = 1023

    private let words: [UInt64]
    private let checksums: [UInt64]
    /// Places in ``fields``, one more than they are, by path; 0: free.
    private let table = UnsafeMutablePointer<UInt16>.allocate(capacity: FrameShape.tableMask + 1)
    private let storage = UnsafeMutablePointer<Field>.allocate(capacity: FrameShape.fieldLimit)
    private var count = 0
    /// What the venue's discriminating fields say, as far as the frame has them.
    private(set) var said: ContiguousArray<JSONText?>
    /// Whether there is a checksum, and all are zero.
    private(set) var hasZeroChecksum = false
    /// Whether there is a checksum that is not zero.
    private(set) var hasRealChecksum = false
    /// Whether nothing was left out, so that what is missing is missing.
    private(set) var isWhole = true

    /// Makes a shape that notes the values of these paths.
    init(words: [UInt64], checksums: [UInt64]) {
        self.words = words
        self.checksums = checksums
        said = ContiguousArray(repeating: nil, count: words.count)
        table.initialize(repeating: 0, count: Self.tableMask + 1)
    }

    deinit {
        // Both hold plain values.
        table.deallocate()
        storage.deallocate()
    }

    /// The fields in the order in which they were met, the root first; good until the next frame is read.
    var fields: UnsafeBufferPointer<Field> { UnsafeBufferPointer(start: storage, count: count) }

    /// Reads a frame's shape, which replaces the one before.
    ///
    /// - Throws: ``JSONError`` where the frame is no JSON; the shape is then of no use.
    func read(_ start: JSONCursor) throws(JSONError) {
        count = 0
        table.update(repeating: 0, count: Self.tableMask + 1)
        for place in 0..<said.count { said[place] = nil }
        hasZeroChecksum = false
        hasRealChecksum = false
        isWhole = true
        var cursor = start
        let root = field(FieldPath.root, in: -1, .root)
        guard cursor.peek == UInt8(ascii: "{") || cursor.peek == UInt8(ascii: "[") else {
            throw .wrongType(offset: cursor.offset)
        }
        try value(&cursor, root, depth: 0)
        try cursor.finish()
    }

    /// The fingerprint: the same for two frames whose fields and types are the same, in whatever order they stand.
    var fingerprint: UInt64 {
        var sum: UInt64 = 0
        for place in 0..<count {
            let field = storage[place]
            sum = sum &+ FieldPath.mixed(field.path &+ UInt64(field.types.rawValue))
        }
        return sum
    }

    /// The place of a path, or nil where the frame has no such field.
    func place(of path: UInt64) -> Int? {
        var slot = Int(truncatingIfNeeded: path) & Self.tableMask
        while table[slot] != 0 {
            let place = Int(table[slot]) &- 1
            if storage[place].path == path { return place }
            slot = (slot &+ 1) & Self.tableMask
        }
        return nil
    }

    /// The name of a field from the root on.
    func name(of place: Int) -> String {
        guard fields.indices.contains(place) else { return "" }
        let parent = name(of: fields[place].parent)
        switch fields[place].step {
        case .root: return ""
        case .element: return parent + "[]"
        case .column(let number): return parent + "[\(number)]"
        case .member(let key):
            let text = BoundedName.text(key)
            return parent.isEmpty ? text : parent + "." + text
        }
    }

    // MARK: The walk

    private func value(_ cursor: inout JSONCursor, _ place: Int, depth: Int) throws(JSONError) {
        guard place >= 0, depth < Self.depthLimit else {
            isWhole = false
            return try cursor.skip()
        }
        switch cursor.peek {
        case UInt8(ascii: "{"):
            note(place, .object)
            try members(&cursor, place, depth)
        case UInt8(ascii: "["):
            note(place, .array)
            try elements(&cursor, place, depth)
        case UInt8(ascii: "\""):
            note(place, .string)
            let text = try cursor.string()
            for word in 0..<words.count where words[word] == storage[place].path {
                if said[word] == nil { said[word] = text }
                break
            }
        case UInt8(ascii: "n"):
            note(place, .null)
            _ = try cursor.scalar()
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            note(place, .bool)
            _ = try cursor.scalar()
        default:
            note(place, .number)
            let text = try cursor.scalar()
            for sum in 0..<checksums.count where checksums[sum] == storage[place].path {
                if text.integer == 0 { hasZeroChecksum = true } else { hasRealChecksum = true }
            }
        }
    }

    private func members(_ cursor: inout JSONCursor, _ place: Int, _ depth: Int) throws(JSONError) {
        let path = storage[place].path
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let child = field(FieldPath.member(of: path, key.bytes), in: place, .member(key))
            try value(&cursor, child, depth: depth &+ 1)
        }
    }

    private func elements(_ cursor: inout JSONCursor, _ place: Int, _ depth: Int) throws(JSONError) {
        let path = storage[place].path
        let isRow = if case .element = storage[place].step { true } else { false }
        let limit = isRow ? Self.columnLimit : Self.elementLimit
        var count = 0
        try cursor.enterArray()
        while try cursor.nextElement() {
            if count >= limit {
                try cursor.skip()
            } else if isRow {
                let child = field(FieldPath.column(of: path, count), in: place, .column(count))
                try value(&cursor, child, depth: depth &+ 1)
            } else {
                let child = field(FieldPath.element(of: path), in: place, .element)
                try value(&cursor, child, depth: depth &+ 1)
            }
            count &+= 1
        }
    }

    private func note(_ place: Int, _ type: FieldTypes) {
        storage[place].types = FieldTypes(rawValue: storage[place].types.rawValue | type.rawValue)
    }

    /// The place of a field, new or met before; -1 where there is no room.
    private func field(_ path: UInt64, in parent: Int, _ step: Step) -> Int {
        var slot = Int(truncatingIfNeeded: path) & Self.tableMask
        while table[slot] != 0 {
            let place = Int(table[slot]) &- 1
            if storage[place].path == path { return place }
            slot = (slot &+ 1) & Self.tableMask
        }
        guard count < Self.fieldLimit else { return -1 }
        (storage + count).initialize(to: Field(path: path, parent: parent, step: step))
        count &+= 1
        table[slot] = UInt16(truncatingIfNeeded: count)
        return count &- 1
    }
}

/// Words of a frame that end up in records: short, whatever the venue sends.
enum BoundedName {
    /// The most bytes of a key or of a discriminating value that are shown.
    static let limit = 48

    /// The text, cut.
    static func text(_ text: JSONText) -> String {
        JSONText(start: text.start, count: min(text.count, limit)).string
    }
}
