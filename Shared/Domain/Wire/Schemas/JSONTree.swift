// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A JSON document in memory, for documents that people read: fields keep their order.
enum JSONTree {
    case object([(String, JSONTree)])
    case array([JSONTree])
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case null

    /// The document with two spaces a level and a line feed at its end.
    var text: String {
        var writer = JSONWriter()
        write(to: &writer, indent: 0)
        writer.literal("\n")
        return writer.string
    }

    private func write(to writer: inout JSONWriter, indent: Int) {
        switch self {
        case .object(let fields):
            Self.write(fields.count, "{", "}", to: &writer, indent) { index, writer in
                writer.string(fields[index].0)
                writer.literal(": ")
                fields[index].1.write(to: &writer, indent: indent + 1)
            }
        case .array(let elements):
            Self.write(elements.count, "[", "]", to: &writer, indent) { index, writer in
                elements[index].write(to: &writer, indent: indent + 1)
            }
        case .string(let text): writer.string(text)
        case .integer(let value): writer.integer(value)
        case .boolean(let value): writer.bool(value)
        case .null: writer.literal("null")
        }
    }

    private static func write(
        _ count: Int,
        _ opening: StaticString,
        _ closing: StaticString,
        to writer: inout JSONWriter,
        _ indent: Int,
        _ element: (Int, inout JSONWriter) -> Void
    ) {
        writer.literal(opening)
        for index in 0..<count {
            writer.literal(index == 0 ? "\n" : ",\n")
            for _ in 0...indent { writer.literal("  ") }
            element(index, &writer)
        }
        if count > 0 {
            writer.literal("\n")
            for _ in 0..<indent { writer.literal("  ") }
        }
        writer.literal(closing)
    }
}
