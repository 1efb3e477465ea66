# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Produced records against expected ones, exactly, with the smallest difference that can be shown."""

import base64
import binascii
import json
from typing import Any, Iterable, Optional

from oracle import Record

# Fields that a live feed fills from its own clock; `normalize` takes them from the capture.
CLOCK_FIELDS = ("received_us", "published_us", "epoch")


def difference(expected: Record, produced: dict[str, Any], ignore: Iterable[str] = ()) -> Optional[str]:
    """What differs between a record and a produced `{"topic","key","value"}`, or None; absent is as good as null."""
    if (expected.topic, expected.key) != (produced["topic"], produced["key"]):
        return f"expected {expected.topic} {expected.key}, produced {produced['topic']} {produced['key']}"
    value = produced["value"]
    wrong = []
    for field in sorted(expected.value.keys() | value.keys()):
        wanted, given = expected.value.get(field), value.get(field)
        if field not in ignore and (wanted != given or type(wanted) is not type(given)):
            wrong.append(f"{field}: expected {wanted!r}, produced {given!r}")
    return "; ".join(wrong) or None


def first_differences(
    expected: list[Record],
    produced: list[dict[str, Any]],
    lines: list[str],
    most: int = 3,
    ignore: Iterable[str] = (),
) -> list[str]:
    """The first differences of two sequences, each with the frame it comes from."""
    found: list[str] = []
    for record, line in zip(expected, produced):
        text = difference(record, line, ignore)
        if text is not None:
            found.append(f"{text}\n    line {record.line}: {lines[record.line - 1][:600] if record.line else ''}")
        if len(found) >= most:
            break
    if len(expected) != len(produced):
        found.append(f"expected {len(expected)} records, produced {len(produced)}")
    return found


def dead_letter_frame(value: dict[str, Any]) -> Optional[str]:
    """The bytes of a dead letter as text, whether they stand in it as text or as base64."""
    for field in ("frame", "payload", "text", "bytes", "data", "raw"):
        content = value.get(field)
        if not isinstance(content, str):
            continue
        if value.get("encoding") != "base64" and not field.endswith("base64"):
            return content
        return _from_base64(content)
    for field, content in value.items():
        if field.endswith("base64") and isinstance(content, str):
            return _from_base64(content)
    return None


def _from_base64(content: str) -> Optional[str]:
    try:
        return base64.b64decode(content, validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return None


def parse_output(text: str) -> list[dict[str, Any]]:
    """The produced lines; a line that is not `{"topic","key","value"}` fails."""
    produced = []
    for line in text.splitlines():
        entry = json.loads(line)
        assert set(entry) == {"topic", "key", "value"}, line[:300]
        produced.append(entry)
    return produced
