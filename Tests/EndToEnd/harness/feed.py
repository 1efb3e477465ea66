# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Services as processes, started from a YAML file like an operator's."""

from pathlib import Path
from typing import Any, Optional

import yaml

import programs

from .process import Program


def nested(settings: dict[str, Any]) -> dict[str, Any]:
    """Dotted keys as the nested mapping that a YAML file holds."""
    tree: dict[str, Any] = {}
    for key, value in settings.items():
        *path, leaf = key.split(".")
        place = tree
        for part in path:
            place = place.setdefault(part, {})
        place[leaf] = value
    return tree


def feed_settings(
    venue: str,
    instance: str,
    broker: Any,
    endpoints: dict[str, str],
    markets: list[str],
    symbols: list[str],
    **more: Any,
) -> dict[str, Any]:
    """The settings of a feed on a twin and a broker."""
    settings: dict[str, Any] = {
        "service.instance": instance,
        "http.port": 0,
        "kafka.bootstrap_servers": broker.bootstrap,
        **broker.settings,
        f"venues.{venue}.markets": markets,
        f"venues.{venue}.symbols": symbols,
        f"venues.{venue}.channels": ["trade", "bbo"],
    }
    for name, url in endpoints.items():
        settings[f"venues.{venue}.endpoints.{name}"] = url
    return {**settings, **{key.replace("__", "."): value for key, value in more.items()}}


class Service(Program):
    """A running service of the suite."""

    def __init__(
        self, program: str, settings: dict[str, Any], folder: Path, name: Optional[str] = None, flags: tuple[str, ...] = ()
    ) -> None:
        title = name or program
        path = folder / f"{title}.yaml"
        path.write_text(yaml.safe_dump(nested(settings)), encoding="utf-8")
        super().__init__(title, [str(programs.binary(program)), "--config", str(path), *flags], folder)


class Feed(Service):
    """A running feed of a venue."""

    def __init__(
        self,
        venue: str,
        settings: dict[str, Any],
        folder: Path,
        name: Optional[str] = None,
        flags: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{venue}-feed", settings, folder, name, flags)
