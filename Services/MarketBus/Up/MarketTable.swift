// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Wire

/// One line of the table: cut to the terminal's width, with its style.
struct TableLine {
    enum Style {
        case plain
        case heading
        case faint
        case good
        case alarm
    }

    let plain: String
    let style: Style

    var styled: String {
        switch style {
        case .plain: plain
        case .heading: "\u{1B}[1m\(plain)\u{1B}[0m"
        case .faint: "\u{1B}[2m\(plain)\u{1B}[0m"
        case .good: "\u{1B}[32m\(plain)\u{1B}[0m"
        case .alarm: "\u{1B}[33m\(plain)\u{1B}[0m"
        }
    }
}

/// Quotes, opportunities and programs as lines of text.
struct MarketTable {
    let width: Int
    let height: Int
    /// The time, in microseconds since the Unix epoch.
    let now: Int64

    func render(
        _ picture: MarketPicture,
        _ children: [ChildState],
        news: [String],
        logs: String
    ) -> [TableLine] {
        let head = programs(picture, children)
        let opportunities = opportunities(picture)
        let foot =
            [line("", .plain)] + news.suffix(3).map { line($0, .faint) } + [line("logs: \(logs)", .faint)]
        let room = max(3, height - head.count - opportunities.count - foot.count - 1)
        let all = head + quotes(picture, room: room) + opportunities + foot
        return Array(all.prefix(max(1, height)))
    }

    private func programs(_ picture: MarketPicture, _ children: [ChildState]) -> [TableLine] {
        let words = children.map { child in
            let again = child.restarts > 0 ? " (started \(child.restarts + 1)x)" : ""
            return "\(child.name) \(child.isReady ? "ready" : child.text)\(again)"
        }
        let rate =
            "\(picture.quotesPerSecond) quotes/s   opportunities: \(picture.open.count) open, \(picture.opened) so far"
        var lines = [line("MarketBus   \(rate)", .heading), line(words.joined(separator: "   "), .faint)]
        for feed in picture.feeds.values.sorted(by: { $0.feed < $1.feed }) {
            let live = feed.streams.filter { $0.state == .live }.count
            let text =
                "\(feed.feed): \(feed.state.rawValue), \(live)/\(feed.streams.count) streams live,"
                + " \(feed.totals.records) records, \(feed.totals.deadLetters) dead letters,"
                + " \(feed.totals.reconnects) reconnects"
            lines.append(line(text, feed.state == .live ? .faint : .alarm))
        }
        return lines + [line("", .plain)]
    }

    private func quotes(_ picture: MarketPicture, room: Int) -> [TableLine] {
        let columns = [-16, 14, 14, -9, 14, 14, -9, 8, -9]
        var lines = [
            line(
                row(["SYMBOL", "BID", "SIZE", "AT", "ASK", "SIZE", "AT", "AGE ms", ""], columns),
                .heading
            )
        ]
        let sorted = picture.quotes.values.sorted { $0.head.symbol < $1.head.symbol }
        for quote in sorted.prefix(max(1, room - 1)) {
            let venues = quote.legs.map(\.quote)
            let ages = venues.filter { $0.health == .live }.map(\.receivedMicroseconds)
            let oldest = ages.min().map { "\(max(0, now - $0) / 1000)" } ?? "-"
            let dead = venues.filter { $0.health != .live }.map { "\($0.venue) \($0.health.rawValue)" }
            let state = quote.crossed ? "CROSSED" : quote.locked ? "locked" : dead.joined(separator: " ")
            let cells = [
                quote.head.symbol, text(quote.bid?.level.price), text(quote.bid?.level.size),
                quote.bid?.venue ?? "-",
                text(quote.ask?.level.price), text(quote.ask?.level.size), quote.ask?.venue ?? "-", oldest,
                state,
            ]
            lines.append(line(row(cells, columns), quote.crossed ? .good : dead.isEmpty ? .plain : .alarm))
        }
        if sorted.count > max(1, room - 1) { lines.append(line("… \(sorted.count - room + 1) more", .faint)) }
        return lines
    }

    private func opportunities(_ picture: MarketPicture) -> [TableLine] {
        let columns = [-16, -19, 14, 14, 10, 14, 14, 8]
        var lines = [
            line("", .plain),
            line(
                row(
                    [
                        "OPPORTUNITY", "BUY > SELL", "BUY AT", "SELL AT", "NET bps", "SIZE", "PROFIT",
                        "AGE ms",
                    ],
                    columns
                ),
                .heading
            ),
        ]
        let best = picture.open.values.sorted { $0.profit > $1.profit }
        for step in best.prefix(8) {
            let cells = [
                step.head.symbol, "\(step.buy.venue) > \(step.sell.venue)", text(step.buy.price),
                text(step.sell.price),
                text(step.edgeBasisPoints), text(step.size), text(step.profit),
                "\(max(0, now - step.openedMicroseconds) / 1000)",
            ]
            lines.append(line(row(cells, columns), .good))
        }
        if best.isEmpty { lines.append(line("none open", .faint)) }
        return lines
    }

    private func text(_ value: ScaledDecimal?) -> String {
        guard let value else { return "-" }
        let shown = (try? value.rounded(toDecimals: 8, .halfEven)) ?? value
        return shown.description
    }

    /// Cells in columns; a negative width is a left one.
    private func row(_ cells: [String], _ columns: [Int]) -> String {
        zip(cells, columns).map { cell, column in
            let space = String(repeating: " ", count: max(0, abs(column) - cell.count))
            return column < 0 ? cell + space : space + cell
        }.joined(separator: " ")
    }

    private func line(_ text: String, _ style: TableLine.Style) -> TableLine {
        TableLine(plain: String(text.prefix(max(1, width - 1))), style: style)
    }
}
