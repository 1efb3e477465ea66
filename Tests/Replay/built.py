# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What the feeds do not publish yet: the one list. The conformance tests show each line of it as an expected failure,
and fail where a line is no longer true. Empty it as the channels land."""

from oracle.publish import MARKET_TOPICS

_LATER = ("md.book.v1", "md.candle.v1", "md.ticker.v1", "md.funding.v1", "md.open_interest.v1", "md.liquidation.v1")

NOT_BUILT: dict[str, tuple[str, ...]] = {
    "binance": _LATER,
    "okx": _LATER,
    "htx": (),
    "coinbase": (),
}


def is_built(venue: str, topic: str) -> bool:
    """Whether a venue's feed publishes a topic."""
    return topic not in NOT_BUILT.get(venue, ())


def venue_is_built(venue: str) -> bool:
    """Whether a venue has a feed at all."""
    return any(is_built(venue, topic) for topic in MARKET_TOPICS)
