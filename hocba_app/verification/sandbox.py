"""Foreign and hostile files are parsed in a process of their own, with limits: always a verdict, never a crash or a hang."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hocba_app.verification.printed_text import Content
from hocba_app.verification.reasons import Reason, add
from hocba_app.verification.report_model import FileReport

MAX_BYTES = 64 * 1024 * 1024
SECONDS = 30
"""Of processor time for one file, and half the time on the wall; an honest one takes one or two."""
MEMORY_BYTES = 1536 * 1024 * 1024
_ENVIRONMENT = ("PATH", "LANG", "SYSTEMROOT", "PYTHONPATH", "VIRTUAL_ENV")
"""All the child is told of us: no database, no secrets."""


def examine(
    files: Sequence[tuple[str, bytes, str | None]], roots: Sequence[bytes], issuers: Sequence[dict[str, str]] | None
) -> list[FileReport]:
    """Examine files in a child process.

    Args:
        files: ``(name as given, bytes, where replay found a deviation)``.
        roots: trusted roots, DER.
        issuers: schools that may issue, ``[{"tax_code", "name"}]``; None when no list is at hand.

    Returns:
        One report a file, in order. A file that exhausts the limits costs only its own verdict.
    """
    reports: dict[int, FileReport] = {}
    todo = []
    for index, (name, data, _) in enumerate(files):
        if len(data) > MAX_BYTES:
            reports[index] = _refused(name, Reason.TOO_LARGE)
        else:
            todo.append(index)
    while todo:
        request = {"what": "verdict", "roots": [root.hex() for root in roots], "issuers": list(issuers) if issuers is not None else None}
        finished = _run_child([files[index] for index in todo], request)
        for index, answer in zip(todo, finished, strict=False):
            reports[index] = FileReport.from_dict(answer)
        stuck = todo[len(finished) :]
        if stuck:
            # The child died on the first file it did not answer for; the others get a fresh child.
            reports[stuck[0]] = _refused(files[stuck[0]][0], Reason.LIMIT_EXCEEDED)
        todo = stuck[1:]
    return [reports[index] for index in range(len(files))]


def read_content(files: Sequence[bytes]) -> list[Content | None]:
    """Read in a child process whose records these files say they are.

    Returns:
        One a file, in order; None for a file that is too large or exhausts the limits.
    """
    found: dict[int, Content] = {}
    todo = [index for index, data in enumerate(files) if len(data) <= MAX_BYTES]
    while todo:
        finished = _run_child([("", files[index], None) for index in todo], {"what": "content"})
        found.update(zip(todo, (Content(**answer) for answer in finished), strict=False))
        todo = todo[len(finished) + 1 :]
    return [found.get(index) for index in range(len(files))]


def _refused(name: str, reason: Reason) -> FileReport:
    report = FileReport(path=name)
    add(report, reason)
    return report


def _run_child(files: Sequence[tuple[str, bytes, str | None]], what: dict[str, Any]) -> list[dict[str, Any]]:
    """One answer a file, as far as the child came."""
    with tempfile.TemporaryDirectory(prefix="hocba-verify-") as folder:
        for number, (_, data, _) in enumerate(files):
            Path(folder, str(number)).write_bytes(data)
        request = what | {
            "folder": folder, "files": [[name, deviation] for name, _, deviation in files], "memory": MEMORY_BYTES, "seconds": SECONDS,
        }
        answers = Path(folder, "answers")
        with answers.open("wb") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", "hocba_app.verification.sandbox_worker"],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL,
                env={key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}, start_new_session=True,
                cwd=Path(__file__).resolve().parents[2],
            )
            try:
                child.communicate(json.dumps(request).encode(), timeout=2 * SECONDS * (len(files) + 1))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        lines = answers.read_bytes().split(b"\n")
    # A line without its newline was cut short by the child's death.
    return [json.loads(line) for line in lines[:-1]]
