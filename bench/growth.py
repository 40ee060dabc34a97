"""How much slower a database of many years and many schools is: each figure at 1 and at many, and its exponent.

A rehearsed year is the base; its rows are multiplied by the database itself (`bench.multiplied`). An exponent of 0.15 says that fifty
times as much costs 1.8 times as much; 1 that it costs fifty times as much.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url
from sqlmodel import col, select

from bench import growth_figures as acts
from bench import multiplied
from hocba_app.models import Account, Database, Document, School, SchoolClass, TeachingAssignment, YearClosing
from hocba_app.models.migrate import upgrade
from hocba_app.rehearsal.command import own_settings
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.overview.school_years import close_year, reopen_year
from hocba_app.settings import settings

ROOT = Path(__file__).resolve().parents[1]
STUDENTS, YEARS, SCHOOLS = 60, 50, 200
"""Overridden by ``HOCBA_BENCH_STUDENTS``, ``_YEARS``, ``_SCHOOLS``; ``HOCBA_BENCH_DATABASE`` is a PostgreSQL server's URL on which
databases are made (SQLite without)."""
TIMES = 3
AIM = 0.15


def run(as_json: bool) -> dict[str, Any]:
    """Multiply and measure.

    Returns:
        ``{"years": {figure: {"one_ms", "many_ms", "exponent"}}, "schools": …, "factors": …}``.
    """
    students, years, schools = (
        int(os.environ.get(f"HOCBA_BENCH_{name}", default))
        for name, default in (("STUDENTS", STUDENTS), ("YEARS", YEARS), ("SCHOOLS", SCHOOLS))
    )
    with tempfile.TemporaryDirectory(prefix="hocba-bench-growth-") as name:
        folder = Path(name)
        _rehearse(folder, students)
        own_settings(folder, {"HOCBA_TRUST_ROOTS": str(next((folder / "base").rglob("root.pem")))})
        settings.cache_clear()
        one = _measured(folder, "one", lambda _db, _school: None)
        report: dict[str, Any] = {"students": students, "factors": {"years": years, "schools": schools}}
        for what, grow, count in (
            ("years", multiplied.add_years, years),
            ("schools", multiplied.add_schools, schools),
        ):
            many = _measured(folder, what, lambda db, school, grow=grow, count=count: grow(db, school, count - 1))
            report[what] = {
                figure: {
                    "one_ms": round(ms, 2),
                    "many_ms": round(many[figure], 2),
                    "exponent": round(math.log(max(many[figure], 0.05) / max(ms, 0.05)) / math.log(count), 2),
                }
                for figure, ms in one.items()
            }
    if not as_json:
        for what in ("years", "schools"):
            print(f"\n× {report['factors'][what]} {what:<34}{'ms at 1':>10}{'ms at many':>12}{'exponent':>10}")
            for figure, row in sorted(report[what].items(), key=lambda item: -item[1]["exponent"]):
                mark = " !" if row["exponent"] > AIM else ""
                print(f"{figure:<42}{row['one_ms']:>10}{row['many_ms']:>12}{row['exponent']:>10}{mark}")
    else:
        print(json.dumps(report, ensure_ascii=False))
    return report


def _rehearse(folder: Path, students: int) -> None:
    """The base: a school's whole year, in ``folder/base.db`` or a database ``hocba_growth_base``."""
    command = [
        sys.executable,
        "-m",
        "hocba_app.cli",
        "rehearse",
        "--level",
        "lower_secondary",
        "--students",
        str(students),
    ]
    command += ["--seed", "1", "--out", str(folder / "base"), "--json"]
    if server := os.environ.get("HOCBA_BENCH_DATABASE", ""):
        command += ["--database", _made(server, "base")]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    shutil.copytree(folder / "base" / "documents", folder / "documents")


def _made(server: str, name: str, template: str = "template0") -> str:
    """The URL of a fresh database on the server."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"drop database if exists hocba_growth_{name} with (force)")
        connection.exec_driver_sql(f"create database hocba_growth_{name} template {template}")
    return url.set(database=f"hocba_growth_{name}").render_as_string(hide_password=False)


def _measured(folder: Path, name: str, grow: Callable[[Database, str], None]) -> dict[str, float]:
    """Milliseconds of each figure on a copy of the base: of this process's processor, and with PostgreSQL by the clock."""
    if server := os.environ.get("HOCBA_BENCH_DATABASE", ""):
        db = Database(_made(server, name, "hocba_growth_base"))
        clock = time.perf_counter
    else:
        shutil.copy(folder / "base" / "hocba.db", folder / f"{name}.db")
        db = Database(f"sqlite:///{folder}/{name}.db")
        clock = time.process_time
    upgrade(db.url)
    shutil.rmtree(folder / "documents" / "audit-anchors", ignore_errors=True)
    ensure_daily_jobs(db)
    place = _place(db)
    close_year(db, place.admin, place.school_year, "measured")
    acts.nights(place)["night: integrity"]()  # what there is has been looked at once
    multiplied_from = time.monotonic()
    grow(db, place.school_id)
    reopen_year(
        db, replace(place.homeroom, roles=frozenset({"principal", "management"})), place.school_year, "measured"
    )
    print(f"{name}: {time.monotonic() - multiplied_from:.0f} s", file=sys.stderr)
    found: dict[str, float] = {}
    for figure, act in {**acts.looks(place), **acts.nights(place)}.items():
        found[figure] = min(_once(db, act, clock) for _ in range(TIMES if not figure.startswith("night") else 1))
    multiplied.reopen(db, place.school_id, place.class_id)
    found["lock a class"] = _once(db, lambda: acts.lock(place), clock)
    db.dispose()
    return found


def _once(db: Database, act: acts.Figure, clock: Callable[[], float]) -> float:
    acts.forget(db)
    begun = clock()
    act()
    return 1000 * (clock() - begun)


def _place(db: Database) -> acts.Place:
    """The rehearsed school, its office and the teachers of one of its classes."""
    with db.installation() as session:
        school = session.exec(select(School)).one()
    with db.read(school.id) as session:
        document = session.exec(select(Document).where(Document.kind == "results").order_by(col(Document.id))).first()
        assert document is not None, "a rehearsed year has results"
        school_class = session.get_one(SchoolClass, (school.id, document.class_id))
        teacher = session.exec(
            select(TeachingAssignment.staff_id).where(TeachingAssignment.class_id == document.class_id)
        ).first()
        accounts = {row.staff_id or "": row for row in session.exec(select(Account)).all()}
        assert session.exec(select(YearClosing.id)).first() is None

    def identity(staff_id: str, *roles: str) -> Identity:
        account = accounts[staff_id]
        return Identity(account.id, school.id, account.staff_id, account.username, account.full_name, frozenset(roles))

    return acts.Place(
        db,
        school.id,
        school.current_year,
        document.class_id,
        identity("", "admin"),
        identity(school_class.homeroom_staff_id or "", "homeroom", "teacher"),
        identity(teacher or "", "subject", "teacher"),
    )
