// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Configuration
import Lifecycle
import Wire

/// The live table on a terminal, with plain ANSI sequences.
final class ScreenView: UpView {
    private static let pause: Int64 = 250
    private var news: [String] = []
    private var errors: [String] = []
    private var nextDrawing = MonotonicNanos(0)
    private var last = ""

    init() {
        // The other screen, without cursor: what was on the terminal comes back at the end.
        Terminal.write("\u{1B}[?1049h\u{1B}[?25l", to: .output)
    }

    var lastErrors: String { errors.map { $0 + "\n" }.joined() }

    func take(_ news: ChildNews) {
        if news.event == "error" {
            errors.append(news.detail)
            if errors.count > 20 { errors.removeFirst() }
        }
        self.news.append("\(news.name): \(news.event) \(news.detail)")
        if self.news.count > 5 { self.news.removeFirst() }
    }

    func take(_ news: MarketNews) {}

    func draw(_ picture: MarketPicture, _ children: [ChildState], logs: String, now: MonotonicNanos) {
        guard now >= nextDrawing else { return }
        nextDrawing = now.advanced(milliseconds: Self.pause)
        var (rows, columns): (Int32, Int32) = (40, 120)
        _ = md_terminal_size(1, &rows, &columns)
        let table = MarketTable(width: Int(columns), height: Int(rows), now: WallNanos.now.microseconds)
        let lines = table.render(picture, children, news: news, logs: logs)
        last = lines.map { $0.plain + "\n" }.joined()
        let body = lines.map { $0.styled + "\u{1B}[K" }.joined(separator: "\r\n")
        Terminal.write("\u{1B}[H" + body + "\u{1B}[J", to: .output)
    }

    func end() {
        Terminal.write("\u{1B}[?25h\u{1B}[?1049l" + last, to: .output)
        last = ""
    }
}
