# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What the feeds must publish for recorded frames, written from the venue sheets and EVENTS alone.

The oracle shares no line with the Swift decoders and is not fast: it is the second opinion. `replay` turns the lines
of a capture into the expected records; `instrument_records` does the same for REST answers.
"""

from .outcomes import DeadLetter, Ignored, Record
from .instruments import InstrumentBook, instrument_records
from .replay import Replay, replay, replay_with

__all__ = [
    "DeadLetter",
    "Ignored",
    "InstrumentBook",
    "Record",
    "Replay",
    "instrument_records",
    "replay",
    "replay_with",
]
