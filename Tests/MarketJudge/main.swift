// Part of MarketBus. Apache License 2.0, see LICENSE.

// Plays generated markets through the machines of Quotes, Arbitrage and Routing: scripts on standard input, every step
// and figure as a line on standard output. Tests/Replay/markets compares it with the oracle.

var judge = Judge()
while let line = readLine(strippingNewline: true) {
    do {
        let output = try judge.run(line)
        if !output.isEmpty { print(output, terminator: "") }
    } catch {
        print("error \(line): \(error)")
    }
}
