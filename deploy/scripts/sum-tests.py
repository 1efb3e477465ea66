#!/usr/bin/env python3
# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Adds up JUnit reports (Swift Testing's and pytest's): `sum-tests.py [--failed N] FOLDER`.

Prints each failed test with the first line of its message, then one plain line with the sums. A report that can't be
read counts as one failure; --failed adds sections that ended without a report.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def problem(case: ElementTree.Element) -> str | None:
    """The first line of what a test failed with."""
    for kind in ("failure", "error"):
        if (found := case.find(kind)) is not None:
            text = (found.get("message") or found.text or "").strip()
            return text.splitlines()[0][:300] if text else kind
    return None


def counts(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of one report; the failed ones are printed."""
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (ElementTree.ParseError, OSError) as error:
        print(f"unreadable report {report.name}: {error}")
        return 0, 1, 0
    failed = 0
    for case in cases:
        if (why := problem(case)) is not None:
            failed += 1
            print(f"failed: {case.get('classname')} {case.get('name')}: {why}")
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed, skipped


def main(arguments: list[str]) -> int:
    """Prints the sum; exit code 1 if anything failed or nothing passed."""
    extra = 0
    if arguments[:1] == ["--failed"]:
        extra = int(arguments[1])
        arguments = arguments[2:]
    rows = [counts(report) for report in sorted(Path(arguments[0]).glob("*.xml"))]
    passed, failed, skipped = (sum(row[place] for row in rows) for place in range(3))
    failed += extra
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
