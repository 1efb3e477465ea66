# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Recorded frames with seeded damage: torn, flipped, doubled, and with values that no venue should send."""

import random
import re
from typing import Iterator

VALUES = [
    b'""',
    b"null",
    b'"NaN"',
    b'"1e400"',
    b'"-1"',
    b'"0"',
    b'"1e-7"',
    b'"' + b"9" * 40 + b'"',
    b"12.5",
    b"1E+3",
    b"true",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"[]",
    b"{}",
    b'"0.' + b"0" * 37 + b'1"',
    b'" 1"',
    b'"+1"',
]
_VALUE = re.compile(rb'(?<=:)("[^"]*"|-?\d+|true|false)')


def mutated(frames: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` damaged frames, none with a line break, the same for the same seed."""
    source = random.Random(seed)
    for _ in range(count):
        frame = bytearray(source.choice(frames))
        for _ in range(source.choice((1, 1, 1, 2, 3))):
            _damage(frame, source)
        yield bytes(frame).replace(b"\n", b" ").replace(b"\r", b" ") or b" "


def _damage(frame: bytearray, source: random.Random) -> None:
    if not frame:
        return
    place = source.randrange(len(frame))
    way = source.randrange(8)
    if way == 0:
        frame[place] ^= 1 << source.randrange(8)
    elif way == 1:
        del frame[place:]
    elif way == 2:
        del frame[place : place + source.randrange(1, 9)]
    elif way == 3:
        frame[place:place] = frame[place : place + source.randrange(1, 17)]
    elif way == 4:
        frame[place] = source.randrange(256)
    else:
        _replace_value(frame, source)


def _replace_value(frame: bytearray, source: random.Random) -> None:
    found = list(_VALUE.finditer(bytes(frame)))
    if found:
        match = source.choice(found)
        frame[match.start() : match.end()] = source.choice(VALUES)
