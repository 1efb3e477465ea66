// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The part of the command line that one venue alone cares about; README.md lists the flags.
struct VenueOptions {
    /// The venues served; their markets exist for no other purpose.
    var served = Set(Venue.allCases)
    var htxPingMilliseconds = 5000
    var coinbaseSubscribeMilliseconds = 5000
    var coinbaseIdleMilliseconds = 75_000
    var coinbaseNeedsToken = false
    var gatewayToken = "twin-csrf-token"
    var gatewayConnectMilliseconds = 5000
    var gatewayPingMilliseconds = 5000

    /// Takes a flag without a value; false where it is none of these.
    mutating func takeSwitch(_ flag: String) -> Bool {
        guard flag == "--coinbase-needs-jwt" else { return false }
        coinbaseNeedsToken = true
        return true
    }

    /// Takes a flag whose value is a text; false where it is none of these.
    mutating func take(_ flag: String, text: String) throws(OptionsProblem) -> Bool {
        switch flag {
        case "--gateway-token": gatewayToken = text
        case "--venues":
            let names = text.split(separator: ",").map(String.init)
            let found = names.compactMap(Venue.init(rawValue:))
            guard !names.isEmpty, found.count == names.count else {
                let all = Venue.allCases.map(\.rawValue).joined(separator: ", ")
                throw OptionsProblem(text: "--venues \(text): a list of \(all)")
            }
            served = Set(found)
        default: return false
        }
        return true
    }

    /// Takes a flag whose value is a number; false where it is none of these.
    mutating func take(_ flag: String, number: Int) -> Bool {
        switch flag {
        case "--htx-ping-ms": htxPingMilliseconds = number
        case "--coinbase-subscribe-ms": coinbaseSubscribeMilliseconds = number
        case "--coinbase-idle-ms": coinbaseIdleMilliseconds = number
        case "--gateway-connect-ms": gatewayConnectMilliseconds = number
        case "--gateway-ping-ms": gatewayPingMilliseconds = number
        default: return false
        }
        return true
    }

    /// Members of `--print-config`, with a comma before the first; the token stays untold.
    var configuration: String {
        let names = Venue.allCases.filter(served.contains).map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        return ",\"venues\":[\(names)],\"htx_ping_ms\":\(htxPingMilliseconds)"
            + ",\"coinbase_subscribe_ms\":\(coinbaseSubscribeMilliseconds)"
            + ",\"coinbase_idle_ms\":\(coinbaseIdleMilliseconds),\"coinbase_needs_jwt\":\(coinbaseNeedsToken)"
            + ",\"gateway_connect_ms\":\(gatewayConnectMilliseconds)"
            + ",\"gateway_ping_ms\":\(gatewayPingMilliseconds)"
    }
}
