"""``hocba rehearse``: a school's whole year, headless, with simulators, workers and a database of its own."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, make_url
from sqlmodel import SQLModel, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School
from hocba_app.models.migrate import upgrade
from hocba_app.processes import Family, require_disk, say
from hocba_app.rehearsal.plan import Plan
from hocba_app.rehearsal.school import PlayedSchool, fresh_password
from hocba_app.rehearsal.server_cpu import server_seconds
from hocba_app.rehearsal.side_by_side import checked_together, play_side_by_side
from hocba_app.rehearsal.simulator_processes import start_simulators
from hocba_app.rehearsal.timings import Stages
from hocba_app.rehearsal.years import by_level
from hocba_app.services import gc_tuning
from hocba_app.settings import Settings, settings

MEGABYTES_A_PUPIL = 3
_OWN = (
    "simulators",
    "documents",
    "locks",
    "logs",
    "records",
    "schools",
    "trust",
    "hocba.db",
    "jobs.db",  # of an earlier version
    "report.json",
    ".rehearsal",
)


def rehearse(plan: Plan) -> dict[str, Any]:
    """Play the year.

    Returns:
        The report of ``report.json``; no failures only if every record ended sealed and verified.

    Raises:
        HocbaError: REHEARSAL_FOLDER, REHEARSAL_DATABASE, DISK_FULL, CHILD_FAILED, and whatever stops the year.
    """
    folder = plan.out.resolve()
    if plan.database:
        _require_empty(Database(plan.database))
    _make_room(folder, plan.students * plan.years * plan.schools)
    stages = Stages()
    with Family(folder / "logs") as family:
        with stages.part("simulators", 3):
            outside = start_simulators(family, folder / "simulators", plan.specs)
        own_settings(folder, outside.settings(), **({"HOCBA_DATABASE_URL": plan.database} if plan.database else {}))
        db = Database(settings().database_url)
        upgrade(db.url)
        gc_tuning.settle()
        password = fresh_password()
        check = checked_together(family.check)
        schools = [
            PlayedSchool(db, outside, entry, password, check, plan.office) for entry in by_level(outside.schools)
        ]
        server = server_seconds(db)
        try:
            for number in range(plan.workers):
                family.start(f"worker-{number}", "hocba_app.cli", "worker", keep=True)
            report = play_side_by_side(plan, schools, stages, check)
            _tell_cpu(family, folder, {"postgresql": server_seconds(db) - server} if server else {})
        finally:
            for school in schools:
                school.close()
            db.dispose()
    return report


def _tell_cpu(family: Family, folder: Path, more: dict[str, float]) -> None:
    """Where the processor time went: what a slow year is to be judged by on a busy machine. Said, and kept in ``logs/cpu.json``;
    the most memory each process held, in MiB, in ``logs/memory.json``."""
    held = {child.name: round(child.peak_mebibytes(), 1) for child in family.children}
    (folder / "logs" / "memory.json").write_text(json.dumps(held), encoding="utf-8")
    used = {child.name: child.cpu_seconds() for child in family.children} | more
    own = os.times()
    used["rehearse"], used["verify"] = own.user + own.system, own.children_user + own.children_system
    (folder / "logs" / "cpu.json").write_text(
        json.dumps({name: round(seconds, 2) for name, seconds in used.items()}), encoding="utf-8"
    )
    say(
        "CPU: "
        + " · ".join(f"{name} {seconds:.1f} s" for name, seconds in used.items())
        + f" · Σ {sum(used.values()):.1f} s"
    )


def _require_empty(db: Database) -> None:
    """Never a database that holds somebody's data, ours or another program's. Looked at before anything in it is changed.

    Raises:
        HocbaError: REHEARSAL_DATABASE.
    """
    try:
        there = set(inspect(db.engine).get_table_names())
        held = there - {*SQLModel.metadata.tables, "alembic_version"}
        if not held and School.__tablename__ in there:
            with db.installation() as session:
                held = set(session.exec(select(School.id).limit(1)).all())
        if held:
            raise HocbaError(ErrorCode.REHEARSAL_DATABASE, database=make_url(db.url).render_as_string())
    finally:
        db.dispose()


def own_settings(folder: Path, outside: dict[str, str], **more: str) -> None:
    """Point this process and its children at data under ``folder``, whatever the environment or ``.env`` say."""
    given = {
        "HOCBA_DATABASE_URL": f"sqlite:///{folder}/hocba.db",
        "HOCBA_DOCUMENTS_URL": str(folder / "documents"),
        "HOCBA_LOCKS_DIR": str(folder / "locks"),
        "HOCBA_SECRET_KEY": fresh_password(),
        **outside,
        **more,
    }
    for name, field in Settings.model_fields.items():
        os.environ[f"HOCBA_{name.upper()}"] = given.get(f"HOCBA_{name.upper()}", str(field.default))
    settings.cache_clear()


def _make_room(folder: Path, students: int) -> None:
    """An empty place, or one that holds an earlier rehearsal and nothing else of ours."""
    mark = folder / ".rehearsal"
    there = [folder / name for name in _OWN if (folder / name).exists()]
    if there and not mark.exists():
        raise HocbaError(ErrorCode.REHEARSAL_FOLDER, folder=folder)
    for path in there:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for leftover in folder.glob("*.db-*"):
        leftover.unlink()
    require_disk(folder, 500 + MEGABYTES_A_PUPIL * students)
    mark.touch()


def printed(report: dict[str, Any], *, as_json: bool) -> str:
    """The report for standard output."""
    if as_json:
        return json.dumps(report, ensure_ascii=False)
    lines = [f"{'phần':<22}{'số':>8}{'giây':>10}{'mỗi giây':>12}"]
    lines += [
        f"{name:<22}{part['count']:>8}{part['seconds']:>10.2f}{part['rate']:>12.1f}"
        for name, part in report["stages"].items()
    ]
    lines.append(
        f"{report['students']} học sinh, {report['documents']} tệp, {report['signatures']} chữ ký, {report['seconds']} giây, "
        f"{len(report['failures'])} lỗi"
    )
    for school in report.get("schools", []):
        lines.append(
            f"{school['code']}: {school['students']} học sinh, {school['signatures']} chữ ký, {school['seconds']} giây"
        )
    for year in report.get("years", []):
        lines.append(
            f"{year['school_year']}: {year['students']} học sinh, {year.get('carried', 0)} lên lớp từ năm trước, "
            f"{year.get('graduated', 0)} ra trường, {year.get('admitted', 0)} mới vào; "
            f"cả trường đến nay {year['documents']} tệp, {year['signatures']} chữ ký"
        )
    for row in report.get("special", []):
        mark = ("✓" if row["ok"] else "✗") if row["count"] else "–"
        lines.append(
            f"{mark} {row['case']:<42}{row['count']:>4}  {row['seen'] if row['count'] else 'trường này quá nhỏ để có trường hợp này'}"
        )
    lines += [str(failure) for failure in report["failures"][:20]]
    return "\n".join(lines)
