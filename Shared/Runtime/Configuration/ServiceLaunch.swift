// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// The keys that every service has.
public struct CommonSettings: Sendable {
    /// The instance's name, unique in the cluster.
    public let instance: String
    /// The numeric address of `/live`, `/ready` and `/metrics`.
    public let httpAddress: String
    /// Their port; 0 asks the system for a free one.
    public let httpPort: UInt16
    /// The lowest level of the log: debug, info, warning, error.
    public let logLevel: String

    /// Reads the keys; the instance is by default the service's name.
    public init(_ reader: ConfigurationReader, service: String, port: Int) {
        instance = reader.string("service.instance", default: service, help: "unique name of this instance")
        httpAddress = reader.string(
            "http.address",
            default: "127.0.0.1",
            help: "numeric address of /live /ready /metrics"
        )
        let number = reader.int(
            "http.port",
            default: port,
            in: 0...65_535,
            help: "their port; 0: any free one"
        )
        httpPort = UInt16(truncatingIfNeeded: number)
        logLevel = reader.choice(
            "log.level",
            default: "info",
            of: ["debug", "info", "warning", "error"],
            help: "lowest level written"
        )
    }
}

/// What a service does after its command line was read.
public enum LaunchOutcome<Settings> {
    /// Run with these settings; the text is the effective configuration for one log line.
    case run(Settings, effective: String)
    /// Leave with this code; everything was said.
    case exit(Int32)
}

/// The first second of every service: command line, configuration, `--help`, `--version`, `--check-config`.
public enum ServiceLaunch {
    /// The exit code of a wrong configuration or command line.
    public static let configurationExitCode: Int32 = 64

    /// Reads the settings, or says why not.
    ///
    /// `read` asks the reader for every key and never fails itself.
    public static func prepare<Settings>(
        _ command: CommandDescription,
        arguments: [String] = Array(CommandLine.arguments.dropFirst()),
        environment: [String: String] = ProcessEnvironment.current,
        output: (String) -> Void = { Terminal.write($0, to: .output) },
        errors: (String) -> Void = { Terminal.write($0, to: .error) },
        read: (ConfigurationReader, CommandLineArguments) -> Settings
    ) -> LaunchOutcome<Settings> {
        do throws(ConfigurationProblems) {
            let line = try CommandLineArguments(arguments, of: command)
            if line.has("--version") {
                output("\(command.name) \(command.version)\n")
                return .exit(0)
            }
            if line.has("--help") {
                let reader = ConfigurationReader(ConfigurationSources())
                _ = read(reader, line)
                output(command.helpText(keys: reader.knownKeys))
                return .exit(0)
            }
            let reader = ConfigurationReader(line.sources(environment: environment))
            let settings = read(reader, line)
            try reader.finish()
            guard !line.has("--check-config") else {
                for entry in reader.effective { output("\(entry.key)=\(entry.value) (\(entry.source))\n") }
                output("the configuration is good\n")
                return .exit(0)
            }
            return .run(settings, effective: reader.effectiveLine)
        } catch {
            let count = error.all.count
            errors("\(command.name): \(count) configuration problem\(count == 1 ? "" : "s")\n\(error)\n")
            return .exit(configurationExitCode)
        }
    }
}

/// Plain text to the operator's terminal or pipe.
public enum Terminal {
    /// Which of the two streams.
    public enum Stream: Int32, Sendable {
        /// Standard output.
        case output = 1
        /// Standard error.
        case error = 2
    }

    /// Writes all of the text; waits for a slow reader, gives up on one that left.
    public static func write(_ text: String, to stream: Stream) {
        var text = text
        text.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return }
            _ = md_write_all(stream.rawValue, base, bytes.count)
        }
    }
}
