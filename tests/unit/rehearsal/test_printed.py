"""What a rehearsal says at its end."""

from __future__ import annotations

import json

from hocba_app.rehearsal.command import printed

REPORT = {
    "students": 8,
    "documents": 27,
    "signatures": 90,
    "seconds": 50.0,
    "stages": {"sync": {"count": 5, "seconds": 2.5, "rate": 2.0}},
    "failures": [],
    "special": [
        {"case": "Chuyển đi giữa năm", "count": 1, "seen": "giao qua liên kết", "ok": True},
        {"case": "Tách lớp", "count": 0, "seen": "chốt ở lớp mới", "ok": True},
        {"case": "Học lại lớp", "count": 2, "seen": "QTHT có năm ở lại lớp", "ok": False},
    ],
}


def test_a_case_that_did_not_occur_is_not_called_a_success() -> None:
    lines = printed(REPORT, as_json=False).splitlines()
    marks = {line[2:].split("  ")[0].strip(): line[0] for line in lines if line[0] in "✓✗–"}
    assert marks == {"Chuyển đi giữa năm": "✓", "Tách lớp": "–", "Học lại lớp": "✗"}


def test_as_json_it_is_the_report() -> None:
    assert json.loads(printed(REPORT, as_json=True)) == REPORT
