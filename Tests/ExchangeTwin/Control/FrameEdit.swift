// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A frame with another shape or another content, as a fault asks for.
struct FrameEdit {
    let fault: Fault
    let stream: Stream
    let market: Market
    let desk: VenueDesk?

    /// The changed text; nil when the frame has no place for the change.
    func text(of payload: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let parsed = try? JSONReader.read(payload), let changed = change(parsed) else { return nil }
        let out = ByteBuffer(capacity: payload.count + 64)
        changed.write(to: out)
        return out.array
    }

    private func change(_ frame: JSONText) -> JSONText? {
        switch fault.kind {
        case .crossedUpdate: crossed(frame)
        case .zeroUnknown: zero(frame)
        case .wrongChecksum: member(frame, "checksum", .number("-855196043"), beside: "seqId")
        case .checksumZero: member(frame, "checksum", .number("0"), beside: "seqId")
        case .newField: added(frame, fault.field ?? "zz", .string(fault.text ?? "1"))
        case .vanishedField: fault.field.flatMap { name in frame.editing(name) { _ in nil } }
        case .retypedField: fault.field.flatMap { name in frame.editing(name, FrameEdit.retyped) }
        case .revisedCandle: desk?.revise(frame)
        default: nil
        }
    }

    // MARK: - Books

    /// A bid above the best ask, which no later increment takes away.
    private func crossed(_ frame: JSONText) -> JSONText? {
        guard let ask = market.book.asks.best else { return nil }
        let ticks = ask.ticks + 1 + ask.ticks / 2000
        return desk?.insert(Level(ticks: ticks, lots: 7), .bid, market, into: frame)
    }

    /// A price that was never in the book is gone.
    private func zero(_ frame: JSONText) -> JSONText? {
        guard let worst = market.book.asks.worst else { return nil }
        return desk?.insert(Level(ticks: worst.ticks + 977, lots: 0), .ask, market, into: frame)
    }

    // MARK: - Members

    /// Sets a member of the object that has another one; nil where none has.
    private func member(_ frame: JSONText, _ name: String, _ value: JSONText, beside: String) -> JSONText? {
        frame.editingObject { members in
            guard members.contains(where: { $0.key == beside }) else { return nil }
            return members.filter { $0.key != name } + [(name, value)]
        }
    }

    /// A new member in the innermost first object: in the row where there are rows, else in the frame.
    private func added(_ frame: JSONText, _ name: String, _ value: JSONText) -> JSONText? {
        let rows = frame["data"]?.items ?? []
        guard case .object? = rows.first else {
            return frame.editingObject { $0 + [(name, value)] }
        }
        return frame.editing("data") { data in
            guard var items = data.items, case .object(let members)? = items.first else { return data }
            items[0] = .object(members + [(name, value)])
            return .array(items)
        }
    }

    /// A string becomes a number where it can, anything else a string.
    private static func retyped(_ value: JSONText) -> JSONText? {
        switch value {
        case .string(let text) where Double(text) != nil: .number(text)
        case .number(let text): .string(text)
        case .bool(let flag): .string(flag ? "true" : "false")
        default: .number("1")
        }
    }
}

extension JSONText {
    typealias Members = [(key: String, value: JSONText)]

    /// Changes the first object for which `change` has an answer, outer ones first; nil where it has none.
    func editingObject(_ change: (Members) -> Members?) -> JSONText? {
        switch self {
        case .object(let members):
            if let changed = change(members) { return .object(changed) }
            for (index, member) in members.enumerated() {
                guard let changed = member.value.editingObject(change) else { continue }
                var copy = members
                copy[index].value = changed
                return .object(copy)
            }
        case .array(let values):
            for (index, value) in values.enumerated() {
                guard let changed = value.editingObject(change) else { continue }
                var copy = values
                copy[index] = changed
                return .array(copy)
            }
        default: break
        }
        return nil
    }

    /// Changes the first member of a name, wherever it is; a nil from `change` takes it out.
    func editing(_ name: String, _ change: (JSONText) -> JSONText?) -> JSONText? {
        editingObject { members in
            guard let index = members.firstIndex(where: { $0.key == name }) else { return nil }
            var copy = members
            if let value = change(members[index].value) {
                copy[index].value = value
            } else {
                copy.remove(at: index)
            }
            return copy
        }
    }
}
