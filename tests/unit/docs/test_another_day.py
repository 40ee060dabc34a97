"""The command of CONTRIBUTING.md that runs tests as on another day moves the calendar and files' times, and no wait."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import another_day
from tests.missing_tools import need

INSIDE = """
import time
from datetime import date

def test_inside(tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert abs(time.time() - file.stat().st_mtime) < 60
    begun = time.monotonic()
    time.sleep(0.01)
    assert (date.today(), time.strftime("%Z")) == (date(2031, 1, 1), "+07") and time.monotonic() - begun < 60
"""


@pytest.mark.skipif(sys.platform != "linux", reason="replaces functions of Linux's C library")
def test_tests_run_on_another_day(tmp_path: Path) -> None:
    need("cc")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="ascii")
    (tmp_path / "test_inside.py").write_text(INSIDE, encoding="ascii")
    arguments = (
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        "-c",
        str(tmp_path / "pytest.ini"),
        str(tmp_path),
    )
    assert another_day.main("2031-01-01T00:00", "Asia/Ho_Chi_Minh", *arguments) == 0
