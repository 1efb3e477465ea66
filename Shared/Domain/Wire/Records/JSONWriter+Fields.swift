// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// Fields of objects, for records: `open` begins an object with its first field, `field` adds one, `close` ends it.
extension JSONWriter {
    /// Begins a record of this topic with its `schema`.
    @inline(__always)
    mutating func open(_ topic: TopicID) {
        open("schema", TopicRegistry.spec(of: topic).schema)
    }

    /// Begins an object with a text.
    @inline(__always)
    mutating func open(_ name: StaticString, _ value: String) {
        literal("{\"")
        literal(name)
        literal("\":")
        string(value)
    }

    /// Begins an object with an integer.
    @inline(__always)
    mutating func open(_ name: StaticString, _ value: Int64) {
        literal("{\"")
        literal(name)
        literal("\":")
        integer(value)
    }

    /// Begins an object with an integer.
    @inline(__always)
    mutating func open(_ name: StaticString, _ value: UInt64) {
        literal("{\"")
        literal(name)
        literal("\":")
        integer(value)
    }

    /// Ends an object.
    @inline(__always)
    mutating func close() { literal("}") }

    /// Writes a further field's name.
    @inline(__always)
    mutating func name(_ name: StaticString) {
        literal(",\"")
        literal(name)
        literal("\":")
    }

    /// Adds a text.
    @inline(__always)
    mutating func field(_ name: StaticString, _ value: String) {
        self.name(name)
        string(value)
    }

    /// Adds a text or null.
    @inline(__always)
    mutating func field(_ name: StaticString, _ value: String?) {
        self.name(name)
        string(value)
    }

    /// Adds an integer.
    @inline(__always)
    mutating func field(_ name: StaticString, _ value: Int64) {
        self.name(name)
        integer(value)
    }

    /// Adds an integer.
    @inline(__always)
    mutating func field(_ name: StaticString, _ value: UInt64) {
        self.name(name)
        integer(value)
    }

    /// Adds an integer, or null for `Int64.min`, which stands for "none".
    @inline(__always)
    mutating func field(_ name: StaticString, orNull value: Int64) {
        self.name(name)
        integerOrNull(value)
    }

    /// Adds a decimal.
    @inline(__always)
    mutating func field(_ name: StaticString, _ value: ScaledDecimal) {
        self.name(name)
        decimal(value)
    }

    /// Adds a decimal or null.
    @inline(__always)
    mutating func field(_ name: StaticString, _ value: ScaledDecimal?) {
        self.name(name)
        decimal(value)
    }

    /// Adds a price and its size, or null for both.
    @inline(__always)
    mutating func field(_ price: StaticString, _ size: StaticString, _ level: PriceLevel?) {
        field(price, level?.price)
        field(size, level?.size)
    }

    /// Adds a boolean.
    @inline(__always)
    mutating func field(_ name: StaticString, _ value: Bool) {
        self.name(name)
        bool(value)
    }

    /// Adds an array, one element a call of `write`.
    @inline(__always)
    mutating func field<Element>(
        _ name: StaticString,
        _ elements: [Element],
        _ write: (Element, inout JSONWriter) -> Void
    ) {
        self.name(name)
        literal("[")
        for index in elements.indices {
            if index > 0 { literal(",") }
            write(elements[index], &self)
        }
        literal("]")
    }
}
