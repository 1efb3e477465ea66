# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Waiting until something is so, with a limit; no sleep stands for a hope."""

import time
from typing import Callable, Optional, TypeVar

Found = TypeVar("Found")


def eventually(what: str, check: Callable[[], Optional[Found]], within: float, every: float = 0.05) -> Found:
    """The first true answer of `check`; an assertion naming `what` when the time is up."""
    deadline = time.monotonic() + within
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(every)


def quiet(measure: Callable[[], int], silence: float, within: float) -> int:
    """The value of `measure` once it has not changed for `silence` seconds."""
    deadline = time.monotonic() + within
    last, since = measure(), time.monotonic()
    while time.monotonic() - since < silence:
        assert time.monotonic() < deadline, f"still moving after {within} s"
        time.sleep(0.1)
        now = measure()
        if now != last:
            last, since = now, time.monotonic()
    return last
