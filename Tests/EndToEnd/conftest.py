# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Fixtures of the end-to-end tests and what is shown under their results."""

import os
from pathlib import Path
from typing import Any, Iterator

import pytest

from harness.report import REPORT
from harness.stage import Stage, need


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The test's stage."""
    made = Stage(tmp_path)
    request.node.stage = made
    try:
        yield made
    finally:
        made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Puts the end of every program's log under a failed test."""
    outcome = yield
    report = outcome.get_result()
    made = getattr(item, "stage", None)
    if report.failed and made is not None:
        for program in made.programs:
            report.sections.append((f"{program.name} (exit {program.process.poll()})", program.tail(40)))


@pytest.fixture(params=["embedded", pytest.param("named", marks=pytest.mark.kafka)])
def broker_kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of broker; the named one only where the environment names it."""
    if request.param == "named" and not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        pytest.skip("KAFKA_BOOTSTRAP_SERVERS is not set")
    if request.param == "embedded":
        need("marketbus")
    return request.param


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Shows the drills' figures and writes them down."""
    text = REPORT.text()
    if text:
        terminalreporter.write_sep("=", "drills")
        terminalreporter.write_line(text)
        REPORT.write()
