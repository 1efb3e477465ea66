// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

let usage = """
    usage: benchmarks frames FOLDER [SECONDS]     recorded frames to record bytes, in memory
           benchmarks drift FOLDER [SECONDS]      the same without and with the drift sentinel
           benchmarks allocations FOLDER          how often that asks for memory; exit 1 if it does
           benchmarks books                       order books: an update, an increment, 500 books; exit 1 if they ask for memory
           benchmarks market                      the aggregator's machines: a quote, a book record, by symbols and venues
           benchmarks produce FOLDER              recorded frames handed to librdkafka, beside librdkafka alone
           benchmarks pace SERVERS RATE [SECONDS] bare librdkafka at a rate: the floor of a feed's load
           benchmarks receive URL TEXT [SECONDS]  WebSocket frames received, TEXT sent first
           benchmarks hops SERVERS [SECONDS]      frame read to agg.quote and arb.opportunity read
    FOLDER holds the extractor's frame files; Tests/Benchmarks/run.py makes it and runs all.
    """

let arguments = Array(CommandLine.arguments.dropFirst())
let folder = arguments.count > 1 ? arguments[1] : ""
switch arguments.first {
case "frames" where arguments.count >= 2:
    let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 1 : 1
    FrameBenchmark(folder: folder, runs: 5, secondsPerRun: seconds).runAll()
case "drift" where arguments.count >= 2:
    let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 1 : 1
    FrameBenchmark(folder: folder, runs: 5, secondsPerRun: seconds).runDrift()
case "allocations" where arguments.count == 2:
    exit(AllocationBenchmark(folder: folder).runAll() ? 0 : 1)
case "books" where arguments.count == 1:
    exit(BookBenchmark().runAll() ? 0 : 1)
case "market" where arguments.count == 1:
    MarketBenchmark().runAll()
case "produce" where arguments.count == 2:
    try ProduceBenchmark(folder: folder).runAll()
case "receive" where arguments.count >= 3:
    let seconds = arguments.count > 3 ? Double(arguments[3]) ?? 3 : 3
    try ReceiveBenchmark(url: arguments[1], subscription: arguments[2], seconds: seconds).run()
case "pace" where arguments.count >= 3:
    let seconds = arguments.count > 3 ? Double(arguments[3]) ?? 5 : 5
    PaceBenchmark(servers: arguments[1], rate: Double(arguments[2]) ?? 1000, seconds: seconds).run()
case "hops" where arguments.count >= 2:
    let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 10 : 10
    try HopsBenchmark(servers: arguments[1], seconds: seconds).run()
default:
    print(usage)
    exit(64)
}
