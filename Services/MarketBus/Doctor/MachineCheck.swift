// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform
import Glibc
import KafkaBus
import Lifecycle

/// Looks at the machine.
enum MachineCheck {
    /// The least number of open files that a feed with many connections and a producer is at ease with.
    private static let fewestFiles: Int64 = 1024
    private static let clockLimitMicroseconds: Int64 = 1_000_000
    private static let ports: [(service: String, port: UInt16)] =
        VenueList.all.map { ($0.program, $0.port) } + [("aggregator", 9110)]

    static func all() -> [Finding] {
        [system(), library(), files(), clock()] + siblings() + ports.map(port)
    }

    private static func system() -> Finding {
        let text = TextFile.read("/etc/os-release") ?? ""
        var fields: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1].filter { $0 != "\"" } }
        }
        let name = fields["PRETTY_NAME"] ?? "unknown"
        guard fields["ID"] == "debian", fields["VERSION_ID"] == "12" else {
            let mend = "Debian 12 is what MarketBus is tested on"
            return Finding(.doubtful, "system", name, mend: mend)
        }
        return Finding(.good, "system", name)
    }

    private static func library() -> Finding {
        let version = KafkaLibrary.version
        let parts = version.split(separator: ".").compactMap { Int($0.prefix { $0.isNumber }) }
        guard parts.count >= 2, (parts[0], parts[1]) >= (2, 0) else {
            return Finding(
                .bad,
                "librdkafka",
                version,
                mend: "install librdkafka 2.0 or newer: apt-get install librdkafka1"
            )
        }
        if (parts[0], parts[1]) < (2, 6) {
            return Finding(.good, "librdkafka", "\(version) (SCRAM with Kafka 4 needs 2.6.1; all else works)")
        }
        return Finding(.good, "librdkafka", version)
    }

    private static func files() -> Finding {
        let limit = md_max_fds()
        guard limit >= 0, limit < fewestFiles else { return Finding(.good, "open files", "limit \(limit)") }
        return Finding(
            .bad,
            "open files",
            "limit \(limit)",
            mend: "ulimit -n \(fewestFiles), or LimitNOFILE in the unit"
        )
    }

    /// The kernel knows whether somebody keeps its clock right.
    private static func clock() -> Finding {
        let error = md_clock_error_micros()
        guard error >= 0 else {
            let mend = "run chrony or systemd-timesyncd: ages and latencies rely on the clock"
            return Finding(
                .doubtful,
                "clock",
                "nobody keeps it synchronized, as far as the kernel knows",
                mend: mend
            )
        }
        guard error <= clockLimitMicroseconds else {
            let mend = "look at chronyc tracking"
            return Finding(.doubtful, "clock", "may be wrong by \(error / 1000) ms", mend: mend)
        }
        return Finding(.good, "clock", "synchronized, at most \(error / 1000) ms wrong")
    }

    private static func siblings() -> [Finding] {
        let directory = UpSettings.programDirectory
        return ports.map(\.service).map { name in
            let path = "\(directory)/\(name)"
            if access(path, X_OK) == 0 { return Finding(.good, name, path) }
            return Finding(
                .bad,
                name,
                "\(path): \(PlatformError.text(errno))",
                mend: "build it: make release"
            )
        }
    }

    private static func port(_ entry: (service: String, port: UInt16)) -> Finding {
        var bound: UInt16 = 0
        let socket = md_tcp_listen("127.0.0.1", entry.port, 1, &bound)
        guard socket >= 0 else {
            let what = "port \(entry.port) of \(entry.service)"
            let mend = "well if the service runs; else set http.port to another (0: any free one)"
            return Finding(.doubtful, what, PlatformError.text(-socket), mend: mend)
        }
        md_close(socket)
        return Finding(.good, "port \(entry.port)", "free for \(entry.service)")
    }
}
