// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Coinbase
import Gateway
import Glibc
import HTX
import Models
import OKX
import VenueKit

/// Something that takes any bytes.
///
/// Built only with `MARKETBUS_FUZZ=1` (deploy/scripts/fuzz.sh).
protocol FuzzTarget: AnyObject {
    /// Takes one input; ends the process where a rule is broken.
    func run(_ bytes: UnsafeRawBufferPointer)
}

/// The targets by name.
enum FuzzTargets {
    /// How a target is named and made.
    struct Entry {
        let name: String
        let make: () -> (any FuzzTarget)?
    }

    static let venues: [any Venue] = [
        BinanceVenue(), OKXVenue(), HTXVenue(), CoinbaseVenue(), CoinbaseVenue(api: .advanced),
        GatewayVenue(),
    ]

    static var all: [Entry] {
        [
            Entry(name: "binance") { DecoderTarget(BinanceVenue(), [.spot, .usdm, .coinm, nil]) },
            Entry(name: "okx") { DecoderTarget(OKXVenue(), [nil]) },
            Entry(name: "htx") { DecoderTarget(HTXVenue(), [nil]) },
            // One decoder reads both feeds; the corpora differ.
            Entry(name: "coinbase") { DecoderTarget(CoinbaseVenue(), [nil]) },
            Entry(name: "coinbase-advanced") { DecoderTarget(CoinbaseVenue(api: .advanced), [nil]) },
            Entry(name: "gateway") {
                DecoderTarget(GatewayVenue(), [.gatewaySpot, .gatewayLinear, .gatewayInverse, nil])
            },
            Entry(name: "answers") { AnswerTarget() },
            Entry(name: "records") { RecordTarget() },
            Entry(name: "book") { BookTarget() },
            Entry(name: "message") { MessageTarget() },
            Entry(name: "compression") { CompressionTarget() },
        ]
    }

    /// What is fuzzed; libFuzzer calls from one thread.
    nonisolated(unsafe) static var current: (any FuzzTarget)?
}

/// Ends the process, and says why, where a rule does not hold.
@inline(__always)
func check(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { fail(rule()) }
}

@inline(never)
private func fail(_ rule: String) -> Never {
    var line = "BROKEN: \(rule)\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    abort()
}
