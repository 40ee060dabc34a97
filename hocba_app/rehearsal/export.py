"""Finished records as files for the families, and the trust they are judged by."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from hocba_app.models import Database, Document, DocumentVersion, Revision, Student
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.school_identity import issuers
from hocba_app.services.storage.files import current_file

OVERLAP = timedelta(seconds=30)
"""Between two looks for archived records: a row is a little older than its transaction."""


class Export:
    """Finished records as files for the families, ``records/<MaHocSinh>/``, and what they are judged by, ``trust/``.

    Args:
        folder: what the paths are relative to.
        root: the simulators' root certificate, PEM.
        judge: called with every file once it is written.
    """

    def __init__(self, db: Database, school_id: str, folder: Path, root: Path, judge: Callable[[Path], None]) -> None:
        self._db, self._school_id, self._folder, self._judge = db, school_id, folder, judge
        self._written: dict[Path, str] = {}
        self._since: datetime | None = None
        self._first_level: dict[str, str] = {}
        self.seconds = 0.0
        """Spent writing."""
        trust = folder / "trust"
        trust.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root, trust / "root.pem")
        (trust / "issuers.json").write_text(json.dumps(issuers(db), ensure_ascii=False, indent=1), encoding="utf-8")

    @property
    def paths(self) -> list[Path]:
        """Every file there is, relative to the folder."""
        return sorted(self._written)

    def write_archived(self) -> None:
        """Write the records archived since the last look."""
        since, self._since = self._since, utc_now() - OVERLAP
        query = (
            self._current()
            .join(Revision, (Revision.version_id == Document.version_id) & (Revision.school_id == Document.school_id))
            .where(Document.state == "sealed", Revision.kind == "archive")
        )
        self._write(query if since is None else query.where(Revision.created_at >= since))

    def write_all(self) -> None:
        """Write every record that is not there as it is now, whatever its state."""
        self._write(self._current())

    def _current(self) -> Any:
        return (
            select(  # type: ignore[call-overload] # SQLModel types four columns at most
                Document.kind,
                Document.school_year,
                Document.level,
                Student.code,
                DocumentVersion.id,
                DocumentVersion.sha256,
            )
            .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
            .join(
                DocumentVersion,
                (DocumentVersion.id == Document.version_id) & (DocumentVersion.school_id == Document.school_id),
            )
            .order_by(Student.code, Document.kind, Document.id)
        )

    def _write(self, query: Any) -> None:
        began = time.monotonic()
        with self._db.read(self._school_id) as session:
            rows = session.exec(query).all()
            for kind, year, level, code, version_id, sha256 in rows:
                path = Path("records") / code / (f"{kind}-{year}.pdf" if year else self._cover(code, level))
                if self._written.get(path) != sha256:
                    self._replace(self._folder / path, current_file(session, version_id))
                    self._written[path] = sha256
                    self._judge(path)
        self.seconds += time.monotonic() - began

    def _cover(self, code: str, level: str) -> str:
        """The cover of a pupil's first record here is ``cover.pdf``; that of a later level says which."""
        return "cover.pdf" if self._first_level.setdefault(code, level) == level else f"cover-{level}.pdf"

    def _replace(self, path: Path, data: bytes) -> None:
        """Whole or not at all: an earlier state of the record may just be read."""
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_bytes(data)
        new.replace(path)
