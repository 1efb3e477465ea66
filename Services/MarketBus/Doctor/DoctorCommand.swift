// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import KafkaBus
import Wire

/// `marketbus doctor`: what is wrong here, and how to mend it.
enum DoctorCommand {
    static let summary = "what is wrong with this machine, configuration or cluster, and the mend"

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "doctor",
            "Looks at the machine, the configuration and the cluster; exit code 1 if something has to be mended.",
            operands: "[KEYFILE]",
            options: [
                CommandOption(
                    "--keys",
                    help:
                        "look at the venues' keys instead, of the environment or a YAML file: may one withdraw?"
                )
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            let file = line.operands.first
            if line.has("--keys") {
                return Patient.keys(KeySettings(reader, file: file, line.operands.count))
            }
            if let file { reader.note("", "unexpected \"\(file)\"", "a file of keys comes with --keys") }
            return Patient.machine(Tool.kafka(reader, needsServers: false))
        }
        switch outcome {
        case .exit(let code): return code
        case .run(let patient, _):
            return Tool.run("doctor") { stop in
                let findings = try examine(patient, stop)
                for finding in findings { Terminal.write(finding.line, to: .output) }
                return findings.contains { $0.grade == .bad } ? Tool.findingExitCode : 0
            }
        }
    }

    /// What is looked at.
    private enum Patient: Sendable {
        case machine(KafkaSettings)
        case keys(KeySettings)
    }

    private static func examine(_ patient: Patient, _ stop: StopFlag) throws -> [Finding] {
        switch patient {
        case .machine(let kafka):
            let good = Finding(.good, "configuration", "no problem found")
            return MachineCheck.all() + [good] + cluster(kafka)
        case .keys(let settings):
            return try KeyDoctor(settings, stop).findings()
        }
    }

    private static func cluster(_ kafka: KafkaSettings) -> [Finding] {
        guard !kafka.bootstrapServers.isEmpty else {
            return [Finding(.good, "kafka", "none is named: marketbus up brings an embedded broker")]
        }
        do {
            let admin = try KafkaAdmin(settings: kafka)
            defer { admin.close() }
            let found = try admin.describeCluster(milliseconds: 5000)
            let brokers = found.brokers.map(\.address).joined(separator: ", ")
            let problems = try admin.check(TopicRegistry.all, kafka)
            var findings = [Finding(.good, "kafka", "\(found.brokers.count) brokers answer: \(brokers)")]
            findings += problems.map {
                Finding(.bad, "topic \($0.topic)", $0.problem, mend: "run: \($0.mend)")
            }
            if problems.isEmpty {
                findings.append(
                    Finding(.good, "topics", "all \(TopicRegistry.all.count) are as they should be")
                )
            }
            return findings
        } catch {
            let mend = "start Kafka there, or correct kafka.bootstrap_servers (KAFKA_BOOTSTRAP_SERVERS)"
            return [Finding(.bad, "kafka", "\(kafka.bootstrapServers): \(error.message)", mend: mend)]
        }
    }
}

/// One thing that was looked at.
struct Finding: Sendable {
    /// How it is.
    enum Grade: String, Sendable {
        case good = "ok  "
        case doubtful = "note"
        case bad = "BAD "
    }

    let grade: Grade
    let what: String
    let detail: String
    let mend: String

    init(_ grade: Grade, _ what: String, _ detail: String, mend: String = "") {
        self.grade = grade
        self.what = what
        self.detail = detail
        self.mend = mend
    }

    var line: String {
        "\(grade.rawValue)  \(what): \(detail)\(mend.isEmpty ? "" : "\n      mend: \(mend)")\n"
    }
}
