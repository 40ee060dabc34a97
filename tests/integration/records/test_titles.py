"""The head is not always a "Hiệu trưởng": acting, in charge, director; on the form, above the signature, in what the file says."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.school_calendar import today
from hocba_app.domain.signing_authority import Decision, Signer, post_refusal
from hocba_app.domain.signing_titles import head_title, same_capacity, title_by_decision
from hocba_app.models import Document, DocumentVersion, School, Slot, Staff
from hocba_app.recordfile.manifest import manifest_in
from hocba_app.services.signers.settings import add_delegation
from hocba_app.services.storage.files import current_file
from tests.integration.records.conftest import lock
from tests.refusals import refused
from tests.school import SmallSchool

NUMBER = "15/QĐ-UBND"


@pytest.mark.parametrize(
    ("office", "capacity", "caption", "role"),
    [
        (
            "principal",
            "deputy",
            ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"),
            f"Phó Hiệu trưởng, ký thay Hiệu trưởng (theo {NUMBER})",
        ),
        ("principal", "acting", ("Q. HIỆU TRƯỞNG",), f"Quyền Hiệu trưởng (theo {NUMBER})"),
        (
            "principal",
            "in_charge",
            ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"),
            f"Phó Hiệu trưởng phụ trách (theo {NUMBER})",
        ),
        ("director", "deputy", ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"), f"Phó Giám đốc, ký thay Giám đốc (theo {NUMBER})"),
        ("director", "acting", ("Q. GIÁM ĐỐC",), f"Quyền Giám đốc (theo {NUMBER})"),
    ],
)
def test_titles_by_a_decision(office: str, capacity: str, caption: tuple[str, ...], role: str) -> None:
    """Decree 30/2020/NĐ-CP, article 13 and annex I."""
    title = title_by_decision(office, capacity, NUMBER)
    assert (title.caption, title.role) == (caption, role)


def test_the_head_himself() -> None:
    assert (head_title("principal").caption, head_title("principal").role) == ((), "Hiệu trưởng")
    assert (head_title("director").caption, head_title("director").role) == (("GIÁM ĐỐC",), "Giám đốc")


def test_only_what_the_head_is_called_may_differ() -> None:
    """A record locked before the school became a centre keeps its word; who signs in it, and in which capacity, is the same."""
    head, director = head_title("principal").caption, head_title("director").caption
    deputy, acting = (title_by_decision("principal", each, NUMBER).caption for each in ("deputy", "acting"))
    assert same_capacity(head, director) and same_capacity(
        deputy, title_by_decision("director", "in_charge", "").caption
    )
    assert not same_capacity(head, deputy) and not same_capacity(deputy, acting) and not same_capacity(head, ("Q.",))


def test_who_stands_in_for_the_head_signs_covers_until_his_decision_ends() -> None:
    decision = Decision(("cover", "history", "results"), "2026-01-01", "2026-06-30", NUMBER)
    stand_in = Signer("s", "s", True, True, "vice_principal", False, False, (decision,))
    last = date(2026, 6, 30)
    assert [post_refusal(stand_in, "principal", kind, last) for kind in ("cover", "history", "results")] == [None] * 3
    assert post_refusal(stand_in, "principal", "cover", last + timedelta(days=1)) is ErrorCode.COVER_SIGNER_OVER
    assert post_refusal(stand_in, "principal", "results", last + timedelta(days=1)) is ErrorCode.DELEGATION_OVER


def _deputy(small: SmallSchool) -> str:
    with small.db.write(small.school_id) as session:
        row = Staff(
            source_id="s99", code="GV099", full_name="Trần Văn Phó", id_number="079200000099", position="vice_principal"
        )
        session.add(row)
        session.flush()
        return row.id


def _locked(small: SmallSchool, kind: str) -> tuple[Slot, DocumentVersion, str, str]:
    """The head's slot, the version, the role the file names, the text of its pages."""
    lock(small, kind)
    with small.db.read(small.school_id) as session:
        document = session.exec(select(Document).where(Document.kind == kind)).first()
        assert document is not None and document.version_id is not None
        version = session.get_one(DocumentVersion, (small.school_id, document.version_id))
        slot = session.exec(select(Slot).where(Slot.version_id == document.version_id, Slot.stage == "principal")).one()
        data = current_file(session, document.version_id)
    manifest = manifest_in(PdfFileReader(io.BytesIO(data)))
    assert manifest is not None
    role = next(each.role for each in manifest.slots if each.stage == "principal")
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())
    return slot, version, role, text


@pytest.mark.parametrize("kind", ["cover", "results", "history"])
def test_an_acting_head_signs_everything_by_his_decision(small: SmallSchool, kind: str) -> None:
    deputy = _deputy(small)
    add_delegation(
        small.db, small.people["principal"], deputy, [], today().isoformat(), today().isoformat(), NUMBER,
        capacity="acting",
    )  # fmt: skip
    slot, version, role, text = _locked(small, kind)
    assert (slot.staff_id, slot.caption) == (deputy, ["Q. HIỆU TRƯỞNG"])
    assert role == f"Quyền Hiệu trưởng (theo {NUMBER})"
    assert version.snapshot["head"] == {"office": "Hiệu trưởng", "ground": NUMBER}
    assert f"theo {NUMBER}" in text


def test_a_centre_has_a_director(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        session.get_one(School, small.school_id).head_office = "director"
    slot, version, role, text = _locked(small, "results")
    assert (slot.caption, role, version.snapshot["head"]["office"]) == (["GIÁM ĐỐC"], "Giám đốc", "Giám đốc")
    assert "PHÊ DUYỆT CỦA GIÁM ĐỐC" in text and "HIỆU TRƯỞNG" not in text
    _, _, _, history = _locked(small, "history")
    assert "Xác nhận của Giám đốc" in history


def test_a_principal_is_worded_as_before(small: SmallSchool) -> None:
    slot, version, role, text = _locked(small, "results")
    assert (slot.caption, role) == ([], "Hiệu trưởng") and "head" not in version.snapshot
    assert "PHÊ DUYỆT CỦA HIỆU TRƯỞNG" in text


def test_an_unknown_capacity_is_refused(small: SmallSchool) -> None:
    day = today().isoformat()
    assert (
        refused(
            lambda: add_delegation(
                small.db, small.people["principal"], _deputy(small), [], day, day, NUMBER, capacity="king"
            )
        )
        is ErrorCode.INVALID_INPUT
    )
