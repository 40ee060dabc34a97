"""The app in this process, two schools in its database, and an account of every kind in each."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel, select

from hocba_app.models import (
    Account,
    Database,
    Delegation,
    LoginName,
    LoginSession,
    School,
    SigningSettings,
    Staff,
    database,
)
from hocba_app.models.base import utc_now
from hocba_app.models.schema_check import alembic_config
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.process_scope import close_process_scope
from hocba_app.routes import hooks
from hocba_app.services.accounts import sessions
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.records.lock import start_lock
from tests.school import SmallSchool, small_school

ROLES = ("admin", "management", "principal", "deputy", "homeroom", "subject", "clerk", "seal_operator", "cover_signer")
"""One account of each kind in each school; nobody ("") besides."""


@dataclass
class WebSchool:
    """A school with a session token for each kind of person."""

    small: SmallSchool
    mark: str
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def school_id(self) -> str:
        return self.small.school_id


@pytest.fixture(scope="package")
def web_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The configured database of the process, for as long as this package's tests run."""
    folder: Path = tmp_path_factory.mktemp("web")
    patch = pytest.MonkeyPatch()
    for name, value in {
        "HOCBA_DATABASE_URL": f"sqlite:///{folder}/web.db",
        "HOCBA_DOCUMENTS_URL": str(folder / "documents"),
        "HOCBA_SECRET_KEY": "a key of the tests, 8Jq2Lr5Tz0",
        "HOCBA_PUBLIC_URL": "http://testserver",
        "HOCBA_LOCKS_DIR": str(folder / "locks"),
    }.items():
        patch.setenv(name, value)
    close_process_scope()
    db = database()
    SQLModel.metadata.create_all(db.engine)
    with db.engine.begin() as connection:
        MigrationContext.configure(connection).stamp(ScriptDirectory.from_config(alembic_config("")), "head")
    tell_sizes(db.engine)
    yield db
    close_process_scope()
    db.dispose()  # a test may have closed the scope before: then this is not the one in it
    patch.undo()


@pytest.fixture(scope="package")
def two_schools(web_database: Database) -> tuple[WebSchool, WebSchool]:
    """Ours and another one, each with locked records."""
    return _school(web_database, "79760001", "ours-A7Q"), _school(web_database, "79760002", "theirs-B3K")


def _school(db: Database, code: str, mark: str) -> WebSchool:
    with db.installation(write=True) as session:
        row = School(
            code=code,
            name=f"Trường THCS {mark}",
            commune="Phường Bến Nghé",
            province="TP. Hồ Chí Minh",
            department="Sở Giáo dục và Đào tạo",
            tax_code="0312345678",
            current_year="2025-2026",
        )
        session.add(row)
    small = small_school(db, row.id, None, mark=mark)
    school = WebSchool(small, mark)
    for kind in ("cover", "history", "results"):
        job = start_lock(db, small.people["admin"], kind=kind, class_id=small.class_id)
        assert advance(db, RunningJobs(), row.id, job, "w0", threading.Event()) == "ended"
    _people(db, school)
    return school


def _people(db: Database, school: WebSchool) -> None:
    parts = {"principal": "principal", "homeroom": "homeroom", "subject": "TOAN"}
    with db.write(school.school_id) as session:
        settings = session.exec(select(SigningSettings)).one()
        for number, role in enumerate(ROLES):
            staff_id = school.small.people[parts[role]].staff_id if role in parts else None
            if role not in parts and role not in ("admin", "management"):
                position = "vice_principal" if role == "deputy" else "clerk"
                staff = Staff(
                    source_id=f"x{number}",
                    code=f"X{number}",
                    full_name=f"{role} {school.mark}",
                    id_number=f"0790000000{number:02d}",
                    position=position,
                )
                session.add(staff)
                session.flush()
                staff_id = staff.id
            if role == "seal_operator":
                settings.seal_operator_id = staff_id
            if role == "cover_signer":
                settings.cover_signer_id = staff_id
            if role == "deputy":
                session.add(
                    Delegation(
                        deputy_id=staff_id or "",
                        kinds=["history", "results"],
                        from_date="2020-01-01",
                        to_date="2099-12-31",
                        decision_number="01/QĐ",
                    )
                )
            account = session.exec(select(Account).where(Account.staff_id == staff_id)).first() if staff_id else None
            account = account or Account(
                username=f"{role}@{school.mark.lower()}", staff_id=staff_id, full_name=f"{role} {school.mark}"
            )
            account.granted_roles = [role] if role in ("admin", "management") else []
            account.password_hash = "set"
            session.add(account)
            session.add(settings)
            session.flush()
            token = secrets.token_urlsafe(16)
            session.add(LoginName(name=account.username, school_id=school.school_id, account_id=account.id))
            session.add(
                LoginSession(
                    token_sha256=sessions.token_hash(token),
                    school_id=school.school_id,
                    account_id=account.id,
                    expires_at=utc_now() + timedelta(hours=1),
                )
            )
            school.tokens[role] = token


@pytest.fixture(autouse=True)
def no_failures_yet() -> None:
    """What machines failed in an earlier test of this process is not held against this one's."""
    hooks._failures._failures.clear()
