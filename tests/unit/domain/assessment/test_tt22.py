"""TT22: every worked case of the domain's rules, and what must hold whatever the marks are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.assessment import tt22
from hocba_app.domain.assessment.record import Marks, SubjectYear, SubmittedYear
from hocba_app.domain.assessment.regimes import regime
from hocba_app.domain.assessment.rounding import mark, mark_text, round_mark

D = Decimal
ALL_PASSED = ["Đ"] * 4
ONE_FAILED = ["Đ", "Đ", "Đ", "CĐ"]


def marks(*values: str | float) -> list[Decimal]:
    return [D(str(value)) for value in values]


@pytest.mark.parametrize(
    ("regular", "midterm", "final", "expected"), [((8, 9), 7, 8, "7.9"), ((8, 9, 7, 10), 7.5, 8, "8.1")]
)
def test_term_average(regular: tuple[int, ...], midterm: float, final: float, expected: str) -> None:
    assert tt22.term_average(marks(*regular), D(str(midterm)), D(str(final))) == D(expected)


def test_a_term_that_lacks_an_assessment_has_no_average() -> None:
    assert tt22.term_average([], D(8), D(8)) is None
    assert tt22.term_average([D(8)], None, D(8)) is None
    assert tt22.term_average([D(8)], D(8), None) is None


@pytest.mark.parametrize(
    ("term1", "term2", "expected"),
    [("8.2", "8.5", "8.4"), ("7.9", "8.2", "8.1"), ("4.9", "5.0", "5.0"), ("6.4", "6.5", "6.5")],
)
def test_year_average(term1: str, term2: str, expected: str) -> None:
    assert tt22.year_average(D(term1), D(term2)) == D(expected)


def test_a_subject_not_studied_in_term_one_takes_term_two() -> None:
    assert tt22.year_average(None, D("7.4")) == D("7.4")
    assert "chuyển đến" in tt22.MOVED_IN_NOTE
    assert tt22.year_average(D("7.4"), None) is None


@pytest.mark.parametrize(
    ("value", "expected"), [("7.25", "7.3"), ("8.25", "8.3"), ("0.05", "0.1"), ("9.95", "10.0"), ("9.949", "9.9")]
)
def test_rounding_is_half_up(value: str, expected: str) -> None:
    assert round_mark(D(value)) == D(expected)


LEVELS: list[tuple[list[Decimal], list[str], str, str]] = [
    (marks(*[8.5] * 6, 6.5, 6.4), ALL_PASSED, "Khá", "Khá"),
    (marks(*[8.5] * 7, 4.9), ALL_PASSED, "Đạt", "Khá"),
    (marks(*[8.5] * 7, 3.4), ALL_PASSED, "Chưa đạt", "Đạt"),
    (marks(*[7] * 7, 3.4), ALL_PASSED, "Chưa đạt", "Đạt"),
    (marks(*[8.5] * 8), ONE_FAILED, "Đạt", "Khá"),
    (marks(*[8.5] * 5, *[7.9] * 3), ALL_PASSED, "Khá", "Khá"),
    (marks(*[8.5] * 5, 7.9, 7.9, 4.9), ALL_PASSED, "Đạt", "Khá"),
    (marks(*[6.5] * 6, 5, 5), ALL_PASSED, "Khá", "Khá"),
    (marks(*[5] * 6, 3.5, 3.5), ONE_FAILED, "Đạt", "Đạt"),
    (marks(*[5] * 6, 3.5, 3.4), ALL_PASSED, "Chưa đạt", "Chưa đạt"),
    (marks(*[8.5] * 8), ALL_PASSED, "Tốt", "Tốt"),
    (marks(*[8.5] * 6, 3.4, 3.4), ALL_PASSED, "Chưa đạt", "Chưa đạt"),
    (marks(*[8.5] * 7, 4.9), ONE_FAILED, "Đạt", "Đạt"),
]


@pytest.mark.parametrize(("marked", "comments", "threshold", "level"), LEVELS)
def test_learning_level(marked: list[Decimal], comments: list[str], threshold: str, level: str) -> None:
    assert (tt22.threshold_level(marked, comments), tt22.learning_level(marked, comments)) == (threshold, level)


@pytest.mark.parametrize(
    ("term1", "term2", "year"),
    [
        ("Khá", "Tốt", "Tốt"), ("Đạt", "Tốt", "Khá"), ("Tốt", "Đạt", "Khá"), ("Chưa đạt", "Khá", "Đạt"), ("Tốt", "Chưa đạt", "Chưa đạt"),
        ("Tốt", "Tốt", "Tốt"), ("Chưa đạt", "Tốt", "Khá"), ("Đạt", "Khá", "Khá"), ("Khá", "Đạt", "Đạt"), ("Chưa đạt", "Đạt", "Đạt"),
        ("Khá", "Chưa đạt", "Chưa đạt"), (None, "Khá", "Khá"), ("Tốt", None, None),
    ],
)  # fmt: skip
def test_training_of_the_year(term1: str | None, term2: str | None, year: str | None) -> None:
    assert tt22.training_year(term1, term2) == year


@pytest.mark.parametrize(
    ("learning", "training", "absences", "after", "expected"),
    [
        ("Đạt", "Đạt", 45, {}, "promoted"), ("Đạt", "Đạt", 46, {}, "retained"), ("Đạt", "Đạt", None, {}, "promoted"),
        ("Chưa đạt", "Tốt", 0, {}, "reassess"), ("Chưa đạt", "Tốt", 0, {"learning_reassessed": "Đạt"}, "promoted"),
        ("Chưa đạt", "Tốt", 0, {"learning_reassessed": "Chưa đạt"}, "retained"), ("Khá", "Chưa đạt", 0, {}, "reassess"),
        ("Khá", "Chưa đạt", 0, {"training_after_summer": "Đạt"}, "promoted"), ("Chưa đạt", "Tốt", 46, {"learning_reassessed": "Tốt"}, "retained"),
        (None, "Tốt", 0, {}, None), ("Tốt", None, 0, {}, None),
    ],
)  # fmt: skip
def test_promotion(
    learning: str | None, training: str | None, absences: int | None, after: dict[str, str], expected: str | None
) -> None:
    assert tt22.promotion(learning, training, absences, **after) == expected


@pytest.mark.parametrize(
    ("learning", "training", "nines", "expected"),
    [
        ("Tốt", "Tốt", 6, "Học sinh Xuất sắc"),
        ("Tốt", "Tốt", 5, "Học sinh Giỏi"),
        ("Khá", "Tốt", 8, None),
        ("Tốt", "Khá", 8, None),
    ],
)
def test_title(learning: str, training: str, nines: int, expected: str | None) -> None:
    assert tt22.title(learning, training, marks(*[9.0] * nines, *[8.9] * (8 - nines))) == expected


@pytest.mark.parametrize("periods", [(35, 2), (36, 3), (70, 3), (71, 4), (140, 4)])
def test_regular_marks(periods: tuple[int, int]) -> None:
    assert tt22.regular_marks_needed(periods[0]) == periods[1]


@pytest.mark.parametrize(
    "text",
    ["11", "10.1", "-1", "8.15", "8.1.1", "1_0", "1e1", "٨", "NaN", "Infinity", "abc", "8 .1", "0x8", "1" * 5000],
)
def test_what_is_no_mark(text: str) -> None:
    with pytest.raises(ValueError, match="not a mark"):
        mark(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("8", "8"), ("8.1", "8.1"), ("8,1", "8.1"), ("10", "10"), ("0", "0"), ("8.10", "8.1"), (" 9 ", "9"), ("08", "8")],
)
def test_a_mark(text: str, value: str) -> None:
    assert mark(text) == D(value) and mark_text(D(value)) == f"{D(value):.1f}"


TENTHS = st.integers(0, 100).map(lambda tenths: D(tenths) / 10)
MARKED = st.lists(TENTHS, min_size=6, max_size=12)
COMMENTS = st.lists(st.sampled_from(["Đ", "Đ", "Đ", "CĐ"]), min_size=3, max_size=4)


@given(MARKED, COMMENTS, st.data())
def test_raising_a_mark_never_lowers_the_level(marked: list[Decimal], comments: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(marked) - 1))
    raised = [*marked]
    raised[place] = data.draw(TENTHS.filter(lambda value: value >= marked[place]))
    order = tt22.LEVELS.index
    assert order(tt22.learning_level(raised, comments)) >= order(tt22.learning_level(marked, comments))


@given(MARKED, COMMENTS)
def test_the_adjustment_is_one_level_and_for_exactly_one_subject(marked: list[Decimal], comments: list[str]) -> None:
    order = tt22.LEVELS.index
    base, level = order(tt22.threshold_level(marked, comments)), order(tt22.learning_level(marked, comments))
    assert level - base in (0, 1)
    lifted = [order(tt22.threshold_level([*marked[:n], D(10), *marked[n + 1 :]], comments)) for n in range(len(marked))]
    lifted += [
        order(tt22.threshold_level(marked, [*comments[:n], "Đ", *comments[n + 1 :]])) for n in range(len(comments))
    ]
    one_subject_is_why = max(lifted) >= base + 2
    assert (level == base + 1) == one_subject_is_why


@given(st.lists(TENTHS, min_size=1, max_size=6), TENTHS, TENTHS)
def test_an_average_lies_between_its_marks(regular: list[Decimal], midterm: Decimal, final: Decimal) -> None:
    average = tt22.term_average(regular, midterm, final)
    assert average is not None and min(*regular, midterm, final) <= average <= max(*regular, midterm, final)
    assert average == average.quantize(D("0.1"))


@given(st.text(max_size=12))
def test_any_text_is_a_mark_or_refused(text: str) -> None:
    try:
        value = mark(text)
    except ValueError:
        return
    assert value is None or D(0) <= value <= D(10)


def year(**other: object) -> SubmittedYear:
    """Eight subjects of 8.5 and one comment subject: Tốt, Giỏi, promoted."""
    subjects = tuple(SubjectYear(f"M{number}", False, "8.5", "8.5", "8.5") for number in range(8))
    levels = {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None}
    given: dict[str, object] = {
        "subjects": (*subjects, SubjectYear("GDTC", True, "Đ", "Đ", "Đ")),
        "learning": levels,
        "training": levels,
        "absences": 0,
        "promotion": "promoted",
        "title": "Học sinh Giỏi",
    }
    return SubmittedYear(**(given | other))  # type: ignore[arg-type]


def found(submitted: SubmittedYear) -> list[tuple[str, str | None, str | None]]:
    rules = regime("TT22")
    assert rules is not None
    return [(entry.field, entry.submitted, entry.computed) for entry in rules.check(submitted)]


def test_a_right_year_has_no_mismatch() -> None:
    assert found(year()) == []


def test_one_wrong_value_is_reported_once_where_it_is() -> None:
    wrong = SubjectYear("M0", False, "8.5", "8.5", "9.5")
    assert found(year(subjects=(wrong, *year().subjects[1:]))) == [("subjects.M0.year", "9.5", "8.5")]
    assert found(year(title=None)) == [("title", None, "Học sinh Giỏi")]
    assert found(year(promotion="retained")) == [("promotion", "retained", "promoted")]
    assert found(year(learning=dict(year().learning) | {"term2": "Khá"})) == [("learning.term2", "Khá", "Tốt")]


def test_the_single_marks_decide_over_the_submitted_average() -> None:
    single = {"term1": Marks(("8", "9"), "7", "8"), "term2": Marks(("8", "9"), "7", "8")}
    subject = SubjectYear("M0", False, "8.0", "7.9", "7.9", marks=single)
    assert found(year(subjects=(subject, *year().subjects[1:]))) == [("subjects.M0.term1", "8.0", "7.9")]


def test_impossible_values_are_named() -> None:
    subjects = (
        SubjectYear("M0", False, "11", "8.5", "8.5"),
        SubjectYear("GDTC", True, "Tốt", "Đ", "Đ"),
        *year().subjects[1:8],
    )
    assert ("subjects.M0.term1", "11", None) in found(year(subjects=subjects)) and (
        "subjects.GDTC.term1",
        "Tốt",
        None,
    ) in found(year(subjects=subjects))


def test_reassessment_and_disability_and_who_did_not_come() -> None:
    weak = (
        SubjectYear("M0", False, "3.0", "3.0", "3.0", "5.0"),
        SubjectYear("M1", False, "3.0", "3.0", "3.0", "5.5"),
        *year().subjects[2:],
    )
    levels = {"term1": "Chưa đạt", "term2": "Chưa đạt", "year": "Chưa đạt", "reassessed": "Khá"}
    assert found(year(subjects=weak, learning=levels, title=None)) == []
    not_yet = tuple(SubjectYear(row.code, row.comment_only, row.term1, row.term2, row.year) for row in weak)
    fail = levels | {"reassessed": None}
    assert found(year(subjects=not_yet, learning=fail, title=None, promotion="reassess")) == []
    assert found(year(subjects=not_yet, learning=fail, title=None, promotion="retained")) == []
    assert found(year(subjects=not_yet, learning=fail, title=None, promotion="promoted")) == [
        ("promotion", "promoted", "reassess")
    ]
    note = "Học sinh khuyết tật, Hiệu trưởng quyết định"
    assert found(year(subjects=not_yet, learning=fail, title=None, promotion="promoted", promotion_note=note)) == []


def test_an_unfinished_year_is_a_gap_and_no_mismatch() -> None:
    open_levels = {"term1": "Tốt", "term2": None, "year": None, "reassessed": None}
    subjects = tuple(SubjectYear(row.code, row.comment_only, row.term1) for row in year().subjects)
    assert found(year(subjects=subjects, learning=open_levels, training=open_levels, promotion=None, title=None)) == []
