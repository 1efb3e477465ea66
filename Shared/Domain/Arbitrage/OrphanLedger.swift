// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Which opportunities an earlier run left open, from the steps that it told.
///
/// Bounded: beyond so many at a time further ones are counted and left out.
///
/// - Thread: one at a time. Allocates: for every opportunity that is open.
public struct OrphanLedger<Step> {
    private var open: [String: Step] = [:]
    private let limit: Int
    /// How many were left out.
    public private(set) var refused: UInt64 = 0

    /// An empty ledger of at most `limit` opportunities.
    public init(limit: Int = 100_000) {
        self.limit = limit
    }

    /// Notes a step, in the order in which they were told.
    ///
    /// - Parameters:
    ///   - step: what is needed to close it.
    ///   - id: the opportunity's id.
    ///   - state: the step's state.
    public mutating func note(_ step: Step, id: String, _ state: OpportunityState) {
        switch state {
        case .close, .settle:
            open[id] = nil
        case .open, .update:
            guard open.count < limit || open[id] != nil else {
                refused &+= 1
                return
            }
            open[id] = step
        }
    }

    /// What is open, in the order of the ids; nothing is afterwards.
    public mutating func takeAll() -> [Step] {
        defer { open.removeAll() }
        return open.sorted { $0.key < $1.key }.map(\.value)
    }
}
