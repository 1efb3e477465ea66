// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

@testable import VenueKit

/// The shape of one kind of frame, gathered from samples, and its text in a sheet.
final class ShapeTree {
    private var types: FieldTypes = []
    /// How often it was an object, or an array that was not empty.
    private var times = 0
    private var names: [String] = []
    private var members: [String: (tree: ShapeTree, times: Int)] = [:]
    private var element: ShapeTree?
    private var columns: [(tree: ShapeTree, times: Int)] = []

    /// Adds the value at a cursor and leaves the cursor behind it.
    func add(_ cursor: inout JSONCursor, isElement: Bool = false) throws(JSONError) {
        switch cursor.peek {
        case UInt8(ascii: "{"):
            types.insert(.object)
            times += 1
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                let name = key.string
                if members[name] == nil { names.append(name) }
                let tree = members[name]?.tree ?? ShapeTree()
                members[name] = (tree, (members[name]?.times ?? 0) + 1)
                try tree.add(&cursor)
            }
        case UInt8(ascii: "["):
            types.insert(.array)
            try cursor.enterArray()
            var place = 0
            while try cursor.nextElement() {
                let tree = isElement ? column(place) : element ?? ShapeTree()
                if !isElement { element = tree }
                try tree.add(&cursor, isElement: !isElement)
                place += 1
            }
            if place > 0 { times += 1 }
        case UInt8(ascii: "\""):
            types.insert(.string)
            _ = try cursor.string()
        default:
            let text = try cursor.scalar()
            types.insert(
                text.isTrue || text.isFalse
                    ? .bool : text.count == 4 && text.start[0] == 110 ? .null : .number
            )
        }
    }

    private func column(_ place: Int) -> ShapeTree {
        if place == columns.count { columns.append((ShapeTree(), 0)) }
        columns[place].times += 1
        return columns[place].tree
    }

    /// The text in a sheet.
    func text(isElement: Bool = false) -> String {
        var parts: [String] = []
        if types.contains(.object) {
            let fields = names.map { name in
                let member = members[name]
                let mark = member?.times == times ? "" : "?"
                return "\(name)\(mark):\(member?.tree.text() ?? "")"
            }
            parts.append("{\(fields.joined(separator: " "))}")
        }
        if types.contains(.array) {
            let fields = columns.map { ($0.times == times ? "" : "?") + $0.tree.text() }
            parts.append(
                isElement
                    ? "(\(fields.joined(separator: " ")))" : "[\(element?.text(isElement: true) ?? "")]"
            )
        }
        let letters: [(FieldTypes, String)] = [(.string, "s"), (.number, "n"), (.bool, "b"), (.null, "0")]
        for (type, letter) in letters where types.contains(type) { parts.append(letter) }
        return parts.joined(separator: "|")
    }
}

/// The shapes of a venue's samples as the text of its sheet.
enum SheetWriter {
    /// The longest line.
    private static let width = 100

    /// One kind a line, broken where it is too long.
    static func text(_ samples: [Sample], _ venue: any Venue) throws -> String {
        let sentinel = DriftSentinel(venue.frameSheet)
        guard let scanner = JSONScanner() else { throw JSONError.tooLong }
        var trees: [String: ShapeTree] = [:]
        var order: [(market: String, kind: String)] = []
        for sample in samples {
            let bytes = Array(sample.frame.utf8)
            let kind = bytes.withUnsafeBytes { sentinel.kindName(FrameBytes($0), nil) } ?? ""
            for market in sample.markets {
                if trees[market + " " + kind] == nil { order.append((market, kind)) }
                let tree = trees[market + " " + kind] ?? ShapeTree()
                trees[market + " " + kind] = tree
                try bytes.withUnsafeBytes { buffer in
                    var cursor = try scanner.scan(buffer)
                    try tree.add(&cursor)
                }
            }
        }
        var lines: [(kind: String, shape: String, markets: [String])] = []
        for entry in order {
            let shape = trees[entry.market + " " + entry.kind]?.text() ?? ""
            if let place = lines.firstIndex(where: { $0.kind == entry.kind && $0.shape == shape }) {
                lines[place].markets.append(entry.market)
            } else {
                lines.append((entry.kind, shape, [entry.market]))
            }
        }
        return lines.map { wrapped("\($0.markets.joined(separator: ",")) \($0.kind) \($0.shape)") }
            .joined(separator: "\n")
    }

    private static func wrapped(_ line: String) -> String {
        var lines = [""]
        for word in line.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + word.count < width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append("  " + word)
            }
        }
        return lines.joined(separator: "\n")
    }
}
