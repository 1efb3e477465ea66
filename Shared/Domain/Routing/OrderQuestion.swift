// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// An order whose cheapest way is asked for, as somebody typed it.
public struct OrderQuestion: Hashable, Sendable {
    /// What is wrong with a field, and how it is mended.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// The field.
        public var field: String
        /// What is wrong with it.
        public var what: String
        /// How it is mended.
        public var mend: String

        /// One line.
        public var description: String { "\(field) \(what): \(mend)" }
    }

    /// The canonical symbol.
    public var symbol: String
    /// Whether it buys.
    public var isBuy: Bool
    /// How much, in base currency.
    public var size: ScaledDecimal

    /// Reads the fields; all that is wrong is told at once.
    public static func read(
        symbol: String?,
        side: String?,
        size: String?
    ) -> Result<OrderQuestion, OrderQuestionProblems> {
        var problems: [Problem] = []
        let name = symbol ?? ""
        if !isSymbol(name) {
            let what = missing(symbol) ?? "\(quoted(name)) is no canonical symbol"
            let upper = name.uppercased()
            let mend = isSymbol(upper) ? "write \(upper)" : "write as in BTC-USDT or BTC-USDT-PERP"
            problems.append(Problem(field: "symbol", what: what, mend: mend))
        }
        if side != "buy", side != "sell" {
            problems.append(
                Problem(
                    field: "side",
                    what: missing(side) ?? "\(quoted(side)) is no side",
                    mend: "write buy or sell"
                )
            )
        }
        let amount = size.flatMap { text in try? ScaledDecimal(text) } ?? .zero
        if !amount.isPositive {
            let what = missing(size) ?? "\(quoted(size)) is no size above zero"
            problems.append(
                Problem(field: "size", what: what, mend: "write how much base currency, as in 2.5")
            )
        }
        guard problems.isEmpty else { return .failure(OrderQuestionProblems(all: problems)) }
        return .success(OrderQuestion(symbol: name, isBuy: side == "buy", size: amount))
    }

    /// Two or three words with hyphens between them, without small letters; venues name coins in any script.
    private static func isSymbol(_ name: String) -> Bool {
        let words = name.split(separator: "-", omittingEmptySubsequences: false)
        return (2...3).contains(words.count) && name.utf8.count <= 96
            && words.allSatisfy { word in
                !word.isEmpty
                    && word.unicodeScalars.allSatisfy { !$0.properties.isLowercase && $0.value > 0x2C }
            }
    }

    private static func missing(_ text: String?) -> String? { (text ?? "").isEmpty ? "is missing" : nil }

    private static func quoted(_ text: String?) -> String { "\"\((text ?? "").prefix(64))\"" }
}

/// Everything that is wrong with a question.
public struct OrderQuestionProblems: Error, Hashable, Sendable, CustomStringConvertible {
    /// The problems, in the order of the fields.
    public var all: [OrderQuestion.Problem]

    /// One line each.
    public var description: String { all.map(\.description).joined(separator: "\n") }
}
