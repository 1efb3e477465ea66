# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Generated markets and what must be found in them: written from README.md here, not from the Swift code."""
