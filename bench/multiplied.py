"""A database made larger by copies of its own rows: more years of a school behind it, more schools beside it.

Rows are copied by the database itself, a statement a table, so that fifty years of a school take seconds. A year's copy has pupils,
classes, records and events of its own, older than what they are copied from; a school's copy has its rows under another key. Files
are shared: copies name the same contents. The log's chain does not hold in copies, which costs as much to find out as that it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection
from sqlmodel import SQLModel

from hocba_app.models import Database
from hocba_app.models.base import UtcDateTime

NAMES_OF_A_YEAR = {
    "student", "school_class", "enrolment", "student_result", "history_entry", "teaching_assignment", "signing_assignment",
    "document", "document_version", "public_code", "slot", "revision", "batch", "batch_item", "lease", "evidence", "late_answer",
    "job", "sync_row", "attached_record", "hand_out", "record_objection", "unlock_request", "reminder", "audit_event", "year_closing",
}  # fmt: skip
"""Tables that every year adds to."""
_TABLES = [table for table in SQLModel.metadata.sorted_tables if table.name in NAMES_OF_A_YEAR]
_IDS = {
    "id", "student_id", "class_id", "document_id", "version_id", "slot_id", "batch_id", "job_id", "check_job_id", "import_job_id",
    "evidence_id",
}  # fmt: skip
"""Columns that name a row of these tables."""
_SUBJECTS = ("document", "slot", "student", "class", "batch", "job")
_NOT_COPIED = {"login_session", "hand_out_link", "login_name", "public_code"}
"""Of another school: what is unique in the whole installation; nothing that is measured reads it."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 26
_MARK = "substr(s.id, 25, 2)"
"""How ids of a school's copy begin."""
MAX_YEARS = len(_ALPHABET) ** 2 - 1


def add_years(db: Database, school_id: str, years: int) -> None:
    """Put older years behind what a school has now, each a copy of that.

    Args:
        years: at most :data:`MAX_YEARS`.
    """
    with _unchecked(db) as connection:
        last = _number(connection, f"select max(seq) from audit_event where school_id = '{school_id}'")
        for table in _TABLES:  # what is there now: copies are not copied
            over = "and ended_at is not null" if table.name == "job" else ""
            connection.exec_driver_sql(
                f"create temporary table now_{table.name} as select * from {table.name} where school_id = '{school_id}' {over}"
            )
        for year in range(1, years + 1):
            for table in _TABLES:
                columns = [f'"{column.name}"' for column in table.columns]
                values = [
                    _value(
                        table.name, column.name, isinstance(column.type, UtcDateTime), year, year * last, db.is_sqlite
                    )
                    for column in table.columns
                ]
                only = "where job_id in (select id from now_job)" if table.name == "sync_row" else ""
                _run(
                    connection,
                    f"insert into {table.name} ({', '.join(columns)}) select {', '.join(values)} from now_{table.name} {only}",
                )
        _run(
            connection,
            f"update audit_head set seq = seq * {years + 1}, hash = (select hash from audit_event as e where e.school_id = '{school_id}'"
            f" and e.seq = {last * (years + 1)}) where school_id = '{school_id}'",
        )


def add_schools(db: Database, school_id: str, schools: int) -> None:
    """Put schools beside one, each a copy of it as it is now."""
    tables = SQLModel.metadata.tables
    with _unchecked(db) as connection:
        columns = [column.name for column in tables["school"].columns]
        for number in range(1, schools + 1):
            own = {"id": f"'00copy{'0' * 18}{_letters(number)}'", "code": f"'c{number:07d}'"}
            values = ", ".join(own.get(name, name) for name in columns)
            _run(
                connection,
                f"insert into school ({', '.join(columns)}) select {values} from school where id = '{school_id}'",
            )
        for table in SQLModel.metadata.sorted_tables:
            if "school_id" not in table.columns or table.name in _NOT_COPIED:
                continue
            names = [f'"{column.name}"' for column in table.columns]
            values = ", ".join(_of_school(table.name, column) for column in table.columns)
            _run(
                connection,
                f"insert into {table.name} ({', '.join(names)}) select {values} from {table.name} as t cross join school as s"
                f" where t.school_id = '{school_id}' and s.id like '00copy%'",
            )


