"""SQLite's planner gets the sizes of tables and uses them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text
from sqlmodel import SQLModel

from hocba_app.models import Database
from hocba_app.models.migrate import upgrade
from hocba_app.models.sqlite_statistics import EACH, HELD, ROWS, SCHOOLS, tell_sizes

TOLD = text("SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx")


def test_every_name_is_a_table_a_column_or_an_index() -> None:
    tables = SQLModel.metadata.tables
    assert set(ROWS) <= set(tables)
    assert set(EACH) <= {
        name
        for table in tables.values()
        for column in table.columns
        for name in (column.name, f"{table.name}.{column.name}")
    }
    assert set(HELD) <= {index.name for table in tables.values() for index in table.indexes}


def test_an_upgrade_tells_every_index_and_a_second_one_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        told = {(table, index): stat for table, index, stat in connection.execute(TOLD).all()}
        indexes = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE type = 'index'").scalar_one()
        before = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        upgrade(url)
        assert connection.exec_driver_sql("PRAGMA data_version").scalar_one() == before
    engine.dispose()
    assert len(told) == indexes
    rows = ROWS["batch_item"]
    assert told["batch_item", "sqlite_autoindex_batch_item_2"] == f"{SCHOOLS * rows} {rows} 45 1", "school, batch, slot"
    assert told["lease", "uq_lease_held"] == "800 100 1"


def test_the_planner_goes_by_them(tmp_path: Path) -> None:
    """History by pupil: with a school taken for ten rows, SQLite read every entry of the school."""
    url = f"sqlite:///{tmp_path}/new.db"
    database = Database(url)
    SQLModel.metadata.create_all(database.engine)
    query = "EXPLAIN QUERY PLAN SELECT id FROM history_entry WHERE school_id = 'a' AND student_id IN ('b', 'c', 'd', 'e', 'f')"

    def plan() -> str:
        with database.engine.connect() as connection:
            return str(connection.exec_driver_sql(query).first()[3])  # type: ignore[index]

    untold = plan()
    tell_sizes(database.engine)
    assert "student_id=?" in plan()
    assert "student_id=?" not in untold
    database.dispose()
