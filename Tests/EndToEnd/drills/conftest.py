# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What the drills share: a broker that may be stopped."""

from typing import Iterator

import pytest

from harness.brokers import KafkaLab, kafka_script
from harness.stage import need


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaLab]:
    """A real Kafka of this module's own."""
    need("exchange-twin", "binance-feed")
    if kafka_script() is None:
        pytest.skip("no Kafka to stop and start: KAFKA_LAB is not set")
    made = KafkaLab(tmp_path_factory.mktemp("lab"))
    try:
        yield made
    finally:
        made.close()
