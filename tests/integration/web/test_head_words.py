"""A centre with an acting director: nothing its people read speaks of a "Hiệu trưởng", on any page, in any file, job or sentence."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from reflex.utils.format import json_dumps
from sqlmodel import select

from hocba_app.domain.errors import SENTENCES, HocbaError
from hocba_app.domain.head_words import USUAL, HeadWords, head_words, speaking, spoken
from hocba_app.domain.wording import position_name, stage_signer, step_name
from hocba_app.models import Database, Delegation
from hocba_app.services.accounts import school_identity, schools, sessions
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.results import Done
from hocba_app.services.jobs.runner import RunningJobs, advance
from tests.integration.web.conftest import WebSchool
from tests.integration.web.test_access import handlers, run  # noqa: F401 - a fixture
from tests.integration.web.test_record_pages import get

ACTING = head_words("director", "acting")


@pytest.fixture
def centre(web_database: Database, two_schools: tuple[WebSchool, WebSchool]) -> Iterator[WebSchool]:
    """The other school, as a centre whose deputy director acts for the director."""
    school = two_schools[1]

    def become(office: str, capacity: str) -> None:
        with web_database.write(school.school_id) as session:
            session.exec(select(Delegation)).one().capacity = capacity
        school_identity.set_head_office(web_database, schools.operator(school.school_id), office)
        sessions.forget()

    become("director", "acting")
    yield school
    become("principal", "deputy")


@pytest.mark.parametrize("role", ["principal", "admin", "homeroom"])
async def test_no_page_speaks_of_a_principal(role: str, centre: WebSchool, run: Any) -> None:
    told = ""
    for name in handlers():
        if name.endswith(".load"):
            told += json_dumps(await run(name, centre.tokens[role], f"head-{role}"))
    assert re.findall(".{60}(?:[Hh]iệu trưởng|Ban giám hiệu).{20}", told) == []
    assert "Ban giám đốc" in told and "Phó Giám đốc" in told
    assert "Chờ Quyền Giám đốc ký" in told
    assert ("CBQL, Giám đốc" in told) == (role != "homeroom")


def test_a_file_of_the_school_says_its_words(centre: WebSchool) -> None:
    told = get(centre, "principal", "/files/audit.csv").content.decode()
    assert "iệu trưởng" not in told and "Đổi chức danh người đứng đầu" in told
    assert "principal" in told, "what was stored stays"


def test_a_job_speaks_as_its_school(
    web_database: Database, two_schools: tuple[WebSchool, WebSchool], centre: WebSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[HeadWords] = []
    monkeypatch.setattr(
        "hocba_app.services.jobs.runner.function_of", lambda kind: lambda work: heard.append(spoken()) or Done()
    )
    for school in (centre, two_schools[0]):
        with web_database.write(school.school_id) as session:
            job = enqueue(session, "integrity", {}, actor="").id
        advance(web_database, RunningJobs(), school.school_id, job, "w0", threading.Event())
    assert heard == [ACTING, USUAL]


def test_every_sentence_has_the_words_of_who_reads_it() -> None:
    with speaking(ACTING):
        told = [HocbaError(code).sentence for code in SENTENCES]
        assert not [sentence for sentence in told if "iệu trưởng" in sentence or "giám hiệu" in sentence]
        assert (stage_signer("principal"), step_name("principal")) == ("Quyền Giám đốc", "Chờ Quyền Giám đốc ký")
        assert (position_name("principal"), position_name("vice_principal")) == ("Giám đốc", "Phó Giám đốc")
    assert stage_signer("principal") == "Hiệu trưởng" and spoken() == USUAL


@pytest.mark.parametrize(
    ("office", "capacity", "head"),
    [
        ("principal", "", "Hiệu trưởng"),
        ("principal", "acting", "Quyền Hiệu trưởng"),
        ("principal", "in_charge", "Phó Hiệu trưởng phụ trách"),
        ("director", "", "Giám đốc"),
        ("director", "in_charge", "Phó Giám đốc phụ trách"),
    ],
)
def test_the_words_of_each_capacity(office: str, capacity: str, head: str) -> None:
    assert head_words(office, capacity).head == head
