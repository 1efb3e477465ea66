// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Lifecycle
import Queues
import REST

/// `marketbus route`: the cheapest way of an order over venues, asked from a running aggregator.
enum RouteCommand {
    static let summary = "the cheapest split of an order over venues, now"

    private struct Question: Sendable {
        var aggregator: String
        var path: String
    }

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "route",
            """
            Asks a running aggregator how an order is carried out most cheaply over the venues' books: fees, lots and minimums
            respected, nothing beyond what the books prove; what it costs against the middle and against each venue alone.
            Exit codes: 0 all of it can be done, 1 not all of it, or the symbol is not known; 64 command line; 69 no aggregator.
            """,
            operands: "SYMBOL SIDE SIZE",
            options: [
                CommandOption("--aggregator", value: "URL", help: "the aggregator's HTTP (\(standard))"),
                CommandOption("--json", help: "one JSON object"),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            Tool.ignoreServices(reader)
            reader.ignore(prefix: "kafka")
            return read(reader, line)
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let question, _): return Tool.run("route") { try ask(question, $0) }
        }
    }

    private static let standard = "http://127.0.0.1:9110"

    /// The words' meaning is checked by the aggregator, which names the field; here it is only seen that all are there.
    private static func read(_ reader: ConfigurationReader, _ line: CommandLineArguments) -> Question {
        let example = "as in marketbus route BTC-USDT buy 2.5"
        if line.operands.count != 3 {
            reader.note("SYMBOL SIDE SIZE", "are three words, not \(line.operands.count)", example)
        }
        var base = line.value("--aggregator") ?? standard
        if !base.hasPrefix("http://"), !base.hasPrefix("https://") {
            reader.note("--aggregator", "\"\(base)\" is no URL", "write as in \(standard)")
        }
        while base.hasSuffix("/") { base.removeLast() }
        let names = ["symbol", "side", "size"]
        var query = zip(names, line.operands).map { "\($0)=\(escaped($1))" }
        if !line.has("--json") { query.append("as=lines") }
        return Question(aggregator: base, path: "/route?" + query.joined(separator: "&"))
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII,
                scalar.properties.isAlphabetic || "0123456789-._".unicodeScalars.contains(scalar)
            {
                escaped.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }

    private static func ask(_ question: Question, _ stop: StopFlag) throws -> Int32 {
        let client = try RESTClient(name: "route")
        try client.start()
        defer { client.stop() }
        let request = RESTRequest(
            url: question.aggregator + question.path,
            connectTimeoutMilliseconds: 2000,
            totalTimeoutMilliseconds: 10_000,
            maximumBodyBytes: 4 << 20
        )
        let box = Mailbox<Result<RESTResponse, RESTError>>(capacity: 1, policy: .refuseNewest)
        let id = client.send(request) { box.post($0) }
        while true {
            if let result = box.drain().first { return tell(result, question) }
            if stop.isRaised { client.cancel(id) }
            WaitABit.milliseconds(5)
        }
    }

    private static func tell(_ result: Result<RESTResponse, RESTError>, _ question: Question) -> Int32 {
        switch result {
        case .failure(let error):
            let hint = "is an aggregator running there? see --aggregator"
            Tool.complain("route", "\(question.aggregator) does not answer: \(error.message); \(hint)")
            return ExitCode.dependency.code
        case .success(let response):
            let text = String(decoding: response.body, as: UTF8.self)
            if response.status == 200 {
                Terminal.write(text, to: .output)
                return isWhole(text) ? 0 : Tool.findingExitCode
            }
            for line in text.split(separator: "\n") { Tool.complain("route", String(line)) }
            switch response.status {
            case 400: return ExitCode.configuration.code
            case 404: return Tool.findingExitCode
            default: return ExitCode.dependency.code
            }
        }
    }

    /// Whether the answer, as JSON or as lines, carries out all that was asked for.
    private static func isWhole(_ text: String) -> Bool {
        if text.hasPrefix("{") { return text.hasPrefix("{\"complete\":true") }
        return text.split(separator: "\n").first?.contains(": ") == false
    }
}
