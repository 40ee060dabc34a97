"""Nothing overlaps, nothing is cut, nothing leaves the paper: for the samples and for whatever a teacher may write."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.page import MM, Box
from tests import samples
from tests.unit.forms.layout_checks import faults, overlap, pages_of

WORD = st.text(st.sampled_from(samples.ALL_VIETNAMESE_LETTERS), min_size=1, max_size=9)
NAME = st.lists(WORD, min_size=1, max_size=9).map(" ".join)
COMMENT = st.lists(st.one_of(WORD, st.text("Wm0–,.", min_size=1, max_size=60)), max_size=70).map(" ".join)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def _completed() -> Snapshot:
    return samples.results_snapshot(samples.NAMES[1], 9, departure="Chuyển đi ngày 12/03/2026 đến Trường THCS Lê Lợi")


SAMPLES = {
    **{f"results of {name}": samples.results_snapshot(name) for name in samples.NAMES},
    "completed": _completed(),
    "reassessed": samples.reassessed_snapshot(),
    "demanding": samples.demanding_snapshot(),
    "cover": samples.cover_snapshot(),
    "cover with much": samples.cover_snapshot(
        "Công Tằng Tôn Nữ Hoàng Ngọc Nguyễn Phước Bảo Quỳnh",
        address=samples.LONG_COMMENT[:200],
        guardian_name=samples.NAMES[3],
        guardian_job="Nông dân trồng cà phê, hồ tiêu",
        priority_category="Con thương binh",
    ),
    "history": samples.history_snapshot(),
    "first year": samples.history_snapshot(years=1),
    "long history": samples.history_snapshot(years=12),
    "upper secondary": samples.upper_snapshot(),
    "upper secondary, last year": samples.upper_snapshot(samples.NAMES[3], 12),
    "TT26": samples.tt26_snapshot(),
    "TT26 with comments": samples.tt26_snapshot(subjects=samples.subject_rows(), homeroom_comment=samples.LONG_COMMENT),
    "primary": samples.primary_snapshot(),
    "primary, last year": samples.primary_snapshot(samples.NAMES[1], 5),
    "primary, homeroom teacher signs": samples.homeroom_signs_snapshot(),
    "demanding primary": samples.demanding_primary_snapshot(),
    "primary cover": samples.primary_cover(),
    "primary history": samples.primary_history(),
}
SAMPLES |= {f"{name}, newest form": samples.in_newest_form(copy.deepcopy(made)) for name, made in SAMPLES.items()} | {
    "fifteen subjects": samples.in_newest_form(samples.fifteen_subjects_snapshot()),
    "made up in summer": samples.in_newest_form(samples.made_up_primary_snapshot()),
    "eleven years, newest form": samples.in_newest_form(samples.primary_history(11)),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_laid_out_soundly(name: str) -> None:
    assert faults(SAMPLES[name]) == []


def test_primary_cover_has_nationality_and_home_town() -> None:
    snapshot = samples.cover_snapshot()
    snapshot["school"] = samples.school("primary")
    texts = [line.text for line in pages_of(snapshot)[1].lines]
    assert "Quốc tịch:" in texts and "Quê quán:" in texts and faults(snapshot) == []
    assert "Quốc tịch:" not in [line.text for line in pages_of(samples.cover_snapshot())[1].lines]


@FEW
@given(NAME, st.lists(COMMENT, min_size=12, max_size=12), COMMENT)
def test_results_hold_whatever_is_written(name: str, comments: list[str], homeroom: str) -> None:
    snapshot = samples.demanding_snapshot()
    snapshot["student"]["full_name"] = name
    snapshot["results"]["homeroom_comment"] = homeroom
    for row, comment in zip(snapshot["results"]["subjects"], comments, strict=True):
        row["comment"] = comment
    assert faults(snapshot) == []
    drawn = "".join(line.text for page in pages_of(snapshot) for line in page.lines).replace(" ", "")
    for text in (name.upper(), homeroom, *comments):
        assert text.replace(" ", "") in drawn


@FEW
@given(NAME, st.lists(COMMENT, min_size=11, max_size=11), COMMENT, COMMENT)
def test_primary_results_hold_whatever_is_written(
    name: str, comments: list[str], qualities: str, specific: str
) -> None:
    snapshot = samples.primary_snapshot(name, qualities_comment=qualities, specific_comment=specific)
    for row, comment in zip(snapshot["results"]["subjects"], comments, strict=True):
        row["comment"] = comment
    assert faults(snapshot) == []
    drawn = "".join(line.text for page in pages_of(snapshot) for line in page.lines).replace(" ", "")
    for text in (name.upper(), qualities, specific, *comments):
        assert text.replace(" ", "") in drawn


@FEW
@given(NAME, COMMENT.filter(lambda text: len(text) < 250), NAME)
def test_covers_hold_whatever_is_written(name: str, address: str, father: str) -> None:
    assert faults(samples.cover_snapshot(name, address=address, father_name=father)) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_any_number_of_teachers_on_a_row(count: int) -> None:
    snapshot = samples.results_snapshot()
    extra = [{"field": f"s.KHTN.{n}", "stage": "subject", "rows": ["KHTN"]} for n in range(2, count + 1)]
    snapshot["slots"] = [*extra, *snapshot["slots"]]  # type: ignore[list-item]
    assert faults(snapshot) == []


def test_a_row_covered_elsewhere_says_where() -> None:
    snapshot = samples.demanding_snapshot()
    assert "(ký tại dòng Ngữ văn)" in [line.text for line in pages_of(snapshot)[0].lines]


def test_more_than_a_page_of_comment_is_refused_not_cut() -> None:
    snapshot = samples.results_snapshot()
    snapshot["results"]["subjects"][0]["comment"] = samples.LONG_COMMENT * 30
    with pytest.raises(HocbaError) as refused:
        pages_of(snapshot)
    assert refused.value.code is ErrorCode.FORM_TEXT_TOO_LONG and "Ngữ văn" in refused.value.sentence


def test_seal_has_true_size_and_covers_the_left_third_of_the_principal() -> None:
    for snapshot in (
        samples.results_snapshot(),
        samples.cover_snapshot(),
        samples.history_snapshot(),
        samples.primary_snapshot(),
        samples.tt26_snapshot(),
    ):
        fields = pages_of(snapshot)[-1].fields
        seal, principal = fields["seal"], fields["principal"]
        assert seal.width == pytest.approx(38 * MM) and seal.height == pytest.approx(38 * MM)
        assert seal.right - principal.left == pytest.approx(principal.width / 3)
        assert seal.bottom < principal.bottom and principal.top < seal.top


def test_signatures_have_room_for_hand_name_and_time() -> None:
    for page in pages_of(samples.demanding_snapshot()):
        for name, field in page.fields.items():
            assert field.width >= 26 * MM - 0.01 and field.height >= 14 * MM, name


def test_the_checks_themselves_can_fail() -> None:
    assert overlap(Box(0, 0, 10, 10), Box(9, 9, 20, 20)) and not overlap(Box(0, 0, 10, 10), Box(10, 0, 20, 10))
    page = pages_of(samples.results_snapshot())[0]
    first = page.lines[4]
    page.text("đè lên", first.left, first.baseline + 1, *_face_and_size())
    from tests.unit.forms.layout_checks import _page_faults

    assert any("đè lên" in fault for fault in _page_faults(page))


def _face_and_size():
    from hocba_app.forms.fonts import REGULAR

    return REGULAR, 10.0


def test_two_pages_normally_and_three_where_texts_need_it() -> None:
    assert len(pages_of(samples.results_snapshot())) == 2
    assert len(pages_of(samples.demanding_snapshot())) == 3
    for snapshot in (samples.upper_snapshot(), samples.tt26_snapshot(), samples.primary_snapshot()):
        assert len(pages_of(snapshot)) == 2


def test_no_signature_stands_on_a_page_without_what_it_confirms() -> None:
    last = pages_of(samples.demanding_primary_snapshot())[-1]
    assert set(last.fields) == {"homeroom", "principal", "seal"}
    assert "Hoàn thành chương trình tiểu học" in [line.text for line in last.lines]
