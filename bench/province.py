"""What a machine carries: schools' years on PostgreSQL, one beside several, and what follows for a province.

Needs a PostgreSQL server on this machine in which databases may be made: ``HOCBA_BENCH_POSTGRES_URL``
(``postgresql://postgres@127.0.0.1:5432/postgres``). What was measured and what is worked out from it are told apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]
STUDENTS, SCHOOLS, WORKERS = 24, 8, 4
"""A small school's pupils, how many such schools, and on how many workers; overridden by ``HOCBA_BENCH_STUDENTS``, ``_SCHOOLS``,
``_WORKERS``. With these it ends in six minutes on two busy cores."""
LARGER = 5
"""A third school has so many times the pupils: what it costs more is the price of its signatures, without what each school and each
worker's start costs once."""
PUPILS, SIGNATURES, DAYS, PEAK = 500_000, 8_000_000, 15, 200.0
"""The province: a year's pupils and signatures, the days most of them are made in, and the busiest hour's signatures a second."""
HEADROOM = 2.0
"""Cores are planned for twice what is used: half of a busy machine's time is waiting, and the night's work goes on."""


def run(as_json: bool) -> dict[str, Any]:
    """Play both shapes, each on a database of its own, and work out the province.

    Args:
        as_json: print one line of JSON; otherwise tables.

    Returns:
        ``measured`` (a dict of figures by shape), ``independence`` and ``plan``; ``skipped`` without a server.
    """
    server = os.environ.get("HOCBA_BENCH_POSTGRES_URL", "")
    if not server:
        found: dict[str, Any] = {"skipped": "HOCBA_BENCH_POSTGRES_URL names no PostgreSQL server"}
    else:
        students, schools, workers = (
            int(os.environ.get(f"HOCBA_BENCH_{name}", value))
            for name, value in (("STUDENTS", STUDENTS), ("SCHOOLS", SCHOOLS), ("WORKERS", WORKERS))
        )
        one = played(server, students, 1, 1)
        larger = played(server, LARGER * students, 1, 1)
        several = played(server, students, schools, workers)
        a_signature = price(one, larger)
        found = {
            "measured": {
                f"1 school of {students}": one,
                f"1 school of {LARGER * students}": larger,
                f"{schools} of {students}, {workers} workers": several,
            },
            "price": a_signature,
            "independence": independence(one, several, workers),
            "plan": plan(larger | a_signature),
        }
    print(json.dumps(found, ensure_ascii=False) if as_json else _tables(found))
    return found


def played(server: str, students: int, schools: int, workers: int) -> dict[str, float]:
    """Figures of one rehearsal; per signature unless they say otherwise. All measured.

    Raises:
        RuntimeError: a record did not end sealed and valid.
    """
    with tempfile.TemporaryDirectory(prefix="hocba-bench-province-") as folder, _database(server) as url:
        wal = _asked(url, "select wal_bytes, wal_sync from pg_stat_wal")
        options = {"--students": students, "--schools": schools, "--workers": workers, "--database": _driver(url)}
        command = [sys.executable, "-m", "hocba_app.cli", "rehearse", "--level", "lower_secondary", "--out", folder]
        command += [str(part) for option in options.items() for part in option]
        done = subprocess.run([*command, "--json"], cwd=ROOT, stdout=subprocess.PIPE, check=False)
        report = json.loads(done.stdout or "{}")
        if done.returncode or report.get("failures"):
            raise RuntimeError(f"the rehearsal ended with {done.returncode}: {report.get('failures', [])[:3]}")
        logs = Path(folder) / "logs"
        cpu = json.loads((logs / "cpu.json").read_text(encoding="utf-8"))
        memory = json.loads((logs / "memory.json").read_text(encoding="utf-8"))
        after = _asked(url, "select wal_bytes, wal_sync from pg_stat_wal")
        (database,) = _asked(url, "select pg_database_size(current_database())")
        files = [path.stat().st_size for path in (Path(folder) / "documents").rglob("*") if path.is_file()]
    signatures, pupils = report["signatures"], report["students"]
    of_workers = [name for name in cpu if name.startswith("worker")]
    return {
        "signatures": signatures,
        "worker_ms": 1000 * sum(cpu[name] for name in of_workers) / signatures,
        "server_ms": 1000 * cpu.get("postgresql", 0.0) / signatures,
        "wal_kib": float(after[0] - wal[0]) / 1024 / signatures,
        "syncs": (after[1] - wal[1] + len(files)) / signatures,
        "worker_mib": max(memory[name] for name in of_workers),
        "files_a_pupil": len(files) / pupils,
        "file_mib_a_pupil": sum(files) / 2**20 / pupils,
        "database_mib_a_pupil": database / 2**20 / pupils,
    }


