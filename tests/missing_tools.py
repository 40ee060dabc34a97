"""Tools of other makers that some tests need: where one is missing the test says so instead of passing."""

from __future__ import annotations

import shutil
import sys

import pytest

_PACKAGES = {
    "promtool": "prometheus",
    "logrotate": "logrotate",
    "pdftotext": "poppler-utils",
    "pdfunite": "poppler-utils",
    "mutool": "mupdf-tools",
    "qpdf": "qpdf",
    "cc": "gcc",
}


def need(tool: str) -> None:
    """Skip the running test, and say what to install, where a tool is missing."""
    if shutil.which(tool) is None:
        sys.stderr.write(f"\nNOT TESTED: {tool} is missing (apt-get install {_PACKAGES.get(tool, tool)})\n")
        pytest.skip(f"{tool} is not installed")
