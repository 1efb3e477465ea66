// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Testing
import VenueKit

@Suite struct `A connection planner` {
    private func planned(
        _ names: String,
        _ channel: Channel = .bbo,
        at endpoint: String = "ws"
    ) -> [PlannedStream] {
        names.map(String.init).map { name in
            var stream = bbo(name)
            stream.channel = channel
            return PlannedStream(stream, endpoint: endpoint)
        }
    }

    private func names(_ planner: ConnectionPlanner, _ connection: Int) -> String {
        planner.streams(on: connection).map(\.venueSymbol).joined()
    }

    @Test func `fills as few connections as the limit allows, evenly, by endpoint`() {
        var planner = ConnectionPlanner(streamsPerConnection: 4)
        let changes = planner.setWanted(planned("ABC") + planned("D", at: "other") + planned("EFG"))
        #expect(changes.map(\.plan.endpoint) == ["ws", "ws", "other"])
        #expect((0..<3).map { names(planner, $0) } == ["ABC", "EFG", "D"])
        #expect(changes.map(\.isNew) == [true, true, true])
        var empty = ConnectionPlanner(streamsPerConnection: 4)
        #expect(empty.setWanted([]).isEmpty)
        var narrow = ConnectionPlanner(streamsPerConnection: 0)
        #expect(narrow.setWanted(planned("ABCDEFG")).count == 7)
    }

    @Test func `keeps an instrument's streams together, and what comes by one frame without further cost`() {
        var planner = ConnectionPlanner(streamsPerConnection: 3)
        let pairs = "ABC".flatMap { name in planned(String(name)) + planned(String(name), .trade) }
        let changes = planner.setWanted(pairs)
        #expect(changes.map { $0.plan.streams.map(\.venueSymbol).joined() } == ["AA", "BB", "CC"])
        var shared = ConnectionPlanner(streamsPerConnection: 2)
        _ = shared.setWanted(planned("AB", .book))
        let quotes = planned("AB").map { PlannedStream($0.stream, endpoint: "ws", carrier: .book) }
        let added = shared.setWanted(planned("AB", .book) + quotes)
        #expect(added.map(\.connection) == [0] && added[0].added.count == 2, "a full connection takes them")
    }

    @Test func `fills free places first, never moves a stream, and gives an empty connection's number away`()
    {
        var planner = ConnectionPlanner(streamsPerConnection: 2)
        _ = planner.setWanted(planned("ABCD"))
        let left = planner.setWanted(planned("ACD"))
        #expect(left.map(\.connection) == [0] && left[0].removed.map(\.venueSymbol) == ["B"])
        let back = planner.setWanted(planned("ACDE"))
        #expect(back.map(\.connection) == [0] && !back[0].isNew && names(planner, 0) == "AE")
        let gone = planner.setWanted(planned("CD"))
        #expect(gone.map(\.connection) == [0] && gone[0].plan.streams.isEmpty)
        let anew = planner.setWanted(planned("CD") + planned("F", at: "other"))
        #expect(anew.map(\.connection) == [0] && anew[0].isNew && anew[0].plan.endpoint == "other")
        #expect(names(planner, 1) == "CD")
    }

    @Test func `uses a connection again that would be empty`() {
        var planner = ConnectionPlanner(streamsPerConnection: 2)
        _ = planner.setWanted(planned("A"))
        let changes = planner.setWanted(planned("B"))
        #expect(changes.count == 1 && !changes[0].isNew && names(planner, 0) == "B")
    }

    @Test(arguments: 0..<40 as Range<UInt64>) func `keeps every rule while streams come and go`(seed: UInt64)
    {
        var generator = SeededGenerator(seed: seed)
        let limit = Int.random(in: 1...12, using: &generator)
        let mixes = Bool.random(using: &generator)
        var planner = ConnectionPlanner(streamsPerConnection: limit, mixesMarkets: mixes)
        var wanted: [PlannedStream] = []
        var homes: [PlannedStream: Int] = [:]
        for _ in 0..<60 {
            wanted.removeAll { _ in Int.random(in: 0..<4, using: &generator) == 0 }
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                let fresh = random(using: &generator)
                if !wanted.contains(fresh) { wanted.append(fresh) }
            }
            let changes = planner.setWanted(wanted)
            for change in changes { #expect(change.plan.streams == planner.streams(on: change.connection)) }
            homes = check(planner, wanted, homes, limit, mixes)
        }
    }

    private func random(using generator: inout SeededGenerator) -> PlannedStream {
        let channel = Channel.allCases.randomElement(using: &generator) ?? .trade
        var stream = bbo("ABCDEFGHIJKLMNOP".randomElement(using: &generator).map(String.init) ?? "A")
        stream.channel = channel
        let isSwap = stream.instrument.index % 2 == 1
        stream.market = MarketID(isSwap ? "swap" : "spot")
        return PlannedStream(
            stream,
            endpoint: channel == .candle ? "business" : "public",
            carrier: channel == .bbo && isSwap ? .book : nil
        )
    }

    /// Looks at every rule; gives the connection of every stream.
    private func check(
        _ planner: ConnectionPlanner,
        _ wanted: [PlannedStream],
        _ before: [PlannedStream: Int],
        _ limit: Int,
        _ mixes: Bool
    ) -> [PlannedStream: Int] {
        let byStream = Dictionary(uniqueKeysWithValues: wanted.map { ($0.stream, $0) })
        var homes: [PlannedStream: Int] = [:]
        for connection in 0..<64 {
            let streams = planner.streams(on: connection).compactMap { byStream[$0] }
            #expect(streams.count == planner.streams(on: connection).count, "nothing that is not wanted")
            let carriers = Set(streams.map { "\($0.stream.instrument) \($0.carrier)" })
            #expect(carriers.count <= limit)
            #expect(Set(streams.map(\.endpoint)).count <= 1)
            if !mixes { #expect(Set(streams.map(\.stream.market)).count <= 1) }
            for stream in streams {
                #expect(homes[stream] == nil, "a stream is on one connection")
                homes[stream] = connection
            }
        }
        #expect(homes.count == wanted.count, "every stream is on a connection")
        for (stream, home) in homes {
            if let old = before[stream] { #expect(old == home, "a stream that stays is not moved") }
            let same = homes.filter {
                $0.key.stream.instrument == stream.stream.instrument && $0.key.carrier == stream.carrier
            }
            #expect(same.values.allSatisfy { $0 == home }, "what comes by one frame is on one connection")
        }
        return homes
    }
}
