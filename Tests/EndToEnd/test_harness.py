# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The harness itself: a check that can't fail proves nothing."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.checks import (
    announced_holes,
    envelope_problems,
    log_problems,
    murmur2,
    partition_of,
    repeated_identities,
    repeated_trades,
    sequence_problems,
)
from harness.process import Program, http_request
from harness.records import Consumed
from oracle import Record


def record(seq: int, topic: str = "md.bbo.v1", epoch: int = 1, **more: object) -> Consumed:
    value = {
        "schema": topic[3:],
        "venue": "binance",
        "symbol": "BTC-USDT",
        "feed": "f",
        "epoch": epoch,
        "seq": seq,
        "exchange_us": None,
        "received_us": 5_000,
        "published_us": 5_001,
        **more,
    }
    headers = {"schema": value["schema"], "venue": "binance", "content-type": "application/json"}
    home = partition_of(b"BTC-USDT", 6)
    return Consumed(topic, home, 0, "BTC-USDT", value, headers, 5, 0.0)


def integrity(first: int, last: int) -> Consumed:
    hole = {"venue": "binance", "symbol": "BTC-USDT", "epoch": 1, "first_seq": first, "last_seq": last}
    return Consumed(
        "sys.integrity.v1", 0, 0, "f:md.bbo.v1", {"feed": "f", "topic": "md.bbo.v1", "holes": [hole]}, {}, 0, 0
    )


def test_contiguous_numbers_are_no_problem() -> None:
    assert not sequence_problems([record(1), record(2), record(3), record(1, epoch=2), record(1, "md.trade.v1")])


@pytest.mark.parametrize("numbers", [[2], [1, 3], [1, 1], [1, 2, 1], [1, 3, 2]])
def test_gaps_repetitions_and_disorder_are_found(numbers: list[int]) -> None:
    assert sequence_problems([record(number) for number in numbers])


def test_an_announced_hole_is_explained_and_only_that() -> None:
    holes = announced_holes([integrity(2, 4)])
    assert not sequence_problems([record(1), record(5)], holes)
    assert sequence_problems([record(1), record(6)], holes)
    assert sequence_problems([record(1), record(3), record(5)], holes)


def test_repeated_trades_and_identities_are_found() -> None:
    trades = [record(number, "md.trade.v1", trade_id="7") for number in (1, 2)]
    assert repeated_trades(trades) and not repeated_trades(trades[:1])
    assert repeated_identities([record(1), record(1)]) and not repeated_identities([record(1), record(1, epoch=2)])


def sent_on(**connections: list[int]) -> Any:
    """What the oracle would say of quotes with these venue numbers, each connection an epoch of its own."""
    records = []
    for epoch, numbers in enumerate(connections.values(), start=1):
        for seq, number in enumerate(numbers, start=1):
            value = record(seq, epoch=epoch, state="live", venue_seq=number).value
            records.append(Record("md.bbo.v1", "BTC-USDT", value))
    return SimpleNamespace(records=records)


def quotes(*numbers: int) -> list[Consumed]:
    return [record(seq, state="live", venue_seq=number) for seq, number in enumerate(numbers, start=1)]


def test_an_epoch_may_go_on_with_the_connection_that_took_over() -> None:
    both = sent_on(old=[11, 12, 13, 14], new=[13, 14, 15, 16])
    assert not log_problems(both, quotes(11, 12, 13, 14, 15))
    assert not log_problems(sent_on(old=[11, 12, 13], new=[12, 13, 14, 15]), quotes(12, 13, 14, 15))
    assert not log_problems(sent_on(old=[11, 12], new=[13, 14]), quotes(11, 12, 13, 14))


def test_what_is_left_out_or_told_twice_at_a_take_over_is_found() -> None:
    both = sent_on(old=[11, 12, 13, 14], new=[13, 14, 15, 16])
    assert log_problems(both, quotes(11, 12, 15))
    assert log_problems(both, quotes(11, 12, 13, 14, 16))
    assert log_problems(both, quotes(11, 12, 13, 14, 13, 14, 15))
    assert log_problems(sent_on(old=[11, 12, 13], new=[14, 15]), quotes(11, 12, 14))
    assert log_problems(sent_on(old=[11, 12], new=[14, 15]), quotes(11, 12, 13))


def test_the_envelope_is_checked() -> None:
    partitions = {"md.bbo.v1": 6}
    assert not envelope_problems([record(1)], partitions)
    assert envelope_problems([record(1, exchange_us=9_000_000)], partitions)
    assert envelope_problems([record(1, symbol="ETH-USDT")], partitions)
    assert envelope_problems([record(1, published_us=4_000)], partitions)


def test_murmur2_is_apaches() -> None:
    """The vectors of Apache Kafka's own UtilsTest."""
    vectors = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    assert {key: murmur2(key) for key in vectors} == {key: value & 0xFFFFFFFF for key, value in vectors.items()}


SERVER = """
import http.server, json
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print("not json"); print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
"""


def test_a_program_is_started_found_and_stopped(tmp_path: Path) -> None:
    program = Program("server", [sys.executable, "-c", SERVER], tmp_path)
    try:
        port = program.ready_line()["port"]
        assert program.port() == port
        assert program.get("/")[0] == 200
        assert program.get("/nothing-here")[0] == 404
    finally:
        code = program.stop()
    assert code == -15 and not program.running
    assert http_request("GET", f"http://127.0.0.1:{port}/", timeout=1)[0] == 0


def test_a_program_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    program = Program("short", [sys.executable, "-c", "import sys; sys.exit('last words')"], tmp_path)
    with pytest.raises(AssertionError, match="last words"):
        program.ready_line()
    assert program.wait_exit(5) == 1
