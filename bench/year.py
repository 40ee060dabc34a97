"""A whole school year at school size: the table of core-decisions' budget, as measured by ``hocba rehearse``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = 1000
"""Overridden by ``HOCBA_BENCH_STUDENTS`` for a quick look."""


def run(as_json: bool) -> dict[str, Any]:
    """Rehearse a year in a process of its own and print its report.

    Args:
        as_json: print the report as one line of JSON; otherwise the table.

    Returns:
        The report of design §4.
    """
    students = int(os.environ.get("HOCBA_BENCH_STUDENTS", STUDENTS))
    with tempfile.TemporaryDirectory(prefix="hocba-bench-year-") as folder:
        command = [
            sys.executable, "-m", "hocba_app.cli", "rehearse", "--level", "lower_secondary", "--students", str(students), "--seed", "1",
            "--out", folder, "--json",
        ]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
        report: dict[str, Any] = json.loads(done.stdout)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
        return report
    from hocba_app.rehearsal.year import printed

    print(printed(report, as_json=False))
    return report
