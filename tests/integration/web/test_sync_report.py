"""The sync page: a run's report by its address, and the submissions of the year that is chosen."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import reflex as rx

from hocba_app.models import Database, Job, SyncRow
from hocba_app.services.sync import commands
from hocba_app.state import sync as sync_state
from hocba_app.state.sync import SyncState
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import run  # noqa: F401 - fixture
from tests.integration.web.test_record_pages import act  # noqa: F401 - fixture

ROWS = [
    ("subjects", "Toán", "new"),
    ("subjects", "Địa lí", "new"),
    ("enrolments", "Vũ Thị Ân – 6A1", "rejected"),
    ("enrolments", "Đỗ Văn An – 6A1", "new"),
]


@pytest.fixture(scope="module")
def runs(web_database: Database, two_schools: tuple[WebSchool, WebSchool]) -> tuple[str, str]:
    """A run that is over in each school."""
    made = []
    for school in two_schools:
        with web_database.write(school.school_id) as session:
            job = Job(kind="sync", state="done", created_by=school.small.people["admin"].account_id)
            session.add(job)
            session.flush()
            for number, (resource, label, outcome) in enumerate(ROWS):
                session.add(
                    SyncRow(
                        job_id=job.id,
                        resource=resource,
                        source_id=f"r{number}",
                        label=f"{label} {school.mark}",
                        outcome=outcome,
                    )
                )
        made.append(job.id)
    return made[0], made[1]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A sector database that has a submission of every year; the years it was asked for."""
    years: list[str] = []

    class Sector:
        def snapshots(self, year: str) -> list[dict[str, Any]]:
            years.append(year)
            return [
                {"number": int(year[:4]), "kind": "results", "term": "II", "accepted_at": "2026-05-20T08:00:00+00:00"}
            ]

    @contextlib.contextmanager
    def client(*_given: object, **_more: object) -> Iterator[Sector]:
        yield Sector()

    monkeypatch.setattr(commands, "sector_client", client)
    return years


@pytest.fixture
def sent_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses the page sent its browser to."""
    addresses: list[str] = []
    redirect = rx.redirect

    def note(address: str, **how: Any) -> Any:
        addresses.append(address)
        return redirect(address, **how)

    monkeypatch.setattr(sync_state.rx, "redirect", note)
    return addresses


def value(told: str, name: str) -> Any:
    """The value of a variable that the page was sent last."""
    return [
        state[f"{name}_rx_state_"]
        for delta in json.loads(told)
        for state in delta.values()
        if f"{name}_rx_state_" in state
    ][-1]


def labels(told: str) -> list[str]:
    return [row["label"].split(" – ")[0].removesuffix(" ours-A7Q") for row in value(told, "rows")]


async def test_the_address_names_report_order_and_page(
    runs: tuple[str, str],
    asked: list[str],
    act: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sync_state, "PAGE_ROWS", 2)
    ours, theirs = runs
    told = await act("admin", SyncState.load, f"/sync?run={ours}&sort=-label&page=2")
    assert labels(told) == ["Vũ Thị Ân", "Đỗ Văn An"] and (value(told, "sort"), value(told, "descending")) == (
        "label",
        True,
    )
    told = await act("admin", SyncState.load, f"/sync?run={ours}&outcome=rejected&of=enrolments")
    assert labels(told) == ["Vũ Thị Ân"]
    for made_up in (
        f"run={ours}&sort=reason&page=x&outcome=x&of=job",
        f"run={ours}&sort=-id;drop&page=-3",
        f"run={ours}&sort=--label",
    ):
        told = await act("admin", SyncState.load, f"/sync?{made_up}")
        assert labels(told) == ["Toán", "Địa lí"], made_up
    told = await act("admin", SyncState.load, f"/sync?run={ours}&page=9999")
    assert labels(told) == ["Vũ Thị Ân", "Đỗ Văn An"] and value(told, "page") == 2, "past the end is the last"
    told = await act("admin", SyncState.load, f"/sync?run={theirs}")
    assert "theirs-B3K" not in told and labels(told) == [] and "hông tìm thấy" in told


async def test_a_click_on_a_head_turns_the_order_and_asks_the_sector_database_nothing(
    runs: tuple[str, str],
    asked: list[str],
    sent_to: list[str],
    act: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sync_state, "PAGE_ROWS", 3)
    ours, at = runs[0], "/sync"
    await act("management", SyncState.load, at)
    asked.clear()
    for handler, payload, query, rows in (
        (SyncState.open_run, {"run_id": ours}, f"?run={ours}&page=1", ["Toán", "Địa lí", "Vũ Thị Ân"]),
        (SyncState.set_sort, {"sort": "label"}, f"?run={ours}&sort=label&page=1", ["Đỗ Văn An", "Vũ Thị Ân", "Địa lí"]),
        (SyncState.set_sort, {"sort": "label"}, f"?run={ours}&sort=-label&page=1", ["Toán", "Địa lí", "Vũ Thị Ân"]),
        (SyncState.next, {}, f"?run={ours}&sort=-label&page=2", ["Đỗ Văn An"]),
        (
            SyncState.choose_outcome,
            {"outcome": "new"},
            f"?run={ours}&outcome=new&sort=-label&page=1",
            ["Toán", "Địa lí", "Đỗ Văn An"],
        ),
    ):
        told = await act("management", handler, at, **payload)
        assert (sent_to[-1], labels(told)) == (f"/sync{query}", rows)
        at = sent_to[-1]
        await act("management", SyncState.load, at)
    sent = len(sent_to)
    await act("management", SyncState.set_sort, at, sort="id; drop table sync_row")
    assert (asked, len(sent_to)) == ([], sent), "turning pages is no visit"
    await act("management", SyncState.load, at)
    assert [year for year in asked if year <= "2025-2026"] == ["2025-2026"], (
        "opened again by hand it is one, beside the look for a newer year"
    )
    told = await act("management", SyncState.open_run, at, run_id=ours)
    assert sent_to[-1] == "/sync" and value(told, "opened") == ""


async def test_the_submissions_are_those_of_the_year_that_is_chosen(asked: list[str], act: Any) -> None:
    told = await act("principal", SyncState.load, "/sync")
    assert '"number": 2025' in told and value(told, "snapshots_of") == "2025-2026"
    asked.clear()
    told = await act("principal", SyncState.choose_year, "/sync", year="2022-2023")
    assert '"number": 2022' in told and '"number": 2025' not in told and value(told, "snapshots_of") == "2022-2023"
    await act("principal", SyncState.choose_year, "/sync", year="1999-2000")
    assert asked.count("2022-2023") == 2 and "1999-2000" not in asked, "a year nobody offered is not asked for"
    assert '"number": 2025' in await act("principal", SyncState.choose_year, "/sync", year="2025-2026")
