# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The book machine, recipe by recipe, on books small enough to check by eye."""

from decimal import Decimal
from typing import Any, Optional

import pytest

from oracle.books import BookMachine, BookUpdate
from oracle.outcomes import BookFrame, Level
from oracle.publish import book_fields, spelled
from oracle.rules import BinanceFuturesRule, BinanceSpotRule, MBPRule, OKXRule, Rule, VersionRule
from reader import BookReader


def side(levels: Any) -> list[Level]:
    return [Level(Decimal(str(price)), Decimal(str(size)), str(price), str(size)) for price, size in levels]


def frame(kind: str, bids: Any = (), asks: Any = (), **more: Any) -> BookFrame:
    return BookFrame("A-B", "AB", None, "books", kind, side(bids), side(asks), **more)


def snapshot(last: Optional[int], bids: Any = ((9, 1), (8, 1)), asks: Any = ((11, 1), (12, 1)), **more: Any) -> BookFrame:
    return frame("snapshot", bids, asks, last=last, **more)


def update(first: Optional[int], last: Optional[int], previous: Optional[int] = None, bids: Any = ((9, 2),)) -> BookFrame:
    return frame("update", bids, (), first=first, last=last, previous=previous)


def told(updates: list[BookUpdate]) -> list[Any]:
    return [found.reason or (found.kind, found.venue_seq) for found in updates]


def fed(machine: BookMachine, *frames: BookFrame) -> list[Any]:
    return [found for place, each in enumerate(frames, start=1) for found in told(machine.frame(each, place))]


def test_binance_spot_buffers_bridges_and_follows() -> None:
    machine = BookMachine(BinanceSpotRule())
    assert fed(machine, update(5, 8), update(9, 12), update(13, 15)) == [] and machine.wants_snapshot
    assert fed(machine, snapshot(10)) == [("snapshot", 10), ("delta", 12), ("delta", 15)]
    assert fed(machine, update(16, 16), update(16, 16)) == [("delta", 16)]
    assert fed(machine, update(18, 19)) == ["gap"]
    assert fed(machine, update(20, 21), snapshot(18)) == [("snapshot", 18), ("delta", 19), ("delta", 21)]


def test_an_old_snapshot_is_thrown_away_and_the_frames_stay() -> None:
    machine = BookMachine(BinanceSpotRule())
    assert fed(machine, update(9, 12), snapshot(7)) == [] and machine.wants_snapshot
    assert fed(machine, snapshot(8)) == [("snapshot", 8), ("delta", 12)]


def test_a_snapshot_newer_than_what_waits_is_published_with_the_frame_that_joins_it() -> None:
    machine = BookMachine(BinanceSpotRule())
    assert fed(machine, update(1, 2), snapshot(9), update(3, 9)) == []
    assert fed(machine, update(10, 11)) == [("snapshot", 9), ("delta", 11)]


def test_with_nothing_buffered_a_snapshot_is_published_at_once() -> None:
    machine = BookMachine(BinanceSpotRule())
    assert fed(machine, snapshot(9), update(5, 9), update(8, 10)) == [("snapshot", 9), ("delta", 10)]
    late = BookMachine(BinanceSpotRule())
    assert fed(late, snapshot(9), update(11, 12)) == [("snapshot", 9), "gap"]


def test_binance_futures_chain_by_pu() -> None:
    machine = BookMachine(BinanceFuturesRule())
    assert fed(machine, update(1, 9, 0), update(8, 12, 7), snapshot(10)) == [("snapshot", 10), ("delta", 12)]
    assert fed(machine, update(13, 15, 12), update(16, 20, 15)) == [("delta", 15), ("delta", 20)]
    assert fed(machine, update(22, 25, 21)) == ["gap"]


def test_a_sequence_that_starts_over_is_a_reset_and_a_copy_is_nothing() -> None:
    machine = BookMachine(BinanceFuturesRule())
    fed(machine, snapshot(100), update(100, 105, 99), update(106, 109, 105))
    assert fed(machine, update(100, 105, 99)) == [] and machine.live
    assert fed(machine, update(1, 3, 0)) == ["reset"]


def test_okx_ids_chain_and_may_fall_back() -> None:
    machine = BookMachine(OKXRule())
    chain = [(10, 15), (15, 15), (15, 3), (3, 5)]
    frames = [update(None, last, previous) for previous, last in chain]
    frames[1] = update(None, 15, 15, ())
    assert fed(machine, update(None, 10, 9), snapshot(10)) == [("snapshot", 10)]
    assert fed(machine, *frames) == [("delta", 15), ("delta", 3), ("delta", 5)]
    assert fed(machine, update(None, 9, 8), update(None, 10, 9)) == ["gap"]
    assert fed(machine, snapshot(20), update(None, 21, 20)) == [("snapshot", 20), ("delta", 21)]


def test_without_ids_the_checksum_decides() -> None:
    machine = BookMachine(OKXRule())
    bids, asks = (("3366.1", 7), ("3366", 6)), (("3366.8", 9), ("3368", 8))
    assert fed(machine, snapshot(None, bids, asks, checksum=-1881014294)) == [("snapshot", None)]
    good = frame("update", (("3366", 0),), (("3366.8", 9), ("3372", 8)), checksum=0)
    assert fed(machine, good) == [("delta", None)]
    assert fed(machine, frame("update", (("3365", 1),), (), checksum=1)) == ["checksum"]
    assert fed(BookMachine(OKXRule()), snapshot(None, bids, asks, checksum=5)) == []


