"""Every pupil of a generated school, with its special cases: the pages show the snapshot, as a lock asks before it keeps them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from hocba_app.forms.render import render
from hocba_app.models import SchoolClass
from hocba_app.services.records.precheck import class_list
from hocba_app.services.records.snapshot import snapshot_from
from hocba_app.services.storage import blobs
from hocba_app.verification.snapshot_agreement import require_printed
from tests.integration.sync import conftest
from tests.integration.sync.conftest import Here

SCHOOLS = {
    "TT22": "lower_secondary:students=36,seed=7,moment=summer",
    "TT22 upper": "upper_secondary:students=36,seed=3,moment=summer",
    "TT26": "lower_secondary:students=36,seed=5,year=2020-2021,moment=summer",
    "TT27": "primary:students=36,seed=2,moment=summer",
}


@pytest.fixture(autouse=True)
def its_year(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "year=" in spec:
        monkeypatch.setattr(conftest, "YEAR", spec.split("year=")[1].split(",")[0])


@pytest.mark.parametrize("spec", SCHOOLS.values(), ids=SCHOOLS, indirect=True)
def test_pages_of_a_whole_school(here: Here) -> None:
    assert here.sync().state == "done"
    shown: dict[str, int] = {}
    with here.db.read(here.school_id) as session:
        for school_class in session.exec(select(SchoolClass)).all():
            for kind in ("cover", "history", "results"):
                listed = class_list(session, kind, school_class)
                for candidate in listed.candidates:
                    if kind == "results" and listed.sources.payload(candidate.student.id) is None:
                        continue
                    snapshot: Any = snapshot_from(
                        listed.sources, kind, candidate.student, candidate.slots, code="K7QM-2RTX-9BHD", url="http://school.test/v/K7QM-2RTX-9BHD"
                    )  # fmt: skip
                    digest = candidate.student.photo_sha256 if kind == "cover" else None
                    require_printed(render(snapshot, photo=blobs.get(digest) if digest else None).pdf, snapshot)
                    shown[kind] = shown.get(kind, 0) + 1
    assert all(shown[kind] >= 36 for kind in ("cover", "history", "results")), shown
