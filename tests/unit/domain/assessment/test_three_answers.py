"""Right, wrong, not checkable: worked cases, each with its article."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hocba_app.domain.assessment import tt22, tt26
from hocba_app.domain.assessment.record import Answer, Judgement, Marks, SubjectYear, SubmittedYear, Weight
from hocba_app.domain.assessment.regimes import IN_FORCE, regime, regime_in_force
from hocba_app.domain.assessment.stored_result import judge

D = Decimal
FOUR, TWO = Marks(("7", "7", "7", "7"), "7", "7"), Marks(("Đ", "Đ"), "Đ", "Đ")
CODES = ("TOAN", "VAN", "NN1", "LSDL", "KHTN", "CN", "TIN", "GDCD")
LEVELS = {"term1": "Khá", "term2": "Khá", "year": "Khá", "reassessed": None}
GOOD_TRAINING = {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None}


def both(marks: Marks) -> dict[str, Marks]:
    return {"term1": marks, "term2": marks}


def marked(code: str, value: str = "7.0", reassessed: str | None = None) -> SubjectYear:
    digit = value.removesuffix(".0")
    single = Marks((digit,) * 4, digit, digit)
    return SubjectYear(code, False, value, value, value, reassessed, both(single))


def whole(**other: Any) -> SubmittedYear:
    """A right year with all its single marks: 7.0 everywhere, Khá."""
    given: dict[str, Any] = {
        "subjects": (*(marked(code) for code in CODES), SubjectYear("GDTC", True, "Đ", "Đ", "Đ", marks=both(TWO))),
        "learning": LEVELS,
        "training": GOOD_TRAINING,
        "absences": 2,
        "promotion": "promoted",
    }
    return SubmittedYear(**(given | other))


def judged(year: SubmittedYear, name: str = "TT22", first_year: int = 2024) -> Judgement:
    rules = regime(name, first_year)
    assert rules is not None
    return rules.judge(year)


def wrong(found: Judgement) -> list[tuple[str, str | None, str | None]]:
    return [(entry.field, entry.submitted, entry.computed) for entry in found.mismatches]


def gaps(found: Judgement) -> list[str]:
    return [gap.field for gap in found.gaps]


def with_first(subject: SubjectYear) -> SubmittedYear:
    return whole(subjects=(subject, *whole().subjects[1:]))


def test_three_answers() -> None:
    assert judged(whole()).answer is Answer.RIGHT
    assert judged(whole(promotion="retained")).answer is Answer.WRONG
    assert judged(whole(absences=None)).answer is Answer.NOT_CHECKABLE


def test_tt22_art_9_a_term_value_without_its_mid_term_is_not_checkable() -> None:
    lacking = Marks(("7", "7", "7", "7"), None, "7")
    found = judged(with_first(SubjectYear("TOAN", False, "9.9", "7.0", "8.0", marks={"term1": lacking, "term2": FOUR})))
    assert (
        gaps(found) == ["subjects.TOAN.term1"]
        and "giữa kì" in found.gaps[0].reason
        and "Điều 6" in found.gaps[0].reason
    )


def test_tt22_art_6_one_regular_mark_of_four() -> None:
    found = judged(
        with_first(
            SubjectYear("TOAN", False, "7.0", "7.0", "7.0", marks={"term1": Marks(("7",), "7", "7"), "term2": FOUR})
        )
    )
    assert gaps(found) == ["subjects.TOAN.term1"] and "có 1, cần ít nhất 4" in found.gaps[0].reason
    three = Marks(("7", "7", "7"), "7", "7")
    assert gaps(judged(with_first(SubjectYear("TOAN", False, "7.0", "7.0", "7.0", marks=both(three))))) == [
        "subjects.TOAN.term1",
        "subjects.TOAN.term2",
    ]
    assert tt22.least_regular_marks("CN") == 2


def test_a_term_value_out_of_nothing() -> None:
    found = judged(with_first(SubjectYear("TOAN", False, "7.0", "7.0", "7.0", marks={"term2": FOUR})))
    assert gaps(found) == ["subjects.TOAN.term1"] and found.gaps[0].weight is Weight.NEEDS_REASON
    came = with_first(SubjectYear("TOAN", False, "7.0", "7.0", "7.0", marks={"term2": FOUR}))
    assert judged(replace(came, moved_in=True)).answer is Answer.RIGHT, "the former school's value"


def test_a_source_without_single_marks_is_told_once() -> None:
    bare = tuple(replace(subject, marks={}) for subject in whole().subjects)
    found = judged(whole(subjects=bare))
    assert [(gap.field, gap.weight) for gap in found.gaps] == [("subjects", Weight.REPORTED)]


def test_tt22_art_8_9_12_15_a_record_of_year_values_alone_blocks() -> None:
    nothing = dict.fromkeys(("term1", "term2", "year", "reassessed"))
    subjects = tuple(SubjectYear(f"M{number}", False, year="7.0") for number in range(12))
    found = judged(
        whole(subjects=subjects, learning=nothing, training=nothing, absences=None, title="Học sinh Xuất sắc")
    )
    blocking = {gap.field for gap in found.gaps if gap.weight is Weight.BLOCKS}
    assert blocking == {"learning.term2", "learning.year", "training.term2", "training.year", "absences.year"}
    assert {"learning.term1", "training.term1", "subjects.M0.term1", "subjects.M0.term2"} <= set(gaps(found))
    assert wrong(found) == [("title", "Học sinh Xuất sắc", None)]


def test_a_title_without_any_mark_is_not_checkable() -> None:
    found = judged(whole(subjects=(), title="Học sinh Giỏi"))
    assert "title" in gaps(found) and "learning.year" in gaps(found)


def test_tt22_art_9_a_comment_term_needs_all_its_assessments() -> None:
    assert tt22.comment_term(["Đ"], "Đ", "Đ") == "CĐ"
    assert tt22.comment_term(["Đ"], "Đ", "Đ", needed=1) == tt22.comment_term(["Đ", "Đ"], "Đ", "Đ") == "Đ"
    one = SubjectYear("GDTC", True, "Đ", "Đ", "Đ", marks={"term1": Marks(("Đ",), "Đ", "Đ"), "term2": TWO})
    assert wrong(judged(whole(subjects=(*whole().subjects[:-1], one)))) == [
        ("subjects.GDTC.term1", "Đ", "CĐ"),
        ("learning.term1", "Khá", "Đạt"),
    ]


def test_tt22_art_10_exempt_from_practice_only() -> None:
    exempt = SubjectYear("GDTC", True, "Miễn", "Miễn", "Miễn")
    found = judged(whole(subjects=(*whole().subjects[:-1], exempt)))
    assert wrong(found) == [("subjects.GDTC", "Miễn", None)] and "Điều 10" in found.mismatches[0].rule


def test_tt22_art_14_both_results_failed_stays_down() -> None:
    assert tt22.promotion("Chưa đạt", "Chưa đạt", 0) == "retained"
    assert (
        tt22.promotion("Chưa đạt", "Chưa đạt", 0, learning_reassessed="Đạt", training_after_summer="Đạt") == "retained"
    )
    assert [
        tt22.may_be_reassessed(*pair)
        for pair in (("Chưa đạt", "Đạt"), ("Chưa đạt", "Chưa đạt"), ("Khá", "Tốt"), (None, "Tốt"))
    ] == [True, False, False, None]


def test_tt22_art_14_who_may_be_reassessed() -> None:
    found = judged(with_first(marked("TOAN", "6.0", "9.0")))
    assert wrong(found) == [("subjects.TOAN.reassessed", "9.0", None)] and "Điều 14" in found.mismatches[0].rule


def test_tt22_art_14_in_which_subject() -> None:
    subjects = (
        marked("TOAN", "3.0", "6.0"),
        marked("VAN", "3.0", "6.0"),
        marked("TIN", "7.0", "9.0"),
        *(marked(f"M{number}") for number in range(5)),
    )
    fail = {"term1": "Chưa đạt", "term2": "Chưa đạt", "year": "Chưa đạt", "reassessed": "Khá"}
    assert wrong(judged(whole(subjects=subjects, learning=fail))) == [("subjects.TIN.reassessed", "9.0", None)]


# --- TT58, and TT58 as amended by TT26 -------------------------------------------------------------------------------

OLD = ("TOAN", "VAN", "NN1", "VL", "HH", "SH", "LS", "DL", "GDCD", "CN")


def historic(values: dict[str, str], level: str, title: str | None, **other: Any) -> SubmittedYear:
    subjects = tuple(SubjectYear(code, False, *(values.get(code, "8.5"),) * 3) for code in OLD)
    average = str(tt26.mean([D(values.get(code, "8.5")) for code in OLD]))
    levels = {"term1": level, "term2": level, "year": level}
    given: dict[str, Any] = {
        "subjects": (*subjects, SubjectYear("TD", True, "Đ", "Đ", "Đ")),
        "learning": levels,
        "training": GOOD_TRAINING,
        "absences": 0,
        "promotion": "promoted",
        "title": title,
        "averages": dict.fromkeys(("term1", "term2", "year"), average),
    }
    return SubmittedYear(**(given | other))


def test_tt22_art_13_summer_training_is_open_to_who_failed_it() -> None:
    failed = {"term1": "Chưa đạt", "term2": "Chưa đạt", "year": "Chưa đạt", "reassessed": "Khá"}
    assert judged(whole(training=failed)).answer is Answer.RIGHT
    given = judged(whole(training=GOOD_TRAINING | {"reassessed": "Khá"}))
    assert wrong(given) == [("training.reassessed", "Khá", None)] and "Điều 13" in given.mismatches[0].rule


def test_tt22_art_14_a_level_after_no_reassessment() -> None:
    assert wrong(judged(whole(learning=LEVELS | {"reassessed": "Tốt"}))) == [("learning.reassessed", "Tốt", None)]
    failing = tuple(marked(code, "4.0") for code in CODES[:3])
    failed = dict.fromkeys(LEVELS, "Chưa đạt") | {"reassessed": "Đạt"}
    found = judged(whole(subjects=(*failing, *whole().subjects[3:]), learning=failed, promotion="reassess"))
    assert (wrong(found), gaps(found)) == ([], ["learning.reassessed"]), "open to him, but in which subject?"


def test_tt22_art_6_more_regular_marks_than_any_subject_has() -> None:
    many = both(Marks(("7",) * 5, "7", "7"))
    assert gaps(judged(with_first(SubjectYear("TOAN", False, "7.0", "7.0", "7.0", marks=many)))) == [
        "subjects.TOAN.term1",
        "subjects.TOAN.term2",
    ]


def test_tt58_art_13_one_of_two_subjects_before_2020() -> None:
    values = {"TOAN": "7.9", "VAN": "7.9"}
    fair = historic(values, "Khá", "Học sinh tiên tiến")
    assert wrong(judged(fair, "TT26", 2018)) == wrong(judged(fair, "TT26", 2019)) == []
    assert ("learning.year", "Khá", "Giỏi") in wrong(judged(fair, "TT26", 2020)), (
        "TT26/2020 Art. 2.6: Ngoại ngữ is the third"
    )


def test_tt58_art_3_conduct_of_the_year_is_weighed() -> None:
    conduct = {"term1": "Trung bình", "term2": "Tốt", "year": "Khá"}
    assert wrong(judged(historic({}, "Giỏi", "Học sinh tiên tiến", training=conduct), "TT26", 2018)) == []


def test_tt58_art_13_the_specialised_subject() -> None:
    values = dict.fromkeys(OLD, "9.0") | {"VL": "7.9"}
    fair = historic(values, "Khá", "Học sinh tiên tiến", specialised_subject="VL")
    assert wrong(judged(fair, "TT26", 2018)) == []
    assert ("learning.year", "Khá", "Giỏi") in wrong(judged(replace(fair, specialised_subject=None), "TT26", 2018))


def test_tt58_art_10_a_subject_taught_in_one_term() -> None:
    year = historic({}, "Giỏi", "Học sinh giỏi")
    taught = tuple(
        replace(row, term1="7.0", term2=None, year="9.9") if row.code == "CN" else row for row in year.subjects
    )
    found = judged(replace(year, subjects=taught), "TT26", 2018)
    assert ("subjects.CN.year", "9.9", "7.0") in wrong(found) and "Điều 10 khoản 3" in next(
        row.rule for row in found.mismatches if row.field == "subjects.CN.year"
    )
    assert "subjects.CN.term2" not in gaps(found)
    assert "subjects.TOAN.term2" in gaps(
        judged(with_first(SubjectYear("TOAN", False, "7.0", None, "7.0", marks={"term1": FOUR})))
    ), "TT22 has no such article"


@pytest.mark.parametrize(
    ("terms", "year"),
    [(("Miễn", "Miễn"), "Miễn"), (("Miễn", "Miễn"), None), (("Đ", "Miễn"), "Đ"), (("Miễn", "Đ"), "Đ")],
)
def test_tt58_art_12_exempt_is_accepted_and_not_counted(terms: tuple[str, str], year: str | None) -> None:
    submitted = historic({}, "Giỏi", "Học sinh giỏi")
    exempt = SubjectYear("TD", True, *terms, year)
    assert judged(replace(submitted, subjects=(*submitted.subjects[:-1], exempt)), "TT26", 2018).mismatches == ()


def test_tt58_art_16_who_may_be_reassessed() -> None:
    year = historic({}, "Giỏi", "Học sinh giỏi")
    again = tuple(replace(row, reassessed="9.0") if row.code == "VAN" else row for row in year.subjects)
    assert wrong(judged(replace(year, subjects=again), "TT26", 2018)) == [("subjects.VAN.reassessed", "9.0", None)]


# --- TT27 -------------------------------------------------------------------------------------------------------------


def primary(**other: Any) -> SubmittedYear:
    given: dict[str, Any] = {
        "subjects": (SubjectYear("TV", False, year="H", test="6"), SubjectYear("DD", True, year="H")),
        "training": {},
        "learning": {"year": "Chưa hoàn thành"},
        "traits": (("Yêu nước", "C"), ("Ngôn ngữ", "Đ")),
        "promotion": "promoted",
    }
    return SubmittedYear(**(given | other))


def test_tt27_art_11_supplementary_assessment_of_traits() -> None:
    after = {"year": "Chưa hoàn thành", "reassessed": "Hoàn thành"}
    assert judged(primary(learning=after, traits_reassessed={"Yêu nước": "Đ"}), "TT27").answer is Answer.RIGHT
    assert judged(primary(learning=after), "TT27").mismatches == ()
    alone = judged(primary(), "TT27")
    assert alone.mismatches == () and gaps(alone) == ["promotion"]
    failed = primary(traits_reassessed={"Yêu nước": "C"}, learning=after | {"reassessed": "Chưa hoàn thành"})
    assert judged(replace(failed, promotion="retained"), "TT27").mismatches == ()
    subject_too = primary(subjects=(SubjectYear("TV", False, year="C", test="3"),))
    assert wrong(judged(subject_too, "TT27")) == [("promotion", "promoted", "reassess")]


def test_tt27_art_11_supplementary_assessment_is_open_to_what_was_not_completed() -> None:
    done = primary(learning={"year": "Hoàn thành"}, traits=(("Yêu nước", "Đ"),))
    assert judged(done, "TT27").answer is Answer.RIGHT
    again = (replace(done.subjects[0], reassessed="T", reassessed_test="9"), done.subjects[1])
    assert wrong(judged(replace(done, subjects=again), "TT27")) == [
        ("subjects.TV.reassessed", "T", None),
        ("subjects.TV.reassessed_test", "9", None),
    ]
    traits = judged(replace(done, traits_reassessed={"Yêu nước": "T"}), "TT27")
    assert wrong(traits) == [("traits.Yêu nước", "T", None)] and "Điều 11" in traits.mismatches[0].rule
    told = replace(done, learning={"year": "Hoàn thành", "reassessed": "Hoàn thành"})
    assert wrong(judged(told, "TT27")) == [("learning.reassessed", "Hoàn thành", None)]
    low = (SubjectYear("TV", False, year="H", test="4", reassessed_test="6"), done.subjects[1])
    after = {"year": "Chưa hoàn thành", "reassessed": "Hoàn thành"}
    assert judged(replace(done, subjects=low, learning=after), "TT27").answer is Answer.RIGHT


def test_tt27_art_7_no_points_is_a_mark() -> None:
    zero = primary(
        subjects=(SubjectYear("TV", False, year="H", test="0"),), promotion="reassess", traits=(("Yêu nước", "Đ"),)
    )
    assert judged(zero, "TT27").answer is Answer.RIGHT


def test_tt27_art_7_8_9_what_is_missing() -> None:
    bare = primary(learning={}, traits=(("Yêu nước", None),), subjects=(SubjectYear("TV", False, year="T"),))
    found = judged(bare, "TT27")
    assert gaps(found) == ["learning.year", "traits", "subjects.TV.test"] and found.gaps[0].weight is Weight.BLOCKS


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_text_took_effect_before_the_first_year_it_judged_ended() -> None:
    for row in IN_FORCE:
        assert row.rules.name == row.name and row.effective < date(min(row.first_years.values()) + 1, 5, 31)


def test_the_regime_by_year_and_grade() -> None:
    assert [regime_in_force(9, first) for first in (2010, 2018, 2023, 2024)] == [None, "TT26", "TT26", "TT22"]
    assert regime("TT26", 2019) is not regime("TT26", 2020) is regime("TT26")
    assert regime("TT22", 2020) is None and regime("TT99") is None


def test_a_year_without_rules_is_not_checkable() -> None:
    payload: dict[str, Any] = {
        "regime": "TT99", "subjects": [], "learning": {}, "training": {}, "absences": {}, "promotion": "promoted", "promotion_note": None, "title": None,
    }  # fmt: skip
    assert [gap.field for gap in judge(payload, {}, "2024-2025").gaps] == ["regime"]
    assert "regime" in [gap.field for gap in judge(payload | {"regime": "TT26"}, {}, "2024-2025", grade=9).gaps], (
        "grade 9 is judged by TT22 then"
    )
