"""A whole school year at school size: the table of docs/decisions/0013-year-budget.md, as measured by ``hocba rehearse``.

What a process of its own does is read from its processor time; what the workers do is told apart by the cost of one piece,
measured here, times the pieces of the year. The remainder is rows and the queue.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from bench.records import base_of, signed_fields, snapshot_of

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = 1000
"""Overridden by ``HOCBA_BENCH_STUDENTS`` for a quick look."""
WORKERS = ("worker-0", "worker-1")
PIECES = 40
"""Of each kind, for the cost of one."""


def run(as_json: bool) -> dict[str, Any]:
    """Rehearse a year in a process of its own and print its report.

    Args:
        as_json: print the report as one line of JSON; otherwise the table.

    Returns:
        The report of docs/interfaces.md, and ``cpu_seconds`` by process, ``load`` before and after, and ``budget``: a list of
        ``{"line", "budget_s", "seconds", "how"}`` in seconds of processor time for 1,000 pupils' budget.
    """
    students = int(os.environ.get("HOCBA_BENCH_STUDENTS", STUDENTS))
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory(prefix="hocba-bench-year-") as folder:
        command = [
            sys.executable,
            "-m",
            "hocba_app.cli",
            "rehearse",
            "--level",
            "lower_secondary",
            "--students",
            str(students),
            "--seed",
            "1",
            "--out",
            folder,
            "--json",
        ]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
        report: dict[str, Any] = json.loads(done.stdout)
        cpu: dict[str, float] = json.loads((Path(folder) / "logs" / "cpu.json").read_text(encoding="utf-8"))
        report |= {"cpu_seconds": cpu, "load": [*load, os.getloadavg()[0]], "budget": budget(report, cpu, Path(folder))}
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
        return report
    from hocba_app.rehearsal.command import printed

    print(printed(report, as_json=False))
    print(f"\n{'CPU':<34}{'budget s':>10}{'measured s':>12}")
    for line in report["budget"]:
        allowed = "" if line["budget_s"] is None else f"{line['budget_s']:.0f}"
        print(f"{line['line']:<34}{allowed:>10}{line['seconds']:>12.1f}  {line['how']}")
    return report


def budget(report: dict[str, Any], cpu: dict[str, float], folder: Path) -> list[dict[str, Any]]:
    """The budget line by line, scaled to the pupils rehearsed.

    Args:
        report: of the rehearsal.
        cpu: seconds by process.
        folder: somewhere on the disk the year was written to.
    """
    signatures, documents = report["signatures"], report["documents"]
    scale = report["students"] / STUDENTS
    snapshots = [snapshot_of(number) for number in range(PIECES)]
    rendering = _each(lambda number: base_of(snapshots[number])) * documents
    bases = [base_of(snapshot) for snapshot in snapshots[:4]]
    embedding = _each(lambda number: signed_fields(bases[number % 4])) / _fields(bases[0]) * signatures
    writing = _each(lambda number: _write(folder / f"piece-{number}", b"x" * 7200)) * (signatures + 2 * documents)
    workers = sum(cpu[name] for name in WORKERS)
    remainder = max(0.0, workers - rendering - embedding - writing)
    lines = [
        ("RSA of the signing service alone", 14, _each(_rsa()) * signatures, "one × signatures (inside the next line)"),
        ("signing service simulator", None, cpu["mysign"], "process"),
        ("token signing, server side of HTTP", 16 + 16.5, cpu["trust"], "process"),
        ("rendering, fields, base", 34, rendering, "one × documents"),
        ("prepare and embed", 16, embedding, "one × signatures"),
        ("file writes", 10, writing, "one × revisions"),
        (
            "rows, token client, archive, sync, locks",
            16.5 + 11 + 10 + 15 + 15,
            remainder,
            "workers less the three lines above",
        ),
        ("verification", 28, cpu["verify"], "process"),
        ("SMAS simulator", None, cpu["smas"], "process"),
        ("the people: rehearsal's own process", None, cpu["rehearse"], "process"),
        ("all processes", 200, sum(cpu.values()), "sum of processes"),
    ]
    return [
        {
            "line": line,
            "budget_s": None if allowed is None else round(allowed * scale, 2),
            "seconds": round(seconds, 2),
            "how": how,
        }
        for line, allowed, seconds, how in lines
    ]


def _each(piece: Callable[[int], object]) -> float:
    """Processor seconds of one piece, the mean of :data:`PIECES` after a first that warms caches."""
    piece(0)
    begun = time.process_time()
    for number in range(PIECES):
        piece(number)
    return (time.process_time() - begun) / PIECES


def _rsa() -> Callable[[int], bytes]:
    key, scheme, digest = rsa.generate_private_key(65537, 2048), padding.PKCS1v15(), Prehashed(hashes.SHA256())
    return lambda _number: key.sign(bytes(32), scheme, digest)


def _fields(base: bytes) -> int:
    from hocba_app.recordfile.append_state import read_tip

    return len(read_tip(base).fields)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
