// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueTestKit
import Wire

/// Any bytes as the value of a record of any topic: readers refuse or read, and what they read they write.
///
/// The first byte chooses the topic.
final class RecordTarget: FuzzTarget {
    private let memory: GuardedMemory
    private let scanner: JSONScanner
    private var writer = JSONWriter()

    init?() {
        guard let memory = GuardedMemory(capacity: 1 << 20), let scanner = JSONScanner() else { return nil }
        self.memory = memory
        self.scanner = scanner
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 1 else { return }
        let value = memory.place(UnsafeRawBufferPointer(rebasing: bytes[1...]), isPadded: false).bytes
        switch bytes[0] % 13 {
        case 0: _ = try? TradeRecord(decoding: value, scanner: scanner)
        case 1: _ = try? BboRecord(decoding: value, scanner: scanner)
        case 2: _ = try? BookRecord(decoding: value, scanner: scanner)
        case 3: _ = try? CandleRecord(decoding: value, scanner: scanner)
        case 4: _ = try? TickerRecord(decoding: value, scanner: scanner)
        case 5: _ = try? FundingRecord(decoding: value, scanner: scanner)
        case 6: _ = try? LiquidationRecord(decoding: value, scanner: scanner)
        case 7: again(try? InstrumentRecord(decoding: value, scanner: scanner))
        case 8: again(try? SubscriptionRecord(decoding: value, scanner: scanner))
        case 9: again(try? QuoteRecord(decoding: value, scanner: scanner))
        case 10: again(try? OpportunityRecord(decoding: value, scanner: scanner))
        case 11: again(try? IntegrityRecord(decoding: value, scanner: scanner))
        default: again(try? FeedStatusRecord(decoding: value, scanner: scanner))
        }
    }

    /// What was read is written as something that is read the same again.
    private func again<Record: WireRecord & Equatable>(_ record: Record?) {
        guard let record else { return }
        writer.clear()
        record.encode(into: &writer)
        let second = try? Record(decoding: writer.bytes, scanner: scanner)
        check(second == record, "\(Record.self) is not read as it was written")
    }
}

/// Reads every record back as far as all consumers do: it is JSON, and numbered without a hole.
final class RecordProof: RecordSink {
    private let scanner: JSONScanner
    private var numbers: [StreamID: UInt64] = [:]

    init?() {
        guard let scanner = JSONScanner() else { return nil }
        self.scanner = scanner
    }

    /// Numbers begin anew.
    func begin() { numbers.removeAll(keepingCapacity: true) }

    func send(_ record: OutboundRecord) -> SendOutcome {
        guard let value = record.value else {
            check(false, "a record without a value")
            return .accepted
        }
        check(Self.isWhole(value, scanner), "a record that is no JSON")
        check(record.seq == 1 || record.seq == (numbers[record.stream] ?? 0) + 1, "a hole in the numbers")
        numbers[record.stream] = record.seq
        return .accepted
    }

    private static func isWhole(_ value: UnsafeRawBufferPointer, _ scanner: JSONScanner) -> Bool {
        guard var cursor = try? scanner.scan(value) else { return false }
        return (try? cursor.skip()) != nil && cursor.isAtEnd
    }
}
