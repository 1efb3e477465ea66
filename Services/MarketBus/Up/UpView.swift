// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Lifecycle
import Wire

/// A program's state as it is shown.
typealias ChildState = (name: String, isReady: Bool, restarts: Int, text: String)

/// Where `marketbus up` shows what happens.
///
/// - Thread: the supervisor's.
protocol UpView: AnyObject {
    /// The last lines of errors that programs logged.
    var lastErrors: String { get }
    /// Something happened to a program.
    func take(_ news: ChildNews)
    /// A record came.
    func take(_ news: MarketNews)
    /// Shows how things are, if it is time.
    func draw(_ picture: MarketPicture, _ children: [ChildState], logs: String, now: MonotonicNanos)
    /// Leaves the terminal as it was.
    func end()
}

/// JSON lines: all news of programs and opportunities, a quote a symbol and second.
final class LineView: UpView {
    private var errors: [String] = []
    private var shown: [String: MonotonicNanos] = [:]
    private var writer = JSONWriter()
    private var nextSummary = MonotonicNanos.now.advanced(milliseconds: 5000)

    var lastErrors: String { errors.map { $0 + "\n" }.joined() }

    func take(_ news: ChildNews) {
        if news.event == "error" {
            errors.append(news.detail)
            if errors.count > 20 { errors.removeFirst() }
        }
        writer.clear()
        writer.literal("{\"event\":\"service\",\"name\":")
        writer.string(news.name)
        writer.literal(",\"state\":")
        writer.string(news.event)
        writer.literal(",\"detail\":")
        writer.string(news.detail)
        writer.literal("}\n")
        Terminal.write(writer.string, to: .output)
    }

    func take(_ news: MarketNews) {
        var name = "opportunity"
        if news.topic == TopicRegistry.quote {
            name = "quote"
            let now = MonotonicNanos.now
            if let last = shown[news.symbol], now - last < 1_000_000_000 { return }
            shown[news.symbol] = now
        }
        Terminal.write("{\"event\":\"\(name)\",\"record\":\(news.text)}\n", to: .output)
    }

    func draw(_ picture: MarketPicture, _ children: [ChildState], logs: String, now: MonotonicNanos) {
        guard now >= nextSummary else { return }
        nextSummary = now.advanced(milliseconds: 5000)
        let ready = children.filter(\.isReady).count
        let crossed = picture.quotes.values.filter(\.crossed).count
        let text =
            "{\"event\":\"summary\",\"services\":\(children.count),\"ready\":\(ready)"
            + ",\"symbols\":\(picture.quotes.count),\"crossed\":\(crossed)"
            + ",\"quotes_per_second\":\(picture.quotesPerSecond),\"open\":\(picture.open.count)"
            + ",\"opened\":\(picture.opened),\"closed\":\(picture.closed)}\n"
        Terminal.write(text, to: .output)
    }

    func end() {}
}
