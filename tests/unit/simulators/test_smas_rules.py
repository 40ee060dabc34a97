"""SMAS's own TT22: every worked case of the assessment rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.simulators.smas.generation.marks import empty_result
from hocba_app.simulators.smas.rules import tt22


def marks(*values: float) -> list[int]:
    return [round(value * 10) for value in values]


@pytest.mark.parametrize(
    ("regular", "midterm", "final", "average"),
    [([8, 9], 7, 8, "7.9"), ([8, 9, 7, 10], 7.5, 8, "8.1"), ([10, 10], 10, 10, "10.0"), ([0, 0], 0, 0, "0.0")],
)
def test_term_average(regular: list[float], midterm: float, final: float, average: str) -> None:
    assert tt22.shown(tt22.term_average(marks(*regular), *marks(midterm, final))) == average


@pytest.mark.parametrize(
    ("first", "second", "year"), [(8.2, 8.5, "8.4"), (7.9, 8.2, "8.1"), (4.9, 5.0, "5.0"), (6.4, 6.5, "6.5")]
)
def test_year_average(first: float, second: float, year: str) -> None:
    assert tt22.shown(tt22.year_average(*marks(first, second))) == year


def test_a_subject_not_studied_in_term_one_takes_term_two_alone() -> None:
    assert tt22.year_average(None, 74) == 74


@pytest.mark.parametrize(
    "text", ["11", "10.1", "-1", "8.25", "8,5", "", "8.", ".5", "1e1", "٨", "100", " 8", "Đ", "08.5x"]
)
def test_what_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        tt22.tenths(text)


@pytest.mark.parametrize(
    ("marked", "failed", "level"),
    [
        ([8.5] * 6 + [6.5, 6.4], 0, "Khá"), ([8.5] * 7 + [4.9], 0, "Khá"), ([8.5] * 7 + [3.4], 0, "Đạt"), ([7] * 7 + [3.4], 0, "Đạt"),
        ([8.5] * 8, 1, "Khá"), ([8.5] * 5 + [7.9] * 3, 0, "Khá"), ([8.5] * 5 + [7.9, 7.9, 4.9], 0, "Khá"), ([6.5] * 6 + [5, 5], 0, "Khá"),
        ([5] * 6 + [3.5, 3.5], 1, "Đạt"), ([5] * 6 + [3.5, 3.4], 0, "Chưa đạt"), ([8.5] * 8, 0, "Tốt"), ([8.5] * 8, 2, "Chưa đạt"),
        ([8.5] * 6 + [3.4, 3.4], 0, "Chưa đạt"),
    ],
)  # fmt: skip
def test_learning_level(marked: list[float], failed: int, level: str) -> None:
    assert tt22.LEVELS[tt22.level(marks(*marked), failed)] == level


@given(st.lists(st.integers(0, 100), min_size=8, max_size=8), st.integers(0, 2), st.integers(0, 7))
def test_raising_a_mark_never_lowers_the_level(marked: list[int], failed: int, place: int) -> None:
    raised = [*marked]
    raised[place] = min(100, raised[place] + 7)
    assert tt22.level(raised, failed) >= tt22.level(marked, failed)


@pytest.mark.parametrize(
    ("first", "second", "year"),
    [
        ("Khá", "Tốt", "Tốt"), ("Đạt", "Tốt", "Khá"), ("Tốt", "Đạt", "Khá"), ("Chưa đạt", "Khá", "Đạt"), ("Tốt", "Chưa đạt", "Chưa đạt"),
        ("Chưa đạt", "Tốt", "Khá"), ("Đạt", "Khá", "Khá"), ("Khá", "Đạt", "Đạt"), ("Chưa đạt", "Đạt", "Đạt"), (None, "Khá", "Khá"),
    ],
)  # fmt: skip
def test_training_of_the_year(first: str | None, second: str, year: str) -> None:
    assert tt22.training_of_year(first, second) == year


def results(
    learning: str, training: str, *, learning_after: str | None = None, training_after: str | None = None
) -> tuple[dict, dict]:
    return {"year": learning, "reassessed": learning_after}, {"year": training, "reassessed": training_after}


def test_promotion() -> None:
    assert tt22.promotion(*results("Đạt", "Đạt"), 45) == "promoted"
    assert tt22.promotion(*results("Tốt", "Tốt"), 46) == "retained"
    assert tt22.promotion(*results("Chưa đạt", "Tốt"), 3) == "reassess"
    assert tt22.promotion(*results("Chưa đạt", "Tốt", learning_after="Đạt"), 3) == "promoted"
    assert tt22.promotion(*results("Chưa đạt", "Tốt", learning_after="Chưa đạt"), 3) == "retained"
    assert tt22.promotion(*results("Đạt", "Chưa đạt"), 3) == "reassess"
    assert tt22.promotion(*results("Đạt", "Chưa đạt", training_after="Đạt"), 3) == "promoted"
    assert tt22.promotion(*results("Chưa đạt", "Chưa đạt", learning_after="Đạt"), 3) == "retained"


KINDS = {f"m{number}": "marked" for number in range(8)} | {f"c{number}": "comment" for number in range(4)}
KNOWN = {key: {"kind": kind, "code": key} for key, kind in KINDS.items()}


def filled(mark: str = "9.5", **changes: str) -> dict:
    record = empty_result("p", "c", "2025-2026", "TT22", list(KINDS))
    for key, row in record["subjects"].items():
        value = changes.get(key, mark if KINDS[key] == "marked" else "Đ")
        for term in ("term1", "term2"):
            row["marks"][term] = {"regular": [value, value], "midterm": value, "final": value}
    record["training"].update(term1="Tốt", term2="Tốt")
    record["absences"].update(term1=1, term2=2)
    return record


def test_a_whole_record() -> None:
    record = filled()
    tt22.compute(record, KNOWN, last_grade=True)
    assert (record["learning"]["year"], record["training"]["year"], record["absences"]["year"]) == ("Tốt", "Tốt", 3)
    assert (record["promotion"], record["title"], record["programme_completed"]) == (
        "promoted",
        "Học sinh Xuất sắc",
        True,
    )
    assert record["learning"]["reassessed"] is None
    good = filled("8.5")
    tt22.compute(good, KNOWN, last_grade=False)
    assert (good["title"], good["programme_completed"]) == ("Học sinh Giỏi", None)


def test_reassessment_gets_its_own_column_and_the_year_stays() -> None:
    record = filled("7", m0="2", m1="3")
    tt22.compute(record, KNOWN, last_grade=False)
    assert (record["learning"]["year"], record["promotion"]) == ("Chưa đạt", "reassess")
    for key in ("m0", "m1"):
        record["subjects"][key]["reassessed"] = "5.0"
    tt22.compute(record, KNOWN, last_grade=False)
    assert (record["learning"]["year"], record["learning"]["reassessed"], record["promotion"]) == (
        "Chưa đạt",
        "Khá",
        "promoted",
    )
    assert record["subjects"]["m0"]["year"] == "2.0"


def test_an_open_year_has_no_result() -> None:
    record = filled()
    for row in record["subjects"].values():
        row["marks"]["term2"] = {"regular": [], "midterm": None, "final": None}
    record["training"]["term2"] = record["absences"]["term2"] = None
    tt22.compute(record, KNOWN, last_grade=False)
    assert record["learning"] == {"term1": "Tốt", "term2": None, "year": None, "reassessed": None}
    assert (record["promotion"], record["title"], record["absences"]["year"]) == (None, None, None)


def test_moved_in_pupils_and_averages_entered_by_hand() -> None:
    record = filled("8")
    for row in record["subjects"].values():
        row["marks"]["term1"] = {"regular": [], "midterm": None, "final": None}
    record["subjects"]["m0"]["by_hand"] = {"term1": "5.0"}
    record["training"]["term1"] = None
    tt22.compute(record, KNOWN, last_grade=False)
    assert record["subjects"]["m0"]["year"] == "7.0"
    assert record["subjects"]["m0"]["note"] is None
    assert (record["subjects"]["m1"]["year"], record["subjects"]["m1"]["note"]) == ("8.0", tt22.MOVED_IN_NOTE)
    assert record["training"]["year"] == "Tốt"


def test_the_principal_decides_where_he_must() -> None:
    record = filled("2")
    record["decided"] = "promoted"
    tt22.compute(record, KNOWN, last_grade=False)
    assert (record["learning"]["year"], record["promotion"]) == ("Chưa đạt", "promoted")
