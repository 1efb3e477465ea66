// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What `marketbus up` starts, and with which settings.
struct UpPrograms {
    private let settings: UpSettings
    private let servers: String
    private let directory = UpSettings.programDirectory

    init(_ settings: UpSettings, servers: String) {
        self.settings = settings
        self.servers = servers
    }

    /// The exchanges' stand-in, on a port of its own choice, or on the one that it had before.
    func twin(port: UInt16 = 0) -> ChildProcess.Plan {
        ChildProcess.Plan(
            name: "exchange-twin",
            path: "\(directory)/exchange-twin",
            arguments: [
                "--port", "\(port)", "--symbols", "20", "--rate", "\(settings.demoRate)",
                "--crossed-every-ms", "1500",
            ],
            environment: settings.environment(keys: [], with: [:]),
            log: "\(settings.directory)/exchange-twin.log",
            answersReady: false
        )
    }

    /// The feeds and the aggregator.
    func services(endpoints: [String: String]) -> [ChildProcess.Plan] {
        var cluster = ["kafka.bootstrap_servers": servers, "http.port": "0"]
        if settings.kafka.isEmbedded { cluster["kafka.embedded"] = "true" }
        var plans = [
            plan("aggregator", keys: ["kafka", "log", "aggregator", "arbitrage", "fees"], with: cluster)
        ]
        for venue in settings.venues {
            var more = cluster
            for (key, url) in endpoints where key.hasPrefix("venues.\(venue).") { more[key] = url }
            if settings.isDemo, !settings.isChosen("venues.\(venue).symbols") {
                more["venues.\(venue).symbols"] = settings.demoSymbols.joined(separator: ",")
                // Not every venue lists all of them: Coinbase has no perpetual contracts.
                more["venues.\(venue).skip_unlisted"] = "true"
            }
            plans.append(
                plan("\(venue)-feed", keys: ["kafka", "log", "feed", "tls", "venues.\(venue)"], with: more)
            )
        }
        return plans
    }

    private func plan(_ name: String, keys: [String], with more: [String: String]) -> ChildProcess.Plan {
        ChildProcess.Plan(
            name: name,
            path: "\(directory)/\(name)",
            arguments: [],
            environment: settings.environment(keys: keys, with: more),
            log: "\(settings.directory)/\(name).log"
        )
    }
}