def price(one: dict[str, float], larger: dict[str, float]) -> dict[str, float]:
    """What one more signature costs (``worker_ms``, ``server_ms``), and what a school's year costs before its first one, a worker's
    start in it (``once_worker_s``, ``once_server_s``). Worked out from two sizes."""
    found = {}
    for who in ("worker", "server"):
        seconds, more = (shape["signatures"] * shape[f"{who}_ms"] / 1000 for shape in (one, larger))
        found[f"{who}_ms"] = 1000 * (more - seconds) / (larger["signatures"] - one["signatures"])
        found[f"once_{who}_s"] = seconds - one["signatures"] * found[f"{who}_ms"] / 1000
    return found


def independence(one: dict[str, float], several: dict[str, float], workers: int) -> dict[str, float]:
    """How far schools keep out of each other's way. ``speedup`` is worked out: each worker given a core of its own, the
    workers together make so many times the signatures of one worker with one school."""
    return {
        "cpu_ratio": (several["worker_ms"] + several["server_ms"]) / (one["worker_ms"] + one["server_ms"]),
        "speedup": workers * one["worker_ms"] / several["worker_ms"],
    }


def plan(figures: dict[str, float]) -> dict[str, float]:
    """What one of each carries, what the province needs at its busiest hour, and what lies on its disks after a year. Worked out, not
    measured."""
    rate = {name: 1000 / figures[f"{name}_ms"] for name in ("worker", "server")}
    return {
        "signatures_a_second_a_worker_core": rate["worker"],
        "signatures_a_second_a_postgresql_core": rate["server"],
        "signatures_a_second_a_gib_of_workers": rate["worker"] * 1024 / figures["worker_mib"],
        "signatures_a_second_an_iops": 1 / figures["syncs"],
        "mean_a_second": SIGNATURES / DAYS / 86400,
        "worker_cores": HEADROOM * PEAK / rate["worker"],
        "postgresql_cores": HEADROOM * PEAK / rate["server"],
        "iops": PEAK * figures["syncs"],
        "wal_mib_a_second": PEAK * figures["wal_kib"] / 1024,
        "worker_gib": HEADROOM * PEAK / rate["worker"] * figures["worker_mib"] / 1024,
        "files_a_year": PUPILS * figures["files_a_pupil"],
        "documents_gib_a_year": PUPILS * figures["file_mib_a_pupil"] / 1024,
        "database_gib_a_year": PUPILS * figures["database_mib_a_pupil"] / 1024,
    }


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"province_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        try:
            yield f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f'drop database "{name}" with (force)')


def _asked(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def _tables(found: dict[str, Any]) -> str:
    if "skipped" in found:
        return str(found["skipped"])
    shapes = found["measured"]
    lines = [f"{'measured':<28}" + "".join(f"{name:>24}" for name in shapes)]
    for name in next(iter(shapes.values())):
        lines.append(f"{name:<28}" + "".join(f"{figures[name]:>24.2f}" for figures in shapes.values()))
    for part in ("price", "independence", "plan"):
        lines += ["", f"{part} (worked out)", *(f"{name:<40}{value:>12.2f}" for name, value in found[part].items())]
    return "\n".join(lines)
