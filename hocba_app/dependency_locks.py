"""``hocba lock``: writes the three locks anew. They name versions and hashes, and no registry.

What both locks share is resolved together, so that installing the second never changes what the first installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN, TEST, INSTALLER = (ROOT / name for name in ("requirements.lock", "requirements-test.lock", "requirements-uv.lock"))
OLDEST_PYTHON = "3.11"
PYTHONS = (OLDEST_PYTHON, "3.12", "3.13", "3.14")
RUNS_ON = ("linux", "aarch64-unknown-linux-gnu", "windows", "macos")
TESTED_ON = ("linux",)
MACOS = "15.0"
"""The oldest macOS that every wheel is made for."""


def renew(*, upgrade: bool) -> None:
    """Resolve ``pyproject.toml`` and write the locks.

    Args:
        upgrade: to the newest releases that fit; otherwise what is locked stays and only what is missing is added.

    Raises:
        subprocess.CalledProcessError: nothing fits, or a Python or a system we support has no wheel of something.
    """
    newest = ["--upgrade"] if upgrade else []
    with tempfile.TemporaryDirectory() as folder:
        everything, running, installer = (Path(folder) / name for name in ("all.txt", "run.txt", "uv.txt"))
        for target, sources in ((everything, (RUN, TEST)), (installer, (INSTALLER,))):
            target.write_text(
                "".join(source.read_text(encoding="utf-8") for source in sources if source.exists()), encoding="utf-8"
            )
        _compile("pyproject.toml", "--group", "dev", *newest, "-o", str(everything))
        shutil.copy(everything, running)
        _compile("pyproject.toml", "-o", str(running))  # what is in the file already is preferred
        _compile("-", *newest, "-o", str(installer), given="uv")
        entries = set(_entries(running.read_text(encoding="utf-8")))
        on_top = [entry for entry in _entries(everything.read_text(encoding="utf-8")) if entry not in entries]
        _check_wheels(running, RUNS_ON)
        _check_wheels(everything, TESTED_ON)
        TEST.write_text("".join(on_top), encoding="utf-8")
        for source, target in ((running, RUN), (installer, INSTALLER)):
            shutil.copy(source, target)


def _compile(*arguments: str, given: str = "") -> None:
    command = [
        _uv(),
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        OLDEST_PYTHON,
        "--only-binary",
        ":all:",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        *arguments,
    ]
    subprocess.run(command, cwd=ROOT, input=given.encode(), check=True, stdout=subprocess.DEVNULL)


def _check_wheels(lock: Path, platforms: Sequence[str]) -> None:
    """Nothing is built at set-up: everything locked must exist as a wheel for every Python and system."""
    for python in PYTHONS:
        for platform in platforms:
            command = [
                _uv(),
                "pip",
                "install",
                "--quiet",
                "--dry-run",
                "--no-deps",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--python-version",
                python,
                "--python-platform",
                platform,
                "--target",
                str(lock.parent / "none"),
                "-r",
                str(lock),
            ]
            subprocess.run(command, env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": MACOS}, check=True)


def _entries(lock: str) -> list[str]:
    """Each requirement with its hashes."""
    return re.findall(r"^\S.*\n(?:[ ].*\n)*", lock, re.MULTILINE)


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv.exe" if sys.platform == "win32" else "uv"))
