"""Engine and sessions: one school a session, short write transactions, nothing of another school ever in reach.

Core decision 15: every write transaction on SQLite is BEGIN IMMEDIATE (a deferred BEGIN that upgrades fails at once
beside a busy writer). Core decision 17: a session is made for a school and never re-scoped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, String, bindparam, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, with_loader_criteria
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Session

from hocba_app.models.base import OfSchool, SchoolRow
from hocba_app.models.connections import connect_arguments, prepare
from hocba_app.models.long_writes import told_when_long
from hocba_app.models.school_criterion import some_school
from hocba_app.models.sqlite_write_lock import SqliteWriteLock
from hocba_app.process_scope import per_process_open

CROSS_SCHOOL = {"cross_school": True}
"""Execution option that lets an installation session read school tables; only repositories pass it."""

_BEGIN = {
    writes: "select set_config('hocba.school_id', %s, true)"
    + ("" if writes else ", set_config('transaction_read_only', 'on', true)")
    for writes in (False, True)
}
"""What a transaction on PostgreSQL begins with: the school its rows are shown for, and whether it may write."""


class TenancyError(RuntimeError):
    """A defect of ours: code reached for a row outside the school its session was made for."""


class Database:
    """Sessions on one database.

    Args:
        url: SQLAlchemy URL, ``sqlite:///path`` or ``postgresql+psycopg://…``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine: Engine = create_engine(
            url,
            pool_size=20,
            max_overflow=20,
            pool_use_lifo=not self.is_sqlite,  # few connections in use, each with its plans and catalogue at hand
            connect_args=connect_arguments(sqlite=self.is_sqlite),
        )
        prepare(self.engine)
        self._writer = self.engine.execution_options(hocba_write=True)
        self._turn = SqliteWriteLock(self.engine.url.database or "") if self.is_sqlite else None

    @contextmanager
    def read(self, school_id: str) -> Iterator[Session]:
        """A read-only look at one school. Nothing is committed."""
        with self._session(self.engine, school_id) as session:
            yield session
            if session.new or session.dirty or session.deleted:
                raise TenancyError("a read session was written to")
            self._end_reading(session)

    @contextmanager
    def write(self, school_id: str, *, durable: bool = False) -> Iterator[Session]:
        """One short write transaction on one school: commits at the end, rolls back on any error.

        Args:
            durable: wait for the disk (SQLite synchronous FULL) – for the answers of the signing service.
        """
        with self._turn_to_write(), self._session(self._writer, school_id) as session:
            if durable and self.is_sqlite:
                # A pragma inside a transaction has no effect: set it on the raw connection before BEGIN.
                with session_pragma(session, "FULL"):
                    yield session
                    session.commit()
                return
            yield session
            session.commit()

    @contextmanager
    def installation(self, *, write: bool = False) -> Iterator[Session]:
        """Rows of the whole installation (schools, login names, login sessions, public codes).

        School tables are refused here unless a statement carries :data:`CROSS_SCHOOL` (repositories only).
        """
        with (
            self._turn_to_write() if write else nullcontext(),
            self._session(self._writer if write else self.engine, None) as session,
        ):
            yield session
            if write:
                session.commit()
            else:
                self._end_reading(session)

    def _end_reading(self, session: Session) -> None:
        """psycopg forgets a connection's prepared statements with every ROLLBACK, and each is then planned anew. PostgreSQL itself
        has refused to write, so there is nothing that a commit could keep."""
        if not self.is_sqlite:
            session.commit()

    @contextmanager
    def _session(self, engine: Engine, school_id: str | None) -> Iterator[Session]:
        if school_id == "":
            raise TenancyError("a session needs a school")
        with Session(engine, expire_on_commit=False) as session:
            session.info["school_id"] = school_id
            if not self.is_sqlite:
                begin = _BEGIN[engine is self._writer], (school_id or "*",)
                try:
                    session.connection().exec_driver_sql(*begin)
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
                    session.rollback()  # the server was restarted since: nothing was asked yet, so ask on a new connection
                    session.connection().exec_driver_sql(*begin)
            yield session

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        with self._turn.taken() if self._turn is not None else nullcontext(), told_when_long():
            yield

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def session_pragma(session: Session, level: str) -> Iterator[None]:
    """Run the session's transaction with another ``synchronous`` level, set before it begins and put back after."""
    if session.in_transaction():
        raise TenancyError("durable writes start their own transaction")
    connection = session.connection(execution_options={"hocba_synchronous": level})
    raw = connection.connection.dbapi_connection
    try:
        yield
    finally:
        if session.in_transaction():
            session.rollback()
        if raw is not None:
            raw.execute("PRAGMA synchronous=NORMAL")


@event.listens_for(OrmSession, "do_orm_execute")
def _scope_to_school(state: ORMExecuteState) -> None:
    """Add the school to every ORM statement; refuse statements that cannot be scoped (core decision 17)."""
    if "school_id" not in state.session.info or state.execution_options.get("hocba_scope"):
        return
    school_id = state.session.info["school_id"]
    if school_id is None:
        if state.execution_options.get("cross_school"):
            return
        if any(issubclass(mapper.class_, SchoolRow) for mapper in state.all_mappers):
            raise TenancyError("a school table was read without a school")
        return
    if not state.is_orm_statement:
        raise TenancyError("Core and text statements are not scoped to a school: use the ORM")
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(_criterion(school_id))


@lru_cache(maxsize=256)
def _criterion(school_id: str) -> LoaderCriteriaOption:
    """Made once a school: making it takes a quarter of a short query's time."""
    own = some_school(bindparam("own_school_of_session", school_id, type_=String()))
    return with_loader_criteria(
        OfSchool, lambda cls: cls.school_id == own, include_aliases=True, track_closure_variables=True
    )


@event.listens_for(OrmSession, "before_flush")
def _own_new_rows(session: OrmSession, _context: Any, _instances: Any) -> None:
    """New rows take the session's school; a row of another school is refused."""
    if "school_id" not in session.info:
        return
    school_id = session.info["school_id"]
    for row in session.new:
        if isinstance(row, SchoolRow):
            row.school_id = row.school_id or (school_id or "")
            if row.school_id != school_id:
                raise TenancyError(f"a {type(row).__name__} of another school")
    for row in (*session.dirty, *session.deleted):
        if isinstance(row, SchoolRow) and row.school_id != school_id:
            raise TenancyError(f"a {type(row).__name__} of another school")


def is_busy(error: DBAPIError) -> bool:
    """Whether a writer gave up waiting for others: nothing is wrong, and the same work may be done again."""
    state = getattr(error.orig, "sqlstate", None)
    return (
        state in ("55P03", "57014", "40P01", "40001")
        or "database is locked" in str(error.orig)
        or "table is locked" in str(error.orig)
    )


@per_process_open(Database.dispose)
def database(url: str | None = None) -> Database:
    """The process's database (one engine per URL). Without a URL, the configured one."""
    if url is None:
        from hocba_app.settings import settings

        return database(settings().database_url)
    return Database(url)
