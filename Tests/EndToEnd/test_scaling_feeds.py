# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Feeds of one venue share its symbols: one comes, one leaves, one is killed, and every symbol has its feed."""

import signal
import time

from harness.scaling import SharedFeeds, numbering_problems, verify
from harness.stage import Stage, need
from harness.waiting import eventually

# A book of Binance costs a 24th of what its REST gives an address in a minute.
SYMBOLS = 18
RATE = 600


def test_feeds_come_and_go_and_a_killed_one_is_accounted_for(stage: Stage, broker_kind: str) -> None:
    need("exchange-twin", "binance-feed", "marketbus")
    broker = stage.broker(broker_kind)
    since = time.time() - 1
    world = SharedFeeds(stage, broker, SYMBOLS, RATE, seed=7, feed__session_ms=6000)

    began = time.time()
    first = world.start("a")
    owners = world.settled("start one", began, {})
    assert len(set(owners.values())) == 1
    began = time.time()
    world.start("b")
    owners = world.settled("add a second", began, owners)
    assert len(set(owners.values())) == 2
    status, words = first.get("/ready")
    assert status == 200 and "owns partitions" in words, words
    world.flowing()

    # One is asked to leave: it goes when the other streams everything.
    began = time.time()
    leaver = first
    world.end("a", signal.SIGTERM)
    assert leaver.wait_exit(12) == 0
    owners = world.settled("SIGTERM one", began, owners)
    world.flowing()
    assert not world.missing_trades(), "no trade is missing where the giver lived"
    assert not world.uncovered_quotes(), "every quote was another's before its feed let go"

    # A new one, and then one is killed.
    began = time.time()
    world.start("c")
    owners = world.settled("add another", began, owners)
    world.flowing()
    assert not world.missing_trades() and not world.uncovered_quotes()
    began = time.time()
    killed = world.end("b", signal.SIGKILL)
    lost = {symbol for symbol, owner in owners.items() if owner == killed}
    owners = world.settled("SIGKILL one", began, owners)
    assert len(set(owners.values())) == 1 and lost
    world.flowing()
    uncovered = world.uncovered_quotes()
    assert set(uncovered) == lost and set(world.missing_trades()) <= lost
    world.measure()
    print(f"\n{world.table()}\nkilled: {len(lost)} symbols without a feed for {max(uncovered.values()):.1f} s at most")

    told = eventually("the cost is told", lambda: taken_over(world, killed, lost), within=30)
    assert told == lost
    problems = numbering_problems(world.reader.records())
    assert not problems, "\n".join(problems[:10])
    proven(world, since, killed, lost)
    for feed in world.feeds.values():
        assert feed.stop() == 0


def taken_over(world: SharedFeeds, killed: str, lost: set[str]) -> set[str]:
    """The symbols of which a feed said that it took them over from the killed one, once they are all there."""
    found = {
        incident["symbol"]
        for value in world.reader.values("sys.integrity.v1")
        for incident in value["incidents"]
        if incident["kind"] == "taken_over" and incident["stream"] == killed
    }
    return found if len(found) >= len(lost) else set()


def proven(world: SharedFeeds, since: float, killed: str, lost: set[str]) -> None:
    """`marketbus verify` calls everything complete but what the killed one cost, and that explained."""
    code, findings = verify(world.broker, None if world.broker.settings else since)
    ours = [finding for finding in findings if finding["feed"].endswith(world.tag)]
    unexplained = [finding for finding in ours if finding["verdict"] == "unexplained"]
    assert not unexplained, unexplained[:3]
    assert code == 0
    cost = {
        finding["symbol"]: (gap["to_us"] - gap["from_us"]) / 1e6
        for finding in ours
        if finding["topic"] == "md.bbo.v1"
        for gap in finding["uncovered"]
        if gap["feed"] == killed and not gap["in_order"] and "taken_over" in gap["cause"]
    }
    assert set(cost) == lost, (sorted(cost), sorted(lost))
    print(f"verify: {len(cost)} symbols uncovered for {min(cost.values()):.1f} to {max(cost.values()):.1f} s")
