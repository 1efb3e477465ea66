# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Generated venues with faults, and what the consolidated quote must be after each event: written from README.md here,
not from the Swift code."""
