# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Exact decimals in their one canonical spelling: no exponent, no trailing zeros, no binary floating point."""

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Optional

from .outcomes import Undecodable

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?0*[0-9]{1,4})?\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LARGEST_COEFFICIENT = 2**127 - 1
_LARGEST_INTEGER = 2**63 - 1


def parse_json(text: str) -> Any:
    """The JSON value, numbers as exact as they were spelled; anything that is not JSON is undecodable."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_float=Decimal, parse_constant=refuse)
    except ValueError as error:
        raise Undecodable("malformed_json", str(error)) from error
    except RecursionError as error:
        raise Undecodable("malformed_json", "too deep") from error


def decimal_of(value: Any) -> Decimal:
    """The decimal that a venue sent as a string or a JSON number."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise Undecodable("bad_number", repr(value))
    text = str(value)
    if not _NUMBER.match(text):
        raise Undecodable("bad_number", repr(value))
    return Decimal(text)


def canonical(value: Any) -> str:
    """The canonical spelling of a price or size; not a negative one, nor one that no 128-bit decimal holds."""
    return spell(amount_of(value))


def amount_of(value: Any) -> Decimal:
    """A price or size: never negative."""
    number = decimal_of(value)
    if number < 0:
        raise Undecodable("bad_number", repr(value))
    return number


def spell(number: Decimal) -> str:
    """The canonical spelling of an exact decimal."""
    sign, digits, exponent = number.as_tuple()
    coefficient = int("".join(map(str, digits)))
    if coefficient == 0:
        return "0"
    while coefficient % 10 == 0:
        coefficient //= 10
        exponent += 1
    if not -38 <= exponent <= 38 or coefficient * 10 ** max(exponent, 0) > _LARGEST_COEFFICIENT:
        raise Undecodable("bad_number", "more than 128 bits")
    text = str(coefficient)
    if exponent >= 0:
        text += "0" * exponent
    elif -exponent >= len(text):
        text = "0." + "0" * (-exponent - len(text)) + text
    else:
        text = text[:exponent] + "." + text[exponent:]
    return "-" + text if sign else text


def optional(value: Any) -> Optional[str]:
    """The canonical spelling, or None where the venue has none (absent, null or empty)."""
    return None if value is None or value == "" else canonical(value)


def signed(value: Any) -> Optional[str]:
    """The same of a number that may be negative: a funding rate."""
    return None if value is None or value == "" else spell(decimal_of(value))


def required(fields: dict[str, Any], *names: str) -> None:
    """Refuses a frame that lacks one of some fields."""
    for name in names:
        if fields.get(name) in (None, ""):
            raise Undecodable("missing_field", name)


def product(*factors: Decimal) -> Decimal:
    """The exact product, whatever the precision of the decimal context."""
    sign, coefficient, exponent = 0, 1, 0
    for factor in factors:
        factor_sign, digits, factor_exponent = factor.as_tuple()
        sign ^= factor_sign
        coefficient *= int("".join(map(str, digits)))
        exponent += factor_exponent
    return Decimal((sign, tuple(map(int, str(coefficient))), exponent))


def integer(value: Any) -> int:
    """An id or sequence number that a venue sent as a string or a JSON number: 64 bits with a sign."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise Undecodable("bad_number", repr(value))
    text = str(value)
    if not re.match(r"-?[0-9]+\Z", text) or not -_LARGEST_INTEGER <= int(text) <= _LARGEST_INTEGER:
        raise Undecodable("bad_number", repr(value))
    return int(text)


def microseconds(value: Any, unit: int = 1000) -> Optional[int]:
    """A venue's time in microseconds, `unit` of them to one of the venue's; None where there is none.

    Milliseconds have 13 digits until the year 2286: a longer one counts microseconds (Binance's timeUnit=MICROSECOND).
    """
    if value is None:
        return None
    stated = integer(value)
    number = stated if stated >= 10**14 else stated * unit
    if not 0 <= number < 2**53:
        raise Undecodable("bad_number", repr(value))
    return number


def seconds(value: Any) -> int:
    """A candle's beginning that a venue states in seconds, in microseconds."""
    number = integer(value) * 1_000_000
    if not 0 <= number < 2**53:
        raise Undecodable("bad_number", repr(value))
    return number


_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z\Z")


def instant(value: Any) -> Optional[int]:
    """An ISO 8601 time in microseconds, later digits cut; None where there is none or it lies before 1970.

    Years after 2254 are none of a market, and their microseconds pass 2^53.
    """
    if value is None or value == "":
        return None
    found = _INSTANT.match(value) if isinstance(value, str) else None
    if found is None:
        raise Undecodable("bad_field", repr(value))
    try:
        moment = datetime.fromisoformat(found[1] + "+00:00")
    except ValueError as error:
        raise Undecodable("bad_field", repr(value)) from error
    if moment.year > 2254:
        raise Undecodable("bad_field", repr(value))
    whole = (moment - _EPOCH) // timedelta(seconds=1) * 1_000_000 + int(((found[2] or "") + "000000")[:6])
    return whole if whole > 0 else None


def identifier(value: Any) -> str:
    """A trade's id as text: plain ASCII, as the venue spelled it, at most 31 characters."""
    text = str(value)
    plain = isinstance(value, (str, int, Decimal)) and not isinstance(value, bool)
    if not plain or not re.match(r"[!#-\[\]-~]{1,31}\Z", text):
        raise Undecodable("bad_field", "trade id")
    return text
