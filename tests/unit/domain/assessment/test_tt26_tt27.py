"""TT26 (historic) and TT27 (primary): worked cases and properties."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.assessment import tt26, tt27
from hocba_app.domain.assessment.record import SubjectYear, SubmittedYear
from hocba_app.domain.assessment.regimes import regime
from hocba_app.domain.assessment.tt26_check import comment_term

D = Decimal
CODES = ("TOAN", "VAN", "NN1", "LY", "HOA", "SINH", "SU", "DIA")


def table(*values: float | str) -> dict[str, Decimal]:
    return dict(zip(CODES, (D(str(value)) for value in values), strict=True))


@pytest.mark.parametrize(
    ("average", "marked", "comments", "threshold", "level"),
    [
        ("8.2", table(8.0, 8, 8, 9, 9, 9, 9, 4.9), ["Đ"], "TB", "Khá"),  # the worked case
        ("8.0", table(8.0, 6.5, 6.5, 9, 9, 9, 8, 8), ["Đ"], "Giỏi", "Giỏi"),
        ("7.9", table(8.0, 6.5, 6.5, 9, 9, 9, 8, 8), ["Đ"], "Khá", "Khá"),
        ("8.2", table(7.9, 7.9, 7.9, 9, 9, 9, 9, 9), ["Đ"], "Khá", "Khá"),
        ("8.2", table(8.0, 8, 8, 9, 9, 9, 9, 3.4), ["Đ"], "Yếu", "TB"),
        ("7.0", table(7, 7, 7, 7, 7, 7, 7, 3.4), ["Đ"], "Yếu", "TB"),
        ("7.0", table(7, 7, 7, 7, 7, 7, 7, 1.9), ["Đ"], "Kém", "Yếu"),
        ("8.2", table(8, 8, 8, 9, 9, 9, 9, 8), ["CĐ"], "Yếu", "TB"),
        ("8.2", table(8, 8, 8, 9, 9, 9, 4.9, 4.9), ["Đ"], "TB", "TB"),
        ("5.0", table(5, 5, 5, 5, 5, 5, 5, 3.5), ["Đ"], "TB", "TB"),
        ("4.9", table(5, 5, 5, 5, 5, 5, 5, 3.5), ["Đ"], "Yếu", "Yếu"),
        ("3.4", table(3, 3, 3, 3, 3, 3, 3, 3), ["Đ"], "Kém", "Kém"),
    ],
)  # fmt: skip
def test_tt26_level(average: str, marked: dict[str, Decimal], comments: list[str], threshold: str, level: str) -> None:
    assert tt26.threshold_level(D(average), marked, comments) == threshold
    assert tt26.learning_level(D(average), marked, comments) == level


def test_tt26_mean_titles_promotion() -> None:
    assert tt26.mean([D("8.2"), D("8.3")]) == D("8.3") and tt26.mean([]) is None
    assert (tt26.title("Giỏi", "Tốt"), tt26.title("Giỏi", "Khá"), tt26.title("Khá", "Khá"), tt26.title("Khá", "TB")) == (
        "Học sinh giỏi", "Học sinh tiên tiến", "Học sinh tiên tiến", None,
    )  # fmt: skip
    assert tt26.promotion("TB", "TB", 45) == "promoted"
    assert tt26.promotion("TB", "TB", 46) == "retained"
    assert tt26.promotion("Yếu", "Khá", 0) == "reassess" and tt26.promotion("Khá", "Yếu", 0) == "reassess"
    assert tt26.promotion("Kém", "Tốt", 0) == "retained" and tt26.promotion("Yếu", "Yếu", 0) == "retained"
    assert tt26.promotion("Yếu", "Khá", 0, learning_reassessed="TB") == "promoted"
    assert tt26.promotion("Yếu", "Khá", 0, learning_reassessed="Yếu") == "retained"


@pytest.mark.parametrize(
    ("regular", "midterm", "final", "expected"),
    [
        (("Đ", "CĐ"), "Đ", "Đ", "Đ"),
        (("CĐ", "CĐ"), "Đ", "Đ", "CĐ"),
        (("Đ", "Đ"), "Đ", "CĐ", "CĐ"),
        (("Đ",), None, "Đ", "CĐ"),
        ((), "Đ", "Đ", "CĐ"),
    ],
)
def test_tt26_comment_term(regular: tuple[str, ...], midterm: str | None, final: str | None, expected: str) -> None:
    assert comment_term(regular, midterm, final) == expected


def historic(**other: object) -> SubmittedYear:
    values = {"term1": "Giỏi", "term2": "Giỏi", "year": "Giỏi", "reassessed": None}
    given: dict[str, object] = {
        "subjects": (
            *(SubjectYear(code, False, "8.5", "8.5", "8.5") for code in CODES),
            SubjectYear("TD", True, "Đ", "Đ", "Đ"),
        ),
        "learning": values,
        "training": dict.fromkeys(values, "Tốt") | {"reassessed": None},
        "absences": 0,
        "promotion": "promoted",
        "title": "Học sinh giỏi",
        "averages": {"term1": "8.5", "term2": "8.5", "year": "8.5"},
    }
    return SubmittedYear(**(given | other))  # type: ignore[arg-type]


def found(name: str, year: SubmittedYear) -> list[tuple[str, str | None, str | None]]:
    rules = regime(name)
    assert rules is not None
    return [(entry.field, entry.submitted, entry.computed) for entry in rules.check(year)]


def test_tt26_check() -> None:
    assert found("TT26", historic()) == []
    assert found("TT26", historic(averages={"term1": "8.5", "term2": "8.5", "year": "8.6"})) == [
        ("averages.year", "8.6", "8.5")
    ]
    assert found("TT26", historic(title="Học sinh tiên tiến")) == [("title", "Học sinh tiên tiến", "Học sinh giỏi")]
    assert found("TT26", historic(learning=dict(historic().learning) | {"term1": "Khá"})) == [
        ("learning.term1", "Khá", "Giỏi")
    ]
    assert found("TT26", historic(promotion="reassess")) == [("promotion", "reassess", "promoted")]
    weighed = historic(training=dict(historic().training) | {"term1": "TB", "year": "Khá"}, title="Học sinh tiên tiến")
    assert found("TT26", weighed) == [], "TT58 Art. 3.2: conduct of the year is weighed, no formula gives it"
    assert found("TT26", historic(training=dict(historic().training) | {"year": "Xuất sắc"})) == [
        ("training.year", "Xuất sắc", None)
    ]
    full = {"term1": "Trung bình", "term2": "Trung bình", "year": "Trung bình", "reassessed": None}
    average = tuple(SubjectYear(code, False, "5.5", "5.5", "5.5") for code in CODES)
    five = {"term1": "5.5", "term2": "5.5", "year": "5.5"}
    assert found("TT26", historic(subjects=average, learning=full, averages=five, title=None)) == [], "TB in full is TB"


TENTHS = st.integers(0, 100).map(lambda tenths: D(tenths) / 10)


@given(st.lists(TENTHS, min_size=8, max_size=8), st.sampled_from([["Đ"], ["CĐ"]]), st.data())
def test_tt26_raising_a_mark_never_lowers_the_level(
    values: list[Decimal], comments: list[str], data: st.DataObject
) -> None:
    marked = table(*map(str, values))
    code = data.draw(st.sampled_from(CODES))
    raised = {**marked, code: data.draw(TENTHS.filter(lambda value: value >= marked[code]))}
    before, after = (
        tt26.learning_level(tt26.mean(list(row.values())) or D(0), row, comments) for row in (marked, raised)
    )
    assert tt26.LEVELS.index(after) >= tt26.LEVELS.index(before)


@pytest.mark.parametrize(
    ("subjects", "traits", "tests", "expected"),
    [
        ("TTTT", "TTTT", [9, 9, 8], "Hoàn thành tốt"), ("TTTH", "TTTT", [9, 9], "Hoàn thành"), ("TTTT", "TTTT", [9, 4], "Chưa hoàn thành"),
        ("TTTT", "TTTT", [9, 10], "Hoàn thành xuất sắc"), ("TTTT", "TTTĐ", [9, 10], "Hoàn thành"), ("TTTT", "TTTT", [9, 6], "Hoàn thành"),
        ("TTTC", "TTTT", [9, 9], "Chưa hoàn thành"), ("TTTT", "TTTC", [9, 9], "Chưa hoàn thành"), ("TTTT", "TTTT", [7], "Hoàn thành tốt"),
        ("HHHH", "ĐĐĐĐ", [5], "Hoàn thành"), ("", "TT", [], None), ("TT", "", [], None),
    ],
)  # fmt: skip
def test_tt27_level(subjects: str, traits: str, tests: list[int], expected: str | None) -> None:
    assert tt27.year_level(list(subjects), list(traits), tests) == expected


@given(
    st.lists(st.sampled_from("THC"), min_size=1, max_size=9),
    st.lists(st.sampled_from("TĐC"), min_size=1),
    st.lists(st.integers(0, 10), min_size=1, max_size=6),
)
def test_tt27_a_better_test_never_lowers_the_level_and_one_h_rules_out_the_first_two(
    subjects: list[str], traits: list[str], tests: list[int]
) -> None:
    level = tt27.year_level(subjects, traits, tests)
    better = tt27.year_level(subjects, traits, [min(10, tests[0] + 1), *tests[1:]])
    assert level is not None and better is not None and tt27.LEVELS.index(better) >= tt27.LEVELS.index(level)
    if "H" in subjects:
        assert level in ("Hoàn thành", "Chưa hoàn thành")


@pytest.mark.parametrize("text", ["8.5", "11", "-1", "x", "٨", "9.05"])
def test_tt27_tests_have_whole_points(text: str) -> None:
    with pytest.raises(ValueError, match="no points"):
        tt27.points(text)


def primary(**other: object) -> SubmittedYear:
    given: dict[str, object] = {
        "subjects": (
            SubjectYear("TV", False, year="T", test="9"),
            SubjectYear("TOAN", False, year="T", test="8"),
            SubjectYear("DD", True, year="T"),
        ),
        "learning": {"year": "Hoàn thành tốt"},
        "training": {},
        "traits": (("Yêu nước", "T"), ("Ngôn ngữ", "T")),
        "absences": 0,
        "promotion": "promoted",
        "title": None,
    }
    return SubmittedYear(**(given | other))  # type: ignore[arg-type]


def test_tt27_check() -> None:
    assert found("TT27", primary()) == []
    assert found("TT27", primary(title="Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện")) == []
    assert found("TT27", primary(title="Học sinh Xuất sắc")) == [("title", "Học sinh Xuất sắc", None)]
    assert found("TT27", primary(learning={"year": "Hoàn thành xuất sắc"})) == [
        ("learning.year", "Hoàn thành xuất sắc", "Hoàn thành tốt")
    ]
    assert found("TT27", primary(promotion="retained")) == [("promotion", "retained", "promoted")]
    assert found("TT27", primary(subjects=(SubjectYear("TV", False, year="Đ"),))) == [("subjects.TV.year", "Đ", None)]
    assert found("TT27", primary(traits=(("Yêu nước", "H"),))) == [("traits.Yêu nước", "H", None)]
    assert found("TT27", primary(subjects=(SubjectYear("TV", False, year="T", test="8.5"),))) == [
        ("subjects.TV.test", "8.5", None)
    ]
    weak = (SubjectYear("TV", False, year="C", test="3"),)
    incomplete = {"subjects": weak, "learning": {"year": "Chưa hoàn thành"}}
    assert found("TT27", primary(**incomplete)) == [("promotion", "promoted", "reassess")]
    assert found("TT27", primary(**incomplete, promotion="retained")) == []
    assert found("TT27", primary(traits=(("Yêu nước", None),))) == [], "a gap is no mismatch"
    assert found("TT27", primary(subjects=(SubjectYear("TV", False, year="T"),))) == [], "a test not yet made is a gap"
    assert found(
        "TT27", primary(subjects=(SubjectYear("TV", False, term2="T", year="H", test="9"), *primary().subjects[1:]))
    ) == [("subjects.TV.year", "H", "T")]


def test_tt27_after_the_summer() -> None:
    again = (SubjectYear("TV", False, year="C", test="3", reassessed="H", reassessed_test="6"),)
    levels = {"year": "Chưa hoàn thành", "reassessed": "Hoàn thành"}
    assert found("TT27", primary(subjects=again, learning=levels)) == []
    assert found("TT27", primary(subjects=again, learning=levels, promotion="retained")) == [
        ("promotion", "retained", "promoted")
    ]
    failed = (SubjectYear("TV", False, year="C", test="3", reassessed="C", reassessed_test="4"),)
    assert found("TT27", primary(subjects=failed, learning=levels, promotion="retained")) == [
        ("learning.reassessed", "Hoàn thành", "Chưa hoàn thành")
    ]


def test_a_regime_nobody_wrote_is_none() -> None:
    assert regime("TT99") is None
