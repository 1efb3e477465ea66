# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What the feeds do not publish yet: the one list. The conformance tests show each line of it as an expected failure,
and fail where a line is no longer true. Empty it as the channels land."""

from oracle.publish import MARKET_TOPICS

NOT_BUILT: dict[str, tuple[str, ...]] = {
    "binance": (),
    "okx": (),
    "htx": (),
    "coinbase": (),
}


def is_built(venue: str, topic: str) -> bool:
    """Whether a venue's feed publishes a topic."""
    return topic not in NOT_BUILT.get(venue, ())


def venue_is_built(venue: str) -> bool:
    """Whether a venue has a feed at all."""
    return any(is_built(venue, topic) for topic in MARKET_TOPICS)
