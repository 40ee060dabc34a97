"""The forms schools really have: one row a pupil, three or four rows of merged heads, read whatever wrote them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hocba_app.services.workbooks.excel_rows import read_rows
from hocba_app.services.workbooks.sheet_rows import Rows
from hocba_app.services.workbooks.wide_columns import CODE, head_key, meaning_of, path_key
from hocba_app.services.workbooks.wide_rows import Knowledge
from tests.unit.sync import wide_forms
from tests.unit.sync.test_workbook_cells import sheets
from tests.unit.sync.wide_forms import GENERAL, TICK, TRAITS, Form, secondary_summary, vnedu_primary

GRADE_5 = (("Tiếng Việt", True), ("Toán", True), ("Đạo đức", False))
GRADE_1 = (("Tiếng Việt", True), ("Đạo đức", False))
BINH = [
    "0012",
    "Lò Thị Bình",
    "06/05/2015",
    "T",
    9.0,
    "H",
    8.0,
    "T",
    *"TĐT",
    "T",
    *"TTTTT",
    None,
    TICK,
    None,
    None,
    "x",
]
PAO = ["0013", "Giàng A Páo", "07/05/2015", "H", 6.0, "H", 5.0, "H", *"ĐĐĐ", "Đ", *"TTTTĐ", None, None, "ü", None, "X"]
WRITERS = {"xlwt": wide_forms.by_xlwt, "openpyxl": wide_forms.by_openpyxl, "xlsxwriter": wide_forms.by_xlsxwriter}
Writer = Callable[[Form], bytes]


def understood(form: Form, writer: Writer = wide_forms.by_xlwt, known: Knowledge | None = None) -> Rows:
    return read_rows(sheets(writer(form)), known)


def by_subject(rows: Rows, code: str) -> dict[str, dict[str, Any]]:
    found = [entry.values for entry in rows.of["subject_results"] if entry.values["student_code"] == code]
    return {
        values["subject_code"]: {key: values[key] for key in values if not key.endswith("_code")} for values in found
    }


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_vnedus_four_merged_rows_are_read(writer: Writer) -> None:
    rows = understood(vnedu_primary(GRADE_5, [BINH, PAO]), writer)
    assert rows.problems == [] and rows.forms == {"primary_results"} and rows.unknown == []
    assert by_subject(rows, "0012") == {
        "Tiếng Việt": {"year": "T", "test": "9"}, "Toán": {"year": "H", "test": "8"}, "Đạo đức": {"year": "T"},
    }  # fmt: skip
    first, second = (entry.values for entry in rows.of["results"])
    assert (first["learning.year"], first["promotion"]) == ("Hoàn thành tốt", "promoted")
    assert (second["learning.year"], second["promotion"]) == ("Hoàn thành", "promoted")
    assert second["qualities"] == [{"name": name, "level": "Đ" if name == "Trách nhiệm" else "T"} for name in TRAITS]
    assert [row["name"] for row in first["general_competencies"]] == list(GENERAL)
    assert first["specific_competencies"] == [{"name": "Ngôn ngữ", "level": "T"}]
    assert [entry.values["full_name"] for entry in rows.pupils] == ["Lò Thị Bình", "Giàng A Páo"]


def test_columns_that_shift_from_grade_to_grade_are_found_by_their_heads() -> None:
    pupil = ["0099", "Y Moan Ênuôl", "01/02/2019", "T", 10.0, "H", *"TTT", "T", *"TTTTT", TICK, None, None, None, "x"]
    rows = understood(vnedu_primary(GRADE_1, [pupil]))
    assert rows.problems == []
    assert by_subject(rows, "0099") == {"Tiếng Việt": {"year": "T", "test": "10"}, "Đạo đức": {"year": "H"}}
    assert rows.of["results"][0].values["learning.year"] == "Hoàn thành xuất sắc"


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_secondary_summary_is_read(writer: Writer) -> None:
    pupil = [
        "012",
        "Đặng Ỷ Lan",
        "06/05/2014",
        "8,2",
        "8.5",
        "8,4",
        "Đ",
        "Đ",
        "Đ",
        *("Khá", "T", "Tốt"),
        *("Tốt",) * 3,
        "3",
        None,
        "Lên lớp",
    ]
    rows = understood(secondary_summary(("Toán", "Giáo dục thể chất"), [pupil]), writer)
    assert rows.problems == [] and rows.forms == {"secondary_results"}
    assert by_subject(rows, "012") == {
        "Toán": {"term1": "8.2", "term2": "8.5", "year": "8.4"}, "Giáo dục thể chất": {"term1": "Đ", "term2": "Đ", "year": "Đ"},
    }  # fmt: skip
    values = rows.of["results"][0].values
    assert (values["learning.term1"], values["learning.term2"], values["learning.year"]) == ("Khá", "Tốt", "Tốt")
    assert (values["training.year"], values["absences.year"], values["promotion"]) == ("Tốt", 3, "promoted")


def test_heads_are_parted_without_being_told_what_is_merged() -> None:
    """.ods and .xlsb tell no merged cells: a group's name goes on to the right over what has heads of its own."""
    form = vnedu_primary(GRADE_5, [BINH])
    form.merged = []
    rows = understood(form, wide_forms.by_openpyxl)
    assert rows.problems == [] and by_subject(rows, "0012")["Toán"] == {"year": "H", "test": "8"}
    assert rows.of["results"][0].values["qualities"][0] == {"name": "Yêu nước", "level": "T"}


