// Part of MarketBus. Apache License 2.0, see LICENSE.

@testable import WebSocket

/// Messages in pieces, compressed and not, through what puts them together behind the socket.
///
/// The first three bytes choose limit, compression and cut; a message in pieces and the same in one piece are the same.
final class MessageTarget: FuzzTarget {
    private enum Outcome: Equatable {
        case message([UInt8])
        case failure(MessageAssembler.Failure)
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 3 else { return }
        let limit = 1 + Int(bytes[0]) * 24
        let isCompressed = bytes[1] & 1 == 1
        let count = Int(bytes[1] >> 1) % 4 + 1
        var parts = MessageAssembler(limit: limit)
        var whole = MessageAssembler(limit: limit)
        let rest = bytes[3...]
        let length = max(1, rest.count / count)
        for start in stride(from: rest.startIndex, to: rest.endIndex, by: length) {
            let message = UnsafeRawBufferPointer(rebasing: rest[start..<min(start + length, rest.endIndex)])
            let first = outcome(&parts, message, cut: Int(bytes[2]) + 1, isCompressed)
            let second = outcome(&whole, message, cut: message.count, isCompressed)
            check(first == second, "a message in pieces is another one")
            if !isCompressed {
                let expected: Outcome = message.count > limit ? .failure(.tooLarge) : .message(Array(message))
                check(first == expected, "a message is not what was sent")
            }
            // The connection ends where a message can't be taken.
            guard case .message = first else { return }
        }
    }

    private func outcome(
        _ assembler: inout MessageAssembler,
        _ message: UnsafeRawBufferPointer,
        cut: Int,
        _ isCompressed: Bool
    ) -> Outcome {
        do throws(MessageAssembler.Failure) {
            assembler.begin(isCompressed: isCompressed)
            for start in stride(from: 0, to: message.count, by: max(1, cut)) {
                let piece = UnsafeRawBufferPointer(
                    rebasing: message[start..<min(start + cut, message.count)]
                )
                let pointer = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
                try assembler.append(pointer, piece.count, remaining: message.count - start - piece.count)
            }
            try assembler.finish()
        } catch {
            return .failure(error)
        }
        guard let base = assembler.base else { return .message([]) }
        check(assembler.count + MessageAssembler.padding <= assembler.capacity, "no room for the padding")
        let padding = UnsafeBufferPointer(start: base + assembler.count, count: MessageAssembler.padding)
        check(padding.allSatisfy { $0 == 0 }, "the padding is not zero")
        return .message(Array(UnsafeBufferPointer(start: base, count: assembler.count)))
    }
}
