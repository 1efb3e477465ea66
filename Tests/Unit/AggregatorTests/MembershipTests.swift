// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import KafkaBus
import Testing

@testable import Aggregator

@Suite struct `A member of the group` {
    private func membership(_ settings: [String]) -> GroupMembership {
        var sources = ConfigurationSources()
        for setting in ["kafka.bootstrap_servers=h:1", "service.instance=one"] + settings {
            sources.addSetting(setting, flag: "--set")
        }
        return AggregatorSettings(ConfigurationReader(sources)).membership
    }

    @Test func `has no name that outlives it unless it is told so`() {
        #expect(
            membership([]) == GroupMembership(sessionMilliseconds: 10_000, heartbeatMilliseconds: 500)
        )
        #expect(membership(["aggregator.static_member=true"]).staticName == "one")
        #expect(membership(["aggregator.session_ms=6000"]).heartbeatMilliseconds == 300)
    }

    @Test func `reads beside the group what its partitions and guests need`() {
        var share = MarketShare(partitions: 6)
        share.own = [1, 2]
        share.learning = [2, 4]
        let wanted = MarketReader.wanted(share, guests: [4, 1]).map(\.description).sorted()
        #expect(
            wanted == [
                "arb.opportunity.v1[2]", "md.bbo.v1[4]", "md.book.v1[1]", "md.book.v1[2]", "md.book.v1[4]",
                "md.funding.v1[1]", "md.funding.v1[2]", "md.funding.v1[4]",
            ]
        )
    }
}
