"""A data set read to its end: pages twice, versions, cancellations, shapes – without a network."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.errors import ErrorCode
from hocba_app.services.sync.client import CursorRefused, Page
from hocba_app.services.sync.fetch import Collected, collect
from tests.integration.sync.fake_sector import pupil
from tests.refusals import refused


def row(identity: str, version: int, data: Any = "pupil", event: str = "UPDATE") -> dict[str, Any]:
    return {"id": identity, "version": version, "event": event, "data": pupil(1) if data == "pupil" else data}


class Pages:
    """A client that hands out pages by cursor."""

    def __init__(self, pages: dict[str | None, Page], *, refuse: bool = False) -> None:
        self.pages, self.refuse, self.since = pages, refuse, list[str]()

    def page(self, _resource: str, _year: str, *, since: str = "", at: str | None = None) -> Page:
        self.since.append(since)
        if self.refuse and since:
            raise CursorRefused
        return self.pages[at]


def read(pages: dict[str | None, Page], *, since: str = "", pending: Any = (), refuse: bool = False) -> Collected:
    return collect(Pages(pages, refuse=refuse), "students", "2025-2026", since=since, pending=pending)  # type: ignore[arg-type]


def versions(found: Collected) -> dict[str, int]:
    with found:
        return {record.id: record.version for chunk in found.chunks() for record in chunk}


def test_a_page_sent_twice_counts_once() -> None:
    first, second = Page([row("A", 1), row("B", 1)], "p2", None, 3), Page([row("A", 1), row("B", 1)], "p3", None, 3)
    found = read({None: first, "p2": second, "p3": Page([row("C", 1)], None, "s3", 3)})
    assert (found.cursor, found.snapshot, found.count) == ("s3", 3, 3)
    assert versions(found) == {"A": 1, "B": 1, "C": 1}


def test_the_newest_version_wins_whatever_the_order() -> None:
    assert versions(read({None: Page([row("A", 2), row("A", 1), row("B", 1), row("B", 2)], None, "s", 1)})) == {
        "A": 2,
        "B": 2,
    }


def test_what_waited_is_replaced_by_its_correction_or_its_end() -> None:
    pending = [row("A", 1, pupil(1, sex="?")), row("B", 1), row("C", 1)]
    found = read({None: Page([row("A", 2), row("B", 2, None, "CANCEL")], None, "s", 1)}, pending=pending)
    assert (found.refused, found.gone) == ({}, {"B": 2}) and versions(found) == {"A": 2, "C": 1}


def test_a_forgotten_cursor_is_read_once_more_from_the_beginning() -> None:
    assert versions(read({None: Page([row("A", 1)], None, "s", 1)}, since="old", refuse=True)) == {"A": 1}


@pytest.mark.parametrize(
    "pages",
    [
        {None: Page([], "p", None, 1), "p": Page([], "p", None, 1)},
        {None: Page([], "p", None, 1), "p": Page([], None, "s", 2)},
    ],
    ids=["no end", "another snapshot"],
)
def test_a_list_that_cannot_be_trusted_is_refused(pages: dict[str | None, Page]) -> None:
    assert refused(read, pages) is ErrorCode.SECTOR_REFUSED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["id", "version", "event", "data"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=6))
def test_no_row_stops_the_others(rows: list[Any]) -> None:
    found = read({None: Page([*rows, row("GOOD", 1)], None, "s", 1)})
    assert versions(found)["GOOD"] == 1
