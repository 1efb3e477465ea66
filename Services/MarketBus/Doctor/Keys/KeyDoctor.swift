// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Queues
import REST
import Signing

/// Asks the venues about keys, one after the other.
struct KeyDoctor {
    /// No venue needs more than two.
    private static let mostCalls = 4
    /// From here on the clocks' difference is worth a word.
    private static let clockSeconds: Int64 = 2

    private let client: RESTClient
    private let settings: KeySettings
    private let stop: StopFlag

    /// - Throws: `RESTError` when the client can't start.
    init(_ settings: KeySettings, _ stop: StopFlag) throws {
        self.settings = settings
        self.stop = stop
        client = try RESTClient(name: "keys", tls: RESTTLS(caFile: settings.caFile))
        try client.start()
    }

    /// What there is to say about each key.
    func findings() -> [Finding] {
        defer { client.stop() }
        return settings.keys.flatMap { key in
            switch key.inspection {
            case .success(let inspection): return ask(key, inspection)
            case .failure(let error):
                return [Finding(.bad, KeyReport.title(key), error.what, mend: error.mend)]
            }
        }
    }

    private func ask(_ key: GivenKey, _ inspection: any KeyInspection) -> [Finding] {
        var answers: [KeyAnswer] = []
        var clock: [Finding] = []
        let host = key.host
        while answers.count < Self.mostCalls {
            let step = Result { () throws(KeyTrouble) in
                try inspection.step(
                    after: answers,
                    host: host,
                    time: SigningTime(microseconds: WallNanos.now.value / 1000),
                    nonce: Self.nonce()
                )
            }
            switch step {
            case .success(.done(let powers)): return KeyReport.findings(key, powers) + clock
            case .failure(let trouble): return [KeyReport.finding(key, trouble)] + clock
            case .success(.call(let call)):
                switch send(call, to: key.url) {
                case .success(let response):
                    answers.append(KeyAnswer(status: response.status, body: response.body))
                    clock = Self.clock(key, response.header("date"))
                case .failure(let error):
                    let mend = "is the network there? may this machine reach \(host)?"
                    return [Finding(.bad, KeyReport.title(key), error.message, mend: mend)]
                }
            }
        }
        return [KeyReport.finding(key, .unreadable)]
    }

    private func send(_ call: SignedCall, to url: String) -> Result<RESTResponse, RESTError> {
        let request = RESTRequest(
            method: call.method,
            url: url + call.path,
            headers: call.headers,
            body: call.body.isEmpty ? nil : Array(call.body.utf8),
            connectTimeoutMilliseconds: min(5000, settings.timeoutMilliseconds),
            totalTimeoutMilliseconds: settings.timeoutMilliseconds,
            maximumBodyBytes: 4 << 20
        )
        let box = Mailbox<Result<RESTResponse, RESTError>>(capacity: 1, policy: .refuseNewest)
        let id = client.send(request) { box.post($0) }
        while true {
            if let result = box.drain().first { return result }
            if stop.isRaised { client.cancel(id) }
            WaitABit.milliseconds(5)
        }
    }

    private static func nonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return Hex.encode((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// How far this machine's clock is from the venue's, where it matters.
    private static func clock(_ key: GivenKey, _ header: String?) -> [Finding] {
        guard let header, let theirs = HTTPDate.seconds(header) else { return [] }
        let difference = WallNanos.now.value / 1_000_000_000 - theirs
        guard abs(difference) > clockSeconds else { return [] }
        let side = difference > 0 ? "ahead of" : "behind"
        let text = "this machine's clock is \(abs(difference)) s \(side) \(key.venue)'s"
        return [
            Finding(
                .doubtful,
                "clock",
                text,
                mend: "set it: chronyc makestep; signed calls are refused otherwise"
            )
        ]
    }
}

/// The date of an HTTP header: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since the Unix epoch, or nil.
    static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int64(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int64(parts[3]),
            (1970...9999).contains(year), (1...31).contains(day)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, zip(clock, [24, 60, 61]).allSatisfy({ (0..<$1).contains($0) }) else {
            return nil
        }
        // Days by years that begin in March.
        let shifted = month < 2 ? year - 1 : year
        let march = Int64((month + 10) % 12)
        let leaps = shifted / 4 - shifted / 100 + shifted / 400
        let days = shifted * 365 + leaps + (153 * march + 2) / 5 + day - 1 - 719_468
        return days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }
}
