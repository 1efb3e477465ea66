// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What a venue says that a key may do.
public struct KeyPowers: Sendable, Equatable {
    /// Whether a key may do something.
    public enum Answer: String, Sendable {
        /// It may.
        case yes
        /// It may not.
        case no
        /// The venue doesn't tell.
        case unknown
    }

    /// Reading the account.
    public var reads = Answer.unknown
    /// Placing orders.
    public var trades = Answer.unknown
    /// Taking funds out of the venue.
    public var withdraws = Answer.unknown
    /// What else it may do, in plain words.
    public var others: [String] = []
    /// The addresses that it may be used from: empty for any, nil where the venue doesn't tell.
    public var addresses: [String]?

    /// Knows nothing yet.
    public init() {}

    /// What a venue's list of words grants, of which `trade` and `withdraw` mean the same everywhere.
    ///
    /// - Parameters:
    ///   - words: what the key may do, between commas.
    ///   - reading: the venue's word for reading the account.
    ///   - addresses: those that the key may be used from, between commas; nil where the venue doesn't tell.
    public init(granted words: String, reading: String, addresses: String?) {
        let granted = Set(words.split(separator: ",").map(String.init))
        reads = granted.contains(reading) ? .yes : .no
        trades = granted.contains("trade") ? .yes : .no
        withdraws = granted.contains("withdraw") ? .yes : .no
        others = granted.subtracting([reading, "trade", "withdraw"]).sorted()
        self.addresses = addresses.map { $0.split(separator: ",").map(String.init) }
    }
}

/// Why a venue doesn't say what a key may do.
public enum KeyTrouble: Error, Sendable, Equatable {
    /// The time in the call is too far from the venue's.
    case clock
    /// The venue knows no such key.
    case unknownKey
    /// The signature is wrong: the secret belongs to another key.
    case wrongSignature
    /// The passphrase is wrong.
    case wrongPassphrase
    /// The key may not be used from this address, or not for this.
    case forbidden
    /// Too many calls, or the venue has a problem of its own.
    case busy
    /// The answer is not what the venue's documents say.
    case unreadable
    /// Anything else, in the venue's words.
    case refused(String)
    /// The credentials don't fit the venue: the text says what is missing.
    case incomplete(String)
    /// The signature could not be made.
    case unsigned(SigningError)

    /// What an HTTP status says where the answer's own words don't.
    public init(status: Int) {
        switch status {
        case 401, 403: self = .forbidden
        case 429, 500...: self = .busy
        default: self = .unreadable
        }
    }
}

/// What comes next in asking a venue about a key.
public enum KeyStep: Sendable {
    /// Send this call.
    case call(SignedCall)
    /// The venue has told it.
    case done(KeyPowers)
}

/// How a venue is asked what a key may do: a pure function of the answers so far.
public protocol KeyInspection: Sendable {
    /// The name that the endpoint has in the configuration.
    var endpoint: String { get }
    /// Where the venue is asked unless the configuration says otherwise.
    var standardURL: String { get }

    /// The next call, or what the answers say.
    ///
    /// - Parameters:
    ///   - answers: what was answered so far, in order; empty at first.
    ///   - host: the host that is called, with its port where it is not the usual one.
    ///   - time: now.
    ///   - nonce: a text that was never used before.
    /// - Returns: the step.
    /// - Throws: ``KeyTrouble``.
    func step(
        after answers: [KeyAnswer],
        host: String,
        time: SigningTime,
        nonce: String
    ) throws(KeyTrouble) -> KeyStep
}
