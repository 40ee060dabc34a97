"""The audit chain: an edit, a deletion and a swap behind the product's back are each found."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from hocba_app.domain.audit_wording import Action
from hocba_app.models import Database
from hocba_app.services.audit.log import ChainBreak, record, verify_chain


def write_events(db: Database, school_id: str, count: int = 6) -> None:
    for number in range(count):
        with db.write(school_id) as session:
            record(session, actor="a", action=Action.RECORD_LOCKED, subject=f"document:{number}", data={"n": number})


def breaks(db: Database, school_id: str) -> list[ChainBreak]:
    with db.read(school_id) as session:
        return verify_chain(session)


def sql(db: Database, *statements: str) -> None:
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_chain_holds(db: Database, school_id: str) -> None:
    write_events(db, school_id)
    assert breaks(db, school_id) == []


@pytest.mark.parametrize("column", ["action = 'x'", "subject = 'document:9'", "actor = 'b'"])
def test_an_edited_row_is_found(db: Database, school_id: str, column: str) -> None:
    write_events(db, school_id)
    sql(db, f"update audit_event set {column} where seq = 3")
    assert breaks(db, school_id) == [ChainBreak(3, "altered")]


def test_a_row_edited_and_rehashed_is_found(db: Database, school_id: str) -> None:
    write_events(db, school_id)
    sql(db, "update audit_event set action = 'x', hash = 'ff' where seq = 3")
    assert ChainBreak(4, "reordered") in breaks(db, school_id)


def test_a_deleted_row_is_found(db: Database, school_id: str) -> None:
    write_events(db, school_id)
    sql(db, "delete from audit_event where seq = 3")
    assert ChainBreak(3, "missing") in breaks(db, school_id)


def test_a_deleted_tail_is_found_by_the_head(db: Database, school_id: str) -> None:
    write_events(db, school_id)
    sql(db, "delete from audit_event where seq = 6")
    assert breaks(db, school_id) == [ChainBreak(5, "head")]


def test_two_swapped_rows_are_found(db: Database, school_id: str) -> None:
    write_events(db, school_id)
    sql(
        db,
        "update audit_event set seq = 100 where seq = 2",
        "update audit_event set seq = 2 where seq = 3",
        "update audit_event set seq = 3 where seq = 100",
    )
    assert {found.seq for found in breaks(db, school_id)} >= {2, 3}


def test_a_rolled_back_change_leaves_no_event(db: Database, school_id: str) -> None:
    with pytest.raises(RuntimeError), db.write(school_id) as session:
        record(session, actor="a", action=Action.RECORD_LOCKED, subject="y")
        raise RuntimeError
    write_events(db, school_id, 2)
    assert breaks(db, school_id) == []


def test_eight_writers_at_once_make_one_chain(db: Database, school_id: str) -> None:
    write_events(db, school_id, 1)
    threads = [threading.Thread(target=write_events, args=(db, school_id, 10)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert breaks(db, school_id) == []
    with db.read(school_id) as session:
        from sqlmodel import func, select

        from hocba_app.models import AuditEvent

        assert session.exec(select(func.count()).select_from(AuditEvent)).one() == 81
