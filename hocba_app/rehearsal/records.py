"""The finished records: files for the families, the trust they are judged by, and the judgement itself."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import select

from hocba_app.models import Database, Document, School, Slot, Student
from hocba_app.services import collector
from hocba_app.services.records.snapshot import LEAVING
from hocba_app.services.storage.files import current_file

CHUNK = 40
SAMPLE = 2
"""Pupils whose files pyHanko judges as well, unless it is asked to judge all."""


def export(db: Database, school_id: str, folder: Path, root: Path, *, each: Callable[[Path], None] = lambda _: None) -> list[Path]:
    """Write every record under ``folder/records/<MaHocSinh>/`` and what it is judged by under ``folder/trust/``.

    Args:
        each: told of every file once it is written.

    Returns:
        The files, relative to ``folder``.
    """
    trust = folder / "trust"
    trust.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root, trust / "root.pem")
    with db.read(school_id) as session:
        school = session.get_one(School, school_id)
        rows = session.exec(
            select(Document, Student.code)
            .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
            .where(Document.version_id.is_not(None))  # type: ignore[union-attr]
            .order_by(Student.code, Document.kind)
        ).all()
    issuers = [{"tax_code": school.tax_code, "name": school.name, "code": school.code}]
    (trust / "issuers.json").write_text(json.dumps(issuers, ensure_ascii=False, indent=1), encoding="utf-8")
    written = []
    with db.read(school_id) as session:
        for document, code in rows:
            name = f"{document.kind}-{document.school_year}" if document.school_year else document.kind
            path = Path("records") / code / f"{name}.pdf"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(current_file(session, document.version_id or ""))
            written.append(path)
            each(path)
    return written


def unsealed(db: Database, school_id: str, year: str) -> list[dict[str, str]]:
    """Documents of the year's pupils, also of those who left, that are missing or did not end sealed: student code, kind, state."""
    from hocba_app.models import Enrolment

    with db.read(school_id) as session:
        pupils = session.exec(
            select(Student.id, Student.code)
            .join(Enrolment, (Enrolment.student_id == Student.id) & (Enrolment.school_id == Student.school_id))
            .where(Enrolment.school_year == year, Enrolment.active.is_(True))  # type: ignore[attr-defined]
        ).all()
        states = {
            (student_id, kind): state
            for student_id, kind, state in session.exec(
                select(Document.student_id, Document.kind, Document.state).where(Document.school_year.in_(("", year)))  # type: ignore[attr-defined]
            ).all()
        }
    return [
        {"student": code, "document": kind, "reason": states.get((student_id, kind), "missing")}
        for student_id, code in sorted(set(pupils), key=lambda pair: pair[1])
        for kind in ("cover", "history", "results")
        if states.get((student_id, kind)) != "sealed"
    ]


def leavers(db: Database, school_id: str, year: str) -> list[str]:
    """Ids of pupils who left in the course of the year."""
    from hocba_app.models import Enrolment

    with db.read(school_id) as session:
        return list(
            session.exec(
                select(Enrolment.student_id)
                .where(Enrolment.school_year == year, Enrolment.active.is_(True), Enrolment.status.in_(LEAVING))  # type: ignore[attr-defined]
                .order_by(Enrolment.student_id)
            ).all()
        )


def signature_count(db: Database, school_id: str) -> int:
    """Signatures in current versions, seals among them."""
    with db.read(school_id) as session:
        return int(
            session.exec(
                select(func.count())
                .select_from(Slot)
                .join(Document, (Document.version_id == Slot.version_id) & (Document.school_id == Slot.school_id))
                .where(Slot.signed_at.is_not(None))  # type: ignore[union-attr]
            ).one()
        )


class Judges:
    """Verify exported files in two processes while others are still written: replay for all, pyHanko for a sample or for all.

    Args:
        folder: what the paths are relative to.
        full: pyHanko judges every file.
    """

    def __init__(self, folder: Path, *, full: bool) -> None:
        self._folder, self._full = folder, full
        self._paths: list[Path] = []
        self._given = 0
        self._running: list[Future[list[dict[str, str]]]] = []
        # Spawned: this process holds threads and database connections, which a fork would copy.
        self._pool = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def judge(self, path: Path) -> None:
        """One more file is there."""
        self._paths.append(path)
        if not self._full and len(self._paths) - self._given == CHUNK:
            self._give(self._paths[self._given :], analyse=False)
            self._given = len(self._paths)

    def found(self) -> tuple[list[dict[str, str]], int]:
        """What is wrong (``file``, ``reason``), and how many files pyHanko judged; called when every file is there."""
        if not self._full and self._given < len(self._paths):
            self._give(self._paths[self._given :], analyse=False)
        second = self._paths if self._full else _sample(self._paths)
        for part in _chunks(second, max(3, min(CHUNK, len(second) // 2))):
            self._give(part, analyse=True)  # few and large: each takes a sandbox of its own
        return [failure for each in self._running for failure in each.result()], len(second)

    def _give(self, paths: list[Path], *, analyse: bool) -> None:
        self._running.append(self._pool.submit(_judge_some, (self._folder, paths, analyse)))


def _judge_some(task: tuple[Path, list[Path], bool]) -> list[dict[str, str]]:
    """One process's share. Importable: it runs in a process of its own."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from hocba_app.services.verification.verdict import issuers_beside, verify

    collector.settle()
    folder, paths, analyse = task
    trust = folder / "trust" / "root.pem"
    roots = [item.public_bytes(Encoding.DER) for item in x509.load_pem_x509_certificates(trust.read_bytes())]
    files = [(str(path), (folder / path).read_bytes()) for path in paths]
    reports = verify(files, roots=roots, issuers=issuers_beside(trust), always_analyse=analyse)
    return [
        {"file": report.path, "reason": ", ".join(reason.code for reason in report.reasons) or report.verdict}
        for report in reports
        if (report.verdict, report.integrity, report.issued_here) != ("valid", "intact", True)
    ]


def _sample(paths: Sequence[Path]) -> list[Path]:
    """Every file of a few pupils, spread over the list."""
    pupils = list(dict.fromkeys(path.parent for path in paths))
    chosen = {pupils[index * (len(pupils) - 1) // max(SAMPLE - 1, 1)] for index in range(min(SAMPLE, len(pupils)))}
    return [path for path in paths if path.parent in chosen]


def _chunks(paths: Sequence[Path], size: int) -> list[list[Path]]:
    return [list(paths[first : first + size]) for first in range(0, len(paths), size)]


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """``report.json``."""
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
