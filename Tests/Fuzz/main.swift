// Part of MarketBus. Apache License 2.0, see LICENSE.
// frame-fuzz: mutated frames through decoder, pipeline and encoder; every record is read back and checked.

import Glibc

guard let options = Options(CommandLine.arguments.dropFirst()) else {
    print(Options.usage)
    exit(64)
}
if let url = options.sockets {
    exit(try SocketRun(url: url, count: options.count).work() == 0 ? 0 : 1)
}
let corpus = Corpus(options.venue, paths: options.corpus)
print("corpus\t\(corpus.frames.count) frames\(corpus.isBuiltIn ? " of the documents" : "")")
let run = FuzzRun(options, corpus)
let clock = ContinuousClock()
let duration = clock.measure { run.work() }
run.tally.report()
for failure in run.failures { print("FAILURE\t\(failure)") }
let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
print(
    "summary\t\(options.venue.rawValue)\tframes \(options.count)\tseed \(options.seed)\tevents \(run.tally.events)"
        + "\tdead letters \(run.tally.deadLetters)\tcrashes 0\tfailures \(run.failureCount)"
        + "\tseconds \((seconds * 10).rounded() / 10)"
)
exit(run.failureCount == 0 ? 0 : 1)