def test_htx_increments_join_by_the_number_before() -> None:
    machine = BookMachine(MBPRule())
    waiting = [update(None, 5, 4), update(None, 7, 5), update(None, 9, 7)]
    assert fed(machine, *waiting, snapshot(5)) == [("snapshot", 5), ("delta", 7), ("delta", 9)]
    assert fed(machine, update(None, 12, 10)) == ["gap"]
    assert fed(machine, snapshot(10)) == [("snapshot", 10), ("delta", 12)]


def test_htx_versions_grow_by_one() -> None:
    machine = BookMachine(VersionRule())
    assert fed(machine, snapshot(5), update(None, 6), update(None, 8)) == [("snapshot", 5), ("delta", 6), "gap"]


def test_htx_whole_pushes_are_snapshots_of_one_epoch() -> None:
    machine = BookMachine(Rule())
    pushes = [frame("whole", ((9, 1),), ((11, 1),), last=last) for last in (3, 3, 5)]
    found = [each for push in pushes for each in machine.frame(push, 7)]
    assert told(found) == [("snapshot", 3), ("snapshot", 5)]
    assert {each.book_epoch for each in found} == {7}
    again = machine.frame(frame("whole", ((9, 1),), ((11, 1),), last=2), 8)
    assert told(again) == [("snapshot", 2)] and again[0].book_epoch == 8


@pytest.mark.parametrize("price", [11, 12])
def test_a_crossed_book_is_invalid(price: int) -> None:
    machine = BookMachine(Rule())
    fed(machine, snapshot(None))
    (lost,) = machine.frame(frame("update", ((price, 1),)), 9)
    assert (lost.kind, lost.reason, lost.bids, lost.asks, lost.received_us) == ("invalid", "crossed", (), (), 9)
    assert fed(machine, update(None, None)) == []
    assert fed(machine, snapshot(None)) == [("snapshot", None)]


def test_a_first_snapshot_that_is_crossed_gives_nothing() -> None:
    assert fed(BookMachine(Rule()), snapshot(None, ((11, 1),), ((11, 1),))) == []


def test_an_unreadable_frame_ends_a_live_book_only() -> None:
    machine = BookMachine(BinanceSpotRule())
    fed(machine, update(9, 12))
    assert machine.broken("undecodable", 1) == [] and not machine.wants_snapshot
    fed(machine, snapshot(10))
    assert told(machine.broken("undecodable", 2)) == ["undecodable"]
    assert machine.broken("undecodable", 3) == []


def test_the_epoch_grows_at_every_resync() -> None:
    machine = BookMachine(Rule())
    epochs = [machine.frame(snapshot(None), received)[0].book_epoch for received in (0, 0, 50, 50, 20)]
    assert epochs == [1, 2, 50, 51, 52]


def test_a_window_is_cut_and_its_edge_is_the_horizon() -> None:
    machine = BookMachine(OKXRule())
    (first,) = machine.frame(snapshot(1, depth=2), 0)
    assert (first.horizon_bid, first.horizon_ask, first.depth) == (8, 12, 2)
    (better,) = machine.frame(update(None, 2, 1, ((10, 1),)), 0)
    assert better.horizon_bid == 9 and spelled(better.top[0]) == [["10", "1"], ["9", "1"]]
    (gone,) = machine.frame(update(None, 3, 2, ((10, 0),)), 0)
    assert gone.horizon_bid is None and gone.horizon_ask == 12


def test_binances_horizon_stays_where_the_snapshot_was_full() -> None:
    machine = BookMachine(BinanceSpotRule())
    (first,) = machine.frame(snapshot(5, asks=((11, 1),), depth=2), 0)
    assert (first.horizon_bid, first.horizon_ask) == (8, None)
    (beyond,) = machine.frame(update(6, 6, bids=((7, 1),)), 0)
    assert beyond.horizon_bid == 8 and spelled(beyond.bids) == [["7", "1"]]
    assert spelled(beyond.top[0]) == [["9", "1"], ["8", "1"]]


def test_delta_levels_are_best_first() -> None:
    machine = BookMachine(Rule())
    fed(machine, snapshot(None))
    (delta,) = machine.frame(frame("update", ((7, 1), (10, 1)), ((15, 1), (11, 0))), 0)
    assert spelled(delta.bids) == [["10", "1"], ["7", "1"]] and spelled(delta.asks) == [["11", "0"], ["15", "1"]]


def test_a_snapshot_recurs_after_ten_seconds_or_a_thousand_deltas() -> None:
    machine = BookMachine(Rule())
    machine.frame(snapshot(None), 0)
    assert [found.kind for found in machine.frame(update(None, None), 9_999_999)] == ["delta"]
    assert [found.kind for found in machine.frame(update(None, None), 10_000_000)] == ["delta", "snapshot"]
    counts = [len(machine.frame(update(None, None), 10_000_000)) for _ in range(1000)]
    assert counts == [1] * 999 + [2]


def test_a_long_book_is_cut_and_its_reader_knows() -> None:
    machine, reader = BookMachine(Rule()), BookReader()
    bids = [(5000 - place, 1) for place in range(1500)]
    (first,) = machine.frame(snapshot(None, bids, ((6000, 1),)), 0)
    assert len(first.bids) == 1000 and (first.horizon_bid, first.horizon_ask) == (4001, None)
    reader.take(record(first))
    (delta,) = machine.frame(frame("update", ((3000, 1), (4500, 0))), 0)
    reader.take(record(delta))
    assert delta.horizon_bid is None and len(reader.side("bids")) == 999
    assert reader.side("bids") == spelled(machine.proven()[0])


def record(found: BookUpdate) -> dict[str, Any]:
    return book_fields(found)
