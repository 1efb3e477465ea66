# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Programs as processes, brokers, and a reader of topics that trusts nothing."""
