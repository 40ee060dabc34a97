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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
databases are made (SQLite without). With ``HOCBA_BENCH_FOLDER`` the base and what was measured are kept there: stopped, the bench goes on
behind the last part that was done."""
TIMES = 3
AIM = 0.15
OF_ALL_SCHOOLS = ("age of the queue", "look for missing jobs", "look for due jobs")
"""Asked once for all schools: of these the exponent of a school's share is judged, which is less by one."""


BOUNDED = {
    "batches of a teacher": "a list of 20 that one year does not fill",
    "years of the school": "a line a year",
    "night: renewal": "one year's stamps are all young, and none is looked at",
}
"""What may be above the aim, and why it goes no further or is what was asked for."""


def run(as_json: bool) -> dict[str, Any]:
    """Multiply and measure.

    Returns:
        ``{"years": {figure: {"one_ms", "many_ms", "exponent"}}, "schools": …, "factors": …}``.
    """
    students, years, schools = (
        int(os.environ.get(f"HOCBA_BENCH_{name}", default))
        for name, default in (("STUDENTS", STUDENTS), ("YEARS", YEARS), ("SCHOOLS", SCHOOLS))
    )
    report: dict[str, Any] = {"students": students, "factors": {"years": years, "schools": schools}}
    with _folder() as folder:
        if not (folder / "documents").exists():
            _rehearse(folder, students)
        own_settings(folder, {"HOCBA_TRUST_ROOTS": str(next((folder / "base").rglob("root.pem")))})
        settings.cache_clear()
        one = _measured(folder, "one", 1, lambda *_: None)
        for what, grow in (("years", multiplied.add_years), ("schools", multiplied.add_schools)):
            count = report["factors"][what]
            many = _measured(folder, what, count, grow)
            report[what] = {figure: _compared(figure, what, count, ms, many[figure]) for figure, ms in one.items()}
            if not as_json:
                _show(report, what)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    return report


@contextmanager
def _folder() -> Iterator[Path]:
    if kept := os.environ.get("HOCBA_BENCH_FOLDER", ""):
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="hocba-bench-growth-") as name:
        yield Path(name)


def _compared(figure: str, what: str, count: int, one: float, many: float) -> dict[str, float]:
    exponent = math.log(max(many, 0.05) / max(one, 0.05)) / math.log(count)
    if what == "schools" and figure in OF_ALL_SCHOOLS:
        exponent -= 1
    return {"one_ms": round(one, 2), "many_ms": round(many, 2), "exponent": round(exponent, 2)}


def _show(report: dict[str, Any], what: str) -> None:
    print(f"\n× {report['factors'][what]} {what:<34}{'ms at 1':>10}{'ms at many':>12}{'exponent':>10}")
    for figure, row in sorted(report[what].items(), key=lambda item: -item[1]["exponent"]):
        mark = f" ! {BOUNDED.get(figure, '')}".rstrip() if row["exponent"] > AIM else ""
        print(f"{figure:<42}{row['one_ms']:>10}{row['many_ms']:>12}{row['exponent']:>10}{mark}", flush=True)


def _rehearse(folder: Path, students: int) -> None:
    """The base: a school's whole year, in ``folder/base/hocba.db`` or a database ``hocba_growth_base``."""
    command = [sys.executable, "-m", "hocba_app.cli", "rehearse", "--level", "lower_secondary"]
    command += ["--students", str(students), "--seed", "1", "--out", str(folder / "base"), "--json"]
    if server := os.environ.get("HOCBA_BENCH_DATABASE", ""):
        command += ["--database", _made(server, "base")]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    shutil.copytree(folder / "base" / "documents", folder / "copying")
    (folder / "copying").rename(folder / "documents")  # there, so the base is whole


def _made(server: str, name: str, template: str = "template0") -> str:
    """The URL of a fresh database on the server."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"drop database if exists hocba_growth_{name} with (force)")
        connection.exec_driver_sql(f"create database hocba_growth_{name} template {template}")
    return url.set(database=f"hocba_growth_{name}").render_as_string(hide_password=False)


def _measured(folder: Path, name: str, count: int, grow: Callable[[Database, str, int], None]) -> dict[str, float]:
    """Processor milliseconds of each figure, PostgreSQL's among them, on a copy of the base grown so many times. Measured before in
    this folder, it is not measured again."""
    kept = folder / f"{name}.json"
    if kept.exists() and (before := json.loads(kept.read_text(encoding="utf-8")))["count"] == count:
        return before["ms"]
    if server := os.environ.get("HOCBA_BENCH_DATABASE", ""):
        db = Database(_made(server, name, "hocba_growth_base"))
    else:
        shutil.copy(folder / "base" / "hocba.db", folder / f"{name}.db")
        db = Database(f"sqlite:///{folder}/{name}.db")
    upgrade(db.url)
    shutil.rmtree(folder / "documents" / "audit-anchors", ignore_errors=True)
    ensure_daily_jobs(db)
    place = _place(db)
    close_year(db, place.admin, place.school_year, "measured")
    acts.nights(place)["night: integrity"]()  # what there is has been looked at once
    multiplied_from = time.monotonic()
    grow(db, place.school_id, count - 1)
    reopen_year(
        db, replace(place.homeroom, roles=frozenset({"principal", "management"})), place.school_year, "measured"
    )
    print(f"{name} × {count}: made in {time.monotonic() - multiplied_from:.0f} s", file=sys.stderr)
    found: dict[str, float] = {}
    clock = _clock(db)
    for figure, act in {**acts.looks(place), **acts.nights(place)}.items():
        found[figure] = min(_once(db, act, clock) for _ in range(TIMES if not figure.startswith("night") else 1))
    multiplied.reopen(db, place.school_id, place.class_id)
    found["lock a class"] = _once(db, lambda: acts.lock(place), clock)
    db.dispose()
    kept.write_text(json.dumps({"count": count, "ms": found}), encoding="utf-8")
    return found


def _clock(db: Database) -> Callable[[], float]:
    """Seconds of processor time of this process and, on Linux, of the server's processes that work for it: by the clock on the wall
    a busy machine's neighbours would be measured."""
    if db.is_sqlite:
        return time.process_time
    looking = create_engine(db.url, isolation_level="AUTOCOMMIT").connect()
    query = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"

    def seconds() -> float:
        ran = 0
        for process in looking.exec_driver_sql(query).scalars():
            with suppress(OSError):  # it has just ended
                ran += int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0])
        return time.process_time() + ran / 1e9

    return seconds


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
