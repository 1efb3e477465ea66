// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Lifecycle
import Models
import RecordLines
import VenueKit

/// `marketbus normalize`: frames or sessions on standard input, records on standard output.
struct NormalizeCommand {
    /// One line for the list of commands.
    static let summary = "raw frames or recorded sessions to records, offline"

    static let usage = """
        usage: marketbus normalize --venue V [--market M] [--instruments FILE]… [--emit-instruments] [--feed NAME]
                                   < frames > records

        Reads raw frames or recorded sessions, one a line, and prints the records that the feed would publish, one a
        line: {"topic","key","value"}. What can't be decoded becomes a sys.dead_letter.v1 record.

          --venue V            \(VenueList.names)
          --market M           the market of frames that don't show theirs: spot, usdm, coinm (binance)
          --instruments FILE   the venue's own instrument answers, in the rest form; may be repeated
          --emit-instruments   print the ref.instrument.v1 records of these files first
          --feed NAME          the instance name in the records (default: V-feed)
          --counts             print how many frames of which kind gave no event, to standard error

        """

    private var venue: (any Venue)?
    private var market: MarketID?
    private var feed: String?
    private var files: [String] = []
    private var emitsInstruments = false
    private var printsCounts = false
    private var problems: [String] = []

    /// Runs the command and gives its exit code.
    static func run(_ arguments: [String]) -> Int32 {
        if arguments.contains("--help") {
            print(usage, terminator: "")
            return 0
        }
        var command = NormalizeCommand()
        command.read(arguments)
        guard let venue = command.venue, command.problems.isEmpty else {
            for problem in command.problems { complain(problem) }
            return 64
        }
        return command.normalize(venue)
    }

    private mutating func read(_ arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--emit-instruments": emitsInstruments = true
            case "--counts": printsCounts = true
            case "--venue", "--market", "--instruments", "--feed":
                guard let value = rest.popFirst() else {
                    problems.append("\(option): a value is missing")
                    return
                }
                take(option, value)
            default:
                problems.append("\(option): no such option (see marketbus normalize --help)")
            }
        }
        if venue == nil, problems.isEmpty {
            problems.append("--venue: is missing; one of \(VenueList.names)")
        }
        if let venue, let market, !venue.profile.markets.contains(market) {
            let known = venue.profile.markets.map(\.name).joined(separator: ", ")
            problems.append("--market \(market): \(type(of: venue).id) has \(known)")
        }
    }

    private mutating func take(_ option: String, _ value: String) {
        switch option {
        case "--venue":
            venue = VenueList.venue(named: value)
            if venue == nil { problems.append("--venue \(value): unknown; one of \(VenueList.names)") }
        case "--market": market = MarketID(value)
        case "--feed": feed = value
        default: files.append(value)
        }
    }

    private func normalize(_ venue: any Venue) -> Int32 {
        let output = RecordLineWriter()
        let name = feed ?? "\(type(of: venue).id)-feed"
        let normalizer = Normalizer(venue: venue, feed: name, market: market, sink: output)
        for file in files {
            if let problem = load(file, normalizer) {
                Self.complain(problem)
                return 64
            }
        }
        let input = LineReader(descriptor: STDIN_FILENO)
        while output.failure == nil, let line = input.next() {
            normalizer.take(line: line.bytes, readable: line.readable)
        }
        do throws(RecordLineError) {
            try output.flush()
        } catch {
            Self.complain(error.description)
            return error.exitCode.code
        }
        if printsCounts {
            for (kind, count) in normalizer.ignored.sorted(by: { $0.key < $1.key }) {
                Self.complain("no event: \(count) \(kind)")
            }
            Self.complain("dead letters: \(normalizer.deadLetters)")
        }
        return 0
    }

    private func load(_ path: String, _ normalizer: Normalizer) -> String? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else {
            return "--instruments \(path): \(String(cString: strerror(errno))); name a readable file"
        }
        defer { close(descriptor) }
        let reader = LineReader(descriptor: descriptor)
        var number = 0
        while let line = reader.next() {
            number += 1
            do throws(DecodeError) {
                _ = try normalizer.loadInstruments(line: line.bytes, publishes: emitsInstruments)
            } catch {
                return
                    "--instruments \(path), line \(number): no instrument answer of this venue (\(error.detail))"
            }
        }
        return nil
    }

    private static func complain(_ text: String) {
        Tool.complain("normalize", text)
    }
}
