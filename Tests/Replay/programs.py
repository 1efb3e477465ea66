# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Finding the built programs and the checked-in schemas."""

import functools
import json
import os
import warnings
from pathlib import Path
from typing import Any, Optional

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]


def binary(name: str) -> Optional[Path]:
    """A built program: under MARKETBUS_BIN, else the newer of the release and the debug build; None where not built."""
    named = os.environ.get("MARKETBUS_BIN")
    folders = [Path(named)] if named else [ROOT / ".build" / "release", ROOT / ".build" / "debug"]
    built = [folder / name for folder in folders if (folder / name).is_file()]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


@functools.cache
def schema_validator(topic: str) -> Optional[Draft202012Validator]:
    """The validator of a topic's checked-in schema, or None where it is not there."""
    path = ROOT / "deploy" / "schemas" / f"{topic}.schema.json"
    if not path.is_file():
        return None
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def schema_errors(topic: str, value: Any) -> list[str]:
    """What an independent validator finds wrong with a value; a topic without schema is an error too.

    Where no schema at all is checked in, nothing is validated and a warning says so.
    """
    if not (ROOT / "deploy" / "schemas").is_dir():
        warnings.warn("deploy/schemas is not there: values are not validated", stacklevel=2)
        return []
    validator = schema_validator(topic)
    if validator is None:
        return [f"deploy/schemas/{topic}.schema.json is not there"]
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]
