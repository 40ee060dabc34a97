"""Every reason says what was found, what it means for the holder and what to do, and names signatures as a person would."""

from __future__ import annotations

import re
import string

import pytest

from hocba_app.verification.reason_wording import WORDING
from hocba_app.verification.reasons import Reason, add, what
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.report_presentation import simple_report
from hocba_app.verification.slot_words import SUBJECT_ROLE, slot_words

TECHNICAL = re.compile(r"\bs\.[A-Z0-9]+\.\d|archive\.?\d|\b(?:homeroom|principal|seal|None)\b")
PARAMS = {
    "where": "ở nhà trường đã cấp học bạ",
    "why": "lý do thử",
    "holder": "Công ty A",
    "listed": "Trường B",
    "school": "Trường C",
    "shown": "Trần Văn D",
}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_wording_of_all_three_parts(reason: Reason) -> None:
    parts = WORDING[reason]
    for part in parts:
        assert part.strip() == part and part.endswith(".") and part[0].isupper(), part
        assert {name for _, name, _, _ in string.Formatter().parse(part) if name} <= {"field", *PARAMS}
    assert len(set(parts)) == 3
    for field in ("s.TOAN.1", "homeroom", "principal", "seal", "archive2", "archive.2", "Signature1"):
        report = FileReport(path="x")
        add(report, reason, field=field, **PARAMS)
        (finding,) = report.reasons
        assert finding.code == reason.value and finding.text == f"{finding.what} {finding.means} {finding.todo}"
        assert not TECHNICAL.search(finding.text.replace("(--trust)", "").replace("(certificate_name)", "")), (
            finding.text
        )
        assert set(report.as_json()["reasons"][0]) == {"code", "text"}
        assert what(reason, field=field, **PARAMS) == finding.what


def test_the_signature_is_named_with_its_subject_and_holder() -> None:
    assert slot_words("s.TOAN.1", holder="Nguyễn Thị Ánh") == "Toán – Nguyễn Thị Ánh"
    assert slot_words("s.X9.1", SUBJECT_ROLE + "Tiếng Ba-na") == "Tiếng Ba-na"
    assert slot_words("s.X9.1") == "môn có mã X9"
    assert slot_words("archive2", holder="TSA") == slot_words("archive.2") == "dấu thời gian lưu trữ lần 2"
    assert slot_words("Ký\x1b[31m") == "ô ký «Ký[31m»"
    assert len(slot_words("A" * 5000)) < 80


def test_one_reason_about_many_signatures_is_one_sentence() -> None:
    report = FileReport(path="x")
    for field in ("s.TOAN.1", "s.VAN.1", "homeroom"):
        add(report, Reason.SLOT_MISSING, field=field)
    add(report, Reason.NO_TRUST)
    told = simple_report(report).reasons
    assert len(told) == 2 and told[0].startswith("Còn thiếu chữ ký: Toán; Ngữ văn; Giáo viên chủ nhiệm. ")
