// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import TestKit
import Testing

private let command = CommandDescription(
    name: "okx-feed",
    version: "1.2.3",
    summary: "Feeds.",
    options: [CommandOption("--venue", value: "V", repeatable: true, help: "a venue")]
)

private func launch(
    _ words: [String],
    environment: [String: String] = [:]
) -> (code: Int32?, port: UInt16?, output: String, errors: String) {
    var output = ""
    var errors = ""
    let outcome = ServiceLaunch.prepare(
        command,
        arguments: words,
        environment: environment,
        output: { output += $0 },
        errors: { errors += $0 },
        read: { reader, _ in CommonSettings(reader, service: "okx-feed", port: 9102) }
    )
    switch outcome {
    case .run(let settings, _): return (nil, settings.httpPort, output, errors)
    case .exit(let code): return (code, nil, output, errors)
    }
}

@Suite struct LaunchTests {
    @Test func `without flags the service runs with its defaults`() {
        #expect(launch([]).port == 9102)
        #expect(launch(["--set", "http.port=0"], environment: ["MARKETBUS_HTTP__PORT": "1"]).port == 0)
    }

    @Test func `version and help leave with 0`() {
        #expect(launch(["--version"]) == (0, nil, "okx-feed 1.2.3\n", ""))
        let help = launch(["--help"])
        #expect(help.code == 0)
        #expect(help.output.contains("--venue V"))
        #expect(help.output.contains("http.port"))
        #expect(help.output.contains("(9102)"))
    }

    @Test func `check-config lists the effective configuration or all problems`() {
        let good = launch(["--check-config"])
        #expect(good.code == 0)
        #expect(good.output.contains("http.port=9102 (default)\n"))
        let bad = launch(["--check-config", "--set", "http.port=x", "--set", "log.level=y", "--set", "z"])
        #expect(bad.code == 64)
        #expect(bad.errors.hasPrefix("okx-feed: 3 configuration problems\n"))
    }

    @Test(arguments: [
        (["--venu", "x"], "--venu: unknown flag; did you mean --venue?"),
        (["--venue"], "--venue: needs a value; write --venue V"),
        (["--check-config=1"], "--check-config: takes no value"),
        (["--config", "a", "--config", "b"], "--config: is given twice"),
        (["word"], "unexpected \"word\"; see okx-feed --help"),
    ])
    func `a wrong command line leaves with 64 and says what to do`(words: [String], said: String) {
        let result = launch(words)
        #expect(result.code == 64)
        #expect(result.errors.contains(said))
    }

    @Test func `flags keep their values in order and a double dash ends them`() throws {
        let command = CommandDescription(
            name: "x",
            version: "1",
            summary: "",
            operands: "TOPIC",
            options: command.options
        )
        let line = try CommandLineArguments(["--venue=a", "t", "--venue", "b", "--", "--venue"], of: command)
        #expect(line.values("--venue") == ["a", "b"])
        #expect(line.operands == ["t", "--venue"])
    }
}