def reopen(db: Database, school_id: str, class_id: str, kind: str = "results") -> None:
    """Take the records of a class away as if they had never been locked, so that there is work in the present year."""
    of_class = (
        f"select id from document where school_id = '{school_id}' and class_id = '{class_id}' and kind = '{kind}'"
    )
    versions = f"select id from document_version where school_id = '{school_id}' and document_id in ({of_class})"
    with _unchecked(db) as connection:
        for name in ("batch_item", "lease", "slot", "revision", "public_code"):
            _run(connection, f"delete from {name} where school_id = '{school_id}' and version_id in ({versions})")
        _run(
            connection, f"delete from document_version where school_id = '{school_id}' and document_id in ({of_class})"
        )
        _run(connection, f"delete from document where school_id = '{school_id}' and id in ({of_class})")


@contextmanager
def _unchecked(db: Database) -> Iterator[Connection]:
    """One transaction in which foreign keys are not checked; PostgreSQL counts its rows after it."""
    with db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        if db.is_sqlite:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-200000"):
                raw.cursor().execute(f"PRAGMA {pragma}")
        else:
            _run(connection, "set session_replication_role = replica")
            _run(connection, "set statement_timeout = 0")
            _run(connection, "select set_config('hocba.school_id', '*', false)")
        yield connection
        connection.commit()
        connection.invalidate()  # what was set is for this connection alone
    if not db.is_sqlite:
        count_rows(db)
    db.dispose()


def count_rows(db: Database, *, every_row: bool = False) -> None:
    """Have PostgreSQL take its statistics, by a sample of its own choice or (of tables below three million rows) by every row: the
    same rows then always give the same plans."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _run(connection, f"set default_statistics_target = {10_000 if every_row else 100}")
        _run(connection, "vacuum full analyze" if every_row else "vacuum analyze")


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name != "sqlite" else statement)


def _letters(number: int) -> str:
    """A number as two letters of an id."""
    return "".join(_ALPHABET[each] for each in divmod(number, len(_ALPHABET)))


def _number(connection: Connection, statement: str) -> int:
    return int(connection.exec_driver_sql(statement).scalar() or 0)


def _of_school(table: str, column: Column[object]) -> str:
    """The value of a column of a school's copy, in SQL: every id is another."""
    name = f't."{column.name}"'
    if column.name == "school_id":
        return "s.id"
    if column.name == "subject" and table == "audit_event":
        cases = " ".join(
            f"when {name} like '{each}:%' then '{each}:' || {_MARK} || substr({name}, {len(each) + 4})"
            for each in _SUBJECTS
        )
        return f"case {cases} else {name} end"
    if getattr(column.type, "length", None) == ID_LENGTH:
        return f"case when length({name}) = {ID_LENGTH} then {_MARK} || substr({name}, 3) else {name} end"
    return name


def _value(table: str, name: str, instant: bool, year: int, seq: int, sqlite: bool) -> str:
    """The value of a column of a year's copy, in SQL."""
    mark = f"00{_letters(year)}"
    begins = f"(cast(substr(school_year, 1, 4) as integer) - {year})"
    if name in _IDS:
        return f"'{mark}' || substr({name}, 5)"
    if name == "seq":
        return f"seq + {seq}"
    if name == "source_id" or (table, name) == ("student", "code"):
        return f"'{mark}-' || {name}"
    if name == "code" and table in ("document_version", "public_code"):
        return f"'{mark[2:]}' || code"
    if name == "school_year":
        return f"case when school_year = '' then '' else {begins} || '-' || ({begins} + 1) end"
    if (table, name) == ("audit_event", "subject"):
        cases = " ".join(
            f"when subject like '{each}:%' then '{each}:{mark}' || substr(subject, {len(each) + 6})"
            for each in _SUBJECTS
        )
        return f"case {cases} else subject end"
    if name == "archive_look_at":
        return "coalesce(archive_look_at, archived_at)"  # looked at lately, as everything is
    if instant and name != "wake_at":
        return (
            f"strftime('%Y-%m-%d %H:%M:%f', \"{name}\", '-{year} years') || '000'"
            if sqlite
            else f"\"{name}\" - interval '{year} years'"
        )
    return f'"{name}"'
