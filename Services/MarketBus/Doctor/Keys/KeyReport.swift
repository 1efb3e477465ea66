// Part of MarketBus. Apache License 2.0, see LICENSE.

import Signing

/// What was found out about a key, in plain words; never holds a part of a secret.
enum KeyReport {
    private static let longestText = 200

    /// The venue and as much of the key's name as tells it from another.
    static func title(_ key: GivenKey) -> String {
        key.name.count > 12 ? "\(key.venue) key \(key.name.prefix(4))…" : "\(key.venue) key"
    }

    static func findings(_ key: GivenKey, _ powers: KeyPowers) -> [Finding] {
        let title = title(key)
        let facts =
            "reads: \(powers.reads.rawValue), trades: \(powers.trades.rawValue), "
            + "withdraws: \(powers.withdraws.rawValue)"
        var findings: [Finding] = []
        switch powers.withdraws {
        case .yes:
            let mend = "delete it at the venue and make one that can't: nothing here ever withdraws"
            findings.append(Finding(.bad, title, "IT CAN WITHDRAW FUNDS (\(facts))", mend: mend))
        case .no: findings.append(Finding(.good, title, facts))
        case .unknown:
            let mend = "look at the venue's page of keys: it must not have the right to transfer or withdraw"
            findings.append(Finding(.doubtful, title, "\(facts); the venue doesn't tell all", mend: mend))
        }
        for other in powers.others {
            findings.append(Finding(.doubtful, title, "also: \(clean(other, key))"))
        }
        if let addresses = powers.addresses {
            let text = addresses.map { clean($0, key) }.joined(separator: ", ")
            findings.append(
                addresses.isEmpty
                    ? Finding(
                        .doubtful,
                        title,
                        "works from any address",
                        mend: "bind it to this machine's address"
                    )
                    : Finding(.good, title, "works from \(text) only")
            )
        }
        return findings
    }

    static func finding(_ key: GivenKey, _ trouble: KeyTrouble) -> Finding {
        let (what, mend) = words(trouble, key)
        return Finding(.bad, title(key), what, mend: mend)
    }

    private static func words(_ trouble: KeyTrouble, _ key: GivenKey) -> (what: String, mend: String) {
        switch trouble {
        case .clock:
            ("the venue finds the time of the call wrong", "set this machine's clock: chronyc makestep")
        case .unknownKey:
            ("the venue knows no such key", "copy it again; was it deleted, or is it of the demo?")
        case .wrongSignature: ("the signature is wrong", "copy the secret again: it belongs to another key")
        case .wrongPassphrase: ("the passphrase is wrong", "it was chosen when the key was made")
        case .forbidden:
            (
                "the venue refuses it: deleted, bound to other addresses, or without the right to read",
                "allow this machine's address and reading, or make a new key"
            )
        case .busy: ("the venue can't answer now", "try again later")
        case .unreadable:
            ("the answer is not what the venue documents", "is the endpoint right? a proxy in between?")
        case .refused(let text): ("the venue refuses: \(clean(text, key))", "")
        case .incomplete(let text): (text, "see the README, section Keys")
        case .unsigned(let error): ("it can't sign: \(error)", "")
        }
    }

    /// A venue's words without control characters and without what must not be shown, and not too many of them.
    private static func clean(_ text: String, _ key: GivenKey) -> String {
        let visible = String(
            text.unicodeScalars.map { scalar in
                let isControl = scalar.value < 32 || (127...159).contains(scalar.value)
                return isControl || scalar.properties.isWhitespace ? " " : Character(scalar)
            }
        )
        let secret = key.secret.withBytes { String(decoding: $0, as: UTF8.self) }
        let hidden = [key.name, secret].filter { !$0.isEmpty }.reduce(visible) {
            $0.replacing($1, with: "***")
        }
        return String(hidden.prefix(longestText))
    }
}
