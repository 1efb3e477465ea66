// Part of MarketBus. Apache License 2.0, see LICENSE.

extension ProofLedger {
    /// One incarnation of one feed's stream.
    private struct Incarnation {
        var stream: ProofStream
        var from: Int64
        var to: Int64
        var isAccounted: Bool
    }

    /// The times in which no feed covered a symbol, by the stream that ended them.
    ///
    /// Where one feed took over while the other went on there is none. A feed that comes back by itself has a pause, no
    /// uncovered time.
    func uncovered() -> [ProofStream: [StreamFinding.Uncovered]] {
        var groups: [ProofStream: [Incarnation]] = [:]
        for (stream, epochs) in streams {
            var group = stream
            group.feed = ""
            for (epoch, proof) in epochs where proof.records > 0 {
                groups[group, default: []].append(
                    Incarnation(
                        stream: stream,
                        from: epoch,
                        to: max(proof.lastPublished, epoch),
                        isAccounted: isAccounted(stream, epoch, proof)
                    )
                )
            }
        }
        var found: [ProofStream: [StreamFinding.Uncovered]] = [:]
        for incarnations in groups.values where Set(incarnations.map(\.stream.feed)).count > 1 {
            let order = incarnations.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
            guard var last = order.first else { continue }
            for next in order.dropFirst() {
                if next.from > last.to, next.stream.feed != last.stream.feed {
                    found[next.stream, default: []].append(gap(last, next))
                }
                if next.to >= last.to { last = next }
            }
        }
        return found
    }

    private func gap(_ last: Incarnation, _ next: Incarnation) -> StreamFinding.Uncovered {
        // A quiet stream may be accounted for by a feed that died later: the other feed knows better.
        let told = takeovers[next.stream]?.first { $0.at >= last.to && $0.feed == last.stream.feed }
        let isInOrder = last.isAccounted && told == nil
        return StreamFinding.Uncovered(
            feed: last.stream.feed,
            from: last.to,
            to: next.from,
            isInOrder: isInOrder,
            cause: isInOrder ? "\(last.stream.feed) ended in order" : told?.text
        )
    }
}
