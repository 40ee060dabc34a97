"""Statistics of table sizes for SQLite's planner.

Without them SQLite assumes that any first column of an index leaves ten rows. Ours is the school, which leaves all of them: a query
for the items of one batch then reads every item of every year. Told that it leaves everything, SQLite reads every school's rows
where one school's are asked for. It is given a few typical schools after a few years, the same on every installation and on its
first day: plans do not change overnight, and what a test has seen holds.

PostgreSQL counts for itself.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

ROWS = {
    "student": 3_000,
    "enrolment": 6_000,
    "student_result": 6_000,
    "history_entry": 9_000,
    "teaching_assignment": 1_500,
    "document": 13_000,
    "document_version": 14_000,
    "public_code": 14_000,
    "slot": 80_000,
    "revision": 110_000,
    "lease": 90_000,
    "batch": 3_000,
    "batch_item": 90_000,
    "evidence": 6_000,
    "audit_event": 150_000,
    "job": 5_000,
    "sync_row": 12_000,
    "account": 150,
    "staff": 150,
    "school_class": 150,
    "subject": 40,
    "school": 5,
}
"""Rows of a table, of one school."""
SCHOOLS = 8
"""So many as large as that one share a table: reading all of it is never as good as the school's own rows."""
OTHERS = 300
"""Rows of a table that is not named."""
EACH = {
    "student_id": 4,
    "class_id": 45,
    "document_id": 2,
    "version_id": 10,
    "batch_id": 45,
    "slot_id": 2,
    "staff_id": 100,
    "job_id": 2_000,
    "subject": 8,
    "school_year": 1_000,
    "state": 20,
    "archived_at": 20,
    "next_stage": 100,
    "kind": 200,
    "slot.staff_id": 500,
    "school_class.school_year": 30,
    "document.state": 3_000,
    "batch.account_id": 300,
}
"""Rows of a school that share a value of this column (of one table, where it is named with it): of batches and jobs few live, of
documents few wait."""
FEW = 10
"""The same for a column that is not named."""
HELD = {
    "uq_lease_held": 100,
    "ix_document_changed": 50,
    "ix_document_failed": 20,
    "ix_document_unsealed": 600,
    "ix_attached_checking": 20,
    "ix_job_live": 20,
    "ix_job_due": 20,
    "ix_job_failed": 20,
}
"""Rows of an index that holds a part of its table."""


def tell_sizes(engine: Engine) -> None:
    """Write down the sizes for SQLite's planner, and let connections be made anew, for they read them once. Repeating it changes
    nothing."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        wanted = set(_indexes(connection))
        if wanted == _known(connection):
            return
        connection.exec_driver_sql("PRAGMA analysis_limit=100")
        connection.exec_driver_sql("ANALYZE")  # makes the table that no other statement may make
        connection.exec_driver_sql("DELETE FROM sqlite_stat1")
        connection.execute(
            text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:table, :index, :stat)"),
            [{"table": table, "index": index, "stat": stat} for table, index, stat in sorted(wanted)],
        )
        connection.commit()
    engine.dispose()


def _known(connection: Connection) -> set[tuple[str, str, str]]:
    if connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").first() is None:
        return set()
    return {tuple(row) for row in connection.exec_driver_sql("SELECT tbl, idx, stat FROM sqlite_stat1").all()}


def _indexes(connection: Connection) -> list[tuple[str, str, str]]:
    """Table, index and its statistics, for every index there is."""
    found = []
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).scalars()
    for table in list(tables):
        for _, index, unique, *_ in connection.exec_driver_sql(f'PRAGMA index_list("{table}")').all():
            columns = [row[2] for row in connection.exec_driver_sql(f'PRAGMA index_info("{index}")').all()]
            found.append((table, index, " ".join(map(str, _sizes(table, index, columns, unique=bool(unique))))))
    return found


def _sizes(table: str, index: str, columns: list[str], *, unique: bool) -> list[int]:
    """Rows of the index, then how many of them share its first column, its first two, and so on."""
    rows = HELD.get(index, ROWS.get(table, OTHERS))
    sizes = [rows * SCHOOLS]
    for column in columns:
        left = (
            rows if column == "school_id" else min(sizes[-1] // 2, EACH.get(f"{table}.{column}", EACH.get(column, FEW)))
        )
        sizes.append(max(1, min(sizes[-1], left)))
    if unique:
        sizes[-1] = 1
    return sizes
