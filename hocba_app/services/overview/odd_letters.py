"""Pupils whose data hold letters that no typeface has: the office learns it from its first page, not when a class is to be locked."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session

from hocba_app.forms.letters import Unprintable, is_plain, texts_of, unprintable
from hocba_app.models import Database, StudentResult
from hocba_app.models.repositories import find
from hocba_app.models.repositories.record_list import details_of_year
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.cache import school_cache
from hocba_app.services.sync.odd_letters import content_of


def odd_letters_of(db: Database, who: Identity, year: str) -> list[tuple[str, str]]:
    """Each pupil's name and what is wrong with his data of the year: place, letter, number of the letter.

    Kept until the school's data change: reading a thousand pupils takes a tenth of a second.
    """
    return list(
        school_cache.memoize_per_school(db, who.school_id, ("odd letters", year), lambda own: list(_found(own, year)))
    )


def _found(session: Session, year: str) -> Iterator[tuple[str, str]]:
    names: dict[str, str] = {}
    for student_id, name, details in details_of_year(session, year):
        names[student_id] = name
        if odd := _odd("students", {"full_name": name, "details": details}):
            yield name, odd
    for student_id, payload in find.columns_of(
        session, StudentResult.student_id, StudentResult.payload, school_year=year
    ):
        if student_id in names and (odd := _odd("results", {"payload": payload})):
            yield names[student_id], odd


def _odd(resource: str, values: dict[str, object]) -> str:
    content = content_of(resource, values) or {}
    if is_plain(texts_of(content)):
        return ""
    return "; ".join(map(_words, unprintable(content)))


def _words(found: Unprintable) -> str:
    return f"{found.place}: {found.words}"