def test_a_wrong_cell_is_named_and_takes_no_values_place() -> None:
    wrong = [*BINH]
    wrong[4], wrong[8], wrong[18] = "chín", "X", "?"
    rows = understood(vnedu_primary(GRADE_5, [wrong]))
    assert [(problem.cell, problem.code) for problem in rows.problems] == [
        ("F9", "not_a_mark"),
        ("J9", "value"),
        ("T9", "value"),
    ]
    assert "test" not in by_subject(rows, "0012")["Tiếng Việt"]


def test_two_ticks_for_one_level_are_refused() -> None:
    twice = [*BINH]
    twice[17] = TICK
    assert [(problem.cell, problem.code) for problem in understood(vnedu_primary(GRADE_5, [twice])).problems] == [
        ("T9", "ticked_twice")
    ]


def test_a_number_for_a_code_is_refused_in_the_old_format() -> None:
    rows = understood(vnedu_primary(GRADE_5, [[12, *BINH[1:]]]))
    assert [(problem.cell, problem.code) for problem in rows.problems] == [("B9", "number_in_code")]


def test_the_middle_of_a_term_is_no_part_of_a_record() -> None:
    form = vnedu_primary(GRADE_5, [BINH])
    form.cells[1, 0] = "KẾT QUẢ GIỮA HỌC KỲ I"
    assert [problem.code for problem in understood(form).problems] == ["midterm"]


def test_unknown_heads_are_offered_and_remembered_by_their_words_not_their_place() -> None:
    foreign = vnedu_primary((("Hoạt động câu lạc bộ", False), *GRADE_5), [[*BINH[:3], "T", *BINH[3:]]], code="ID")
    # What the school calls a subject is not what the form says: with a school's subjects it has to be told.
    subjects = {head_key(name): name.upper() for name, _ in GRADE_5}
    rows = understood(foreign, known=Knowledge(subjects=subjects))
    assert [problem.code for problem in rows.problems] == ["unknown_columns"]
    assert [(column.letter, column.head) for column in rows.unknown] == [
        ("B", "ID"), ("E", "Môn học và hoạt động giáo dục ▸ Hoạt động câu lạc bộ ▸ Mức đạt được"),
    ]  # fmt: skip
    told = {
        path_key(("ID",)): CODE,
        path_key(("Môn học và hoạt động giáo dục", "Hoạt động câu lạc bộ", "Mức đạt được")): "-",
    }
    for order in (GRADE_5, GRADE_1):
        values = BINH if order is GRADE_5 else [*BINH[:5], *BINH[7:]]
        moved = vnedu_primary(
            (*order, ("Hoạt động câu lạc bộ", False)),
            [[*values[: 8 if order is GRADE_5 else 6], "T", *values[8 if order is GRADE_5 else 6 :]]],
            code="ID",
        )
        again = understood(moved, known=Knowledge(told, subjects))
        assert again.problems == [] and again.unknown == []
        assert by_subject(again, "0012")["TIẾNG VIỆT"] == {"year": "T", "test": "9"}


@pytest.mark.parametrize(
    ("path", "term", "target"),
    [
        (("Kết quả học tập", "HK II"), "year", "results/learning.term2"), (("Học lực",), "term1", "results/learning.term1"),
        (("Số buổi nghỉ", "Có phép"), "year", "results/absences.excused"), (("Số buổi nghỉ", "KP"), "year", "results/absences.unexcused"),
        (("Môn học", "Học kỳ I", "Toán"), "year", "subject_results/Toán/term1"), (("Ngoại ngữ 1",), "term2", "subject_results/Ngoại ngữ 1/term2"),
        (("Môn học và HĐGD", "Toán", "Điểm KTĐK"), "term1", "-"), (("Khen thưởng", "HS Xuất sắc"), "year", "results/title=Học sinh Xuất sắc"),
        (("Năng lực", "Tin học"), "year", "traits/specific_competencies/Tin học"), (("Tin học",), "year", "subject_results/Tin học/year"),
        (("Nơi sinh",), "year", "students/birth_place"), (("Chữ ký phụ huynh",), "year", ""),
    ],
)  # fmt: skip
def test_what_heads_mean(path: tuple[str, ...], term: str, target: str) -> None:
    assert meaning_of(path, term, None) == target
