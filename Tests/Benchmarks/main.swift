// Part of MarketBus. Apache License 2.0, see LICENSE.

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "frames" where arguments.count == 3:
    FrameBenchmark(folder: arguments[1], runs: 5, secondsPerRun: Double(arguments[2]) ?? 1).runAll()
default:
    print("usage: benchmarks frames FRAMES_DIR SECONDS_PER_RUN")
}
