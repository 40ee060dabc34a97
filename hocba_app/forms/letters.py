"""What of a record cannot be printed, found by the layout's own rules before anything is locked.

The layout asks :func:`require_printable` before it draws, the check before a lock :func:`unprintable`: the same strings, the same
typefaces, so nothing passes the one that the other refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.fonts import FACES, letter_words
from hocba_app.forms.wording import printable

_NEVER_PRINTED = frozenset(
    {"slots", "verification", "format", "kind", "regime", "photo_sha256", "row", "tax_code", "level", "form"}
)
_IN_CAPITALS = frozenset({("student", "full_name"), ("school", "name"), ("school", "department")})
_PLACES = {
    ("school", "name"): "Tên trường",
    ("school", "commune"): "Xã, phường của trường",
    ("school", "province"): "Tỉnh, thành phố của trường",
    ("school", "department"): "Tên sở giáo dục",
    ("student", "code"): "Mã học sinh",
    ("student", "full_name"): "Họ và tên",
    ("student", "birth_date"): "Ngày sinh",
    ("student", "sex"): "Giới tính",
    ("student", "id_number"): "Số định danh cá nhân",
    ("student", "ethnic_group"): "Dân tộc",
    ("student", "birth_place"): "Nơi sinh",
    ("student", "nationality"): "Quốc tịch",
    ("student", "home_town"): "Quê quán",
    ("student", "address"): "Chỗ ở hiện nay",
    ("student", "register_number"): "Số đăng bộ",
    ("student", "admission_date"): "Ngày nhập học",
    ("student", "priority_category"): "Đối tượng ưu tiên",
    ("student", "father_name"): "Họ và tên cha",
    ("student", "father_job"): "Nghề nghiệp của cha",
    ("student", "mother_name"): "Họ và tên mẹ",
    ("student", "mother_job"): "Nghề nghiệp của mẹ",
    ("student", "guardian_name"): "Họ và tên người giám hộ",
    ("student", "guardian_job"): "Nghề nghiệp của người giám hộ",
    ("class_name",): "Tên lớp",
    ("place",): "Nơi ký",
    ("school_year",): "Năm học",
    ("results", "promotion_note"): "Ghi chú lên lớp",
    ("results", "title"): "Danh hiệu",
    ("results", "awards"): "Khen thưởng",
    ("results", "certificates"): "Chứng chỉ",
    ("results", "homeroom_comment"): "Nhận xét của giáo viên chủ nhiệm",
    ("results", "homeroom_comment_after_summer"): "Nhận xét của giáo viên chủ nhiệm sau hè",
    ("results", "departure"): "Thay đổi trong năm học",
    ("results", "learning"): "Kết quả học tập",
    ("results", "training"): "Kết quả rèn luyện",
    ("results", "qualities"): "Phẩm chất",
    ("results", "qualities_comment"): "Nhận xét phẩm chất",
    ("results", "general_competencies"): "Năng lực chung",
    ("results", "general_comment"): "Nhận xét năng lực chung",
    ("results", "specific_competencies"): "Năng lực đặc thù",
    ("results", "specific_comment"): "Nhận xét năng lực đặc thù",
    ("results", "height_cm"): "Chiều cao",
    ("results", "weight_kg"): "Cân nặng",
}
_OF_SUBJECT = {"name": "Tên môn", "comment": "Nhận xét môn", "note": "Ghi chú môn"}


@dataclass(frozen=True, slots=True)
class Unprintable:
    """One place of a record with letters that no typeface has."""

    place: str
    """In the school's words."""
    letters: tuple[str, ...]

    @property
    def words(self) -> str:
        """The letters as the office may look for them."""
        return ", ".join(letter_words(letter) for letter in self.letters)


def unprintable(snapshot: Mapping[str, Any]) -> list[Unprintable]:
    """Every place with letters that cannot be printed; none for a record that can be laid out."""
    if is_plain(texts_of(snapshot)):
        return []
    found: dict[str, list[str]] = {}
    for path, text in _texts(snapshot, ()):
        shown = printable(text)
        texts = (shown, shown.upper()) if path[:2] in _IN_CAPITALS else (shown,)
        letters = [letter for each in texts for letter in missing_letters(each)]
        if letters:
            found.setdefault(_place(snapshot, path), []).extend(letters)
    return [Unprintable(place, tuple(dict.fromkeys(letters))) for place, letters in found.items()]


def missing_letters(text: str) -> list[str]:
    """The letters of a text, as :func:`printable` leaves it, that a typeface lacks. Line ends and blanks are no letters: lines
    are broken at them."""
    words = " ".join(text.split())
    return list(dict.fromkeys(letter for face in FACES for letter in face.missing(words)))


def require_printable(snapshot: Mapping[str, Any]) -> None:
    """Refuse a record that cannot be printed.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED with the first place and its letters.
    """
    found = unprintable(snapshot)
    if found:
        raise HocbaError(ErrorCode.FORM_TEXT_UNSUPPORTED, place=found[0].place, character=found[0].words)


def is_plain(texts: Iterable[str]) -> bool:
    """Whether texts hold only letters that every typeface has, small and capital: then there is nothing to look for."""
    return _PLAIN.issuperset("".join(texts))


def _plain() -> frozenset[str]:
    def has(letter: str) -> bool:
        return all(not face.missing(letter) for face in FACES)

    common = [letter for letter in FACES[0].single_letters if has(letter) and has(letter.upper())]
    return frozenset(common) | frozenset("\n\r\t")


_PLAIN = _plain()


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    return (text for _, text in _texts(value, ()))


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _NEVER_PRINTED:
                yield from _texts(item, (*path, key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, str(number)))


def _place(snapshot: Mapping[str, Any], path: tuple[str, ...]) -> str:
    if path[:2] == ("results", "subjects"):
        subject = snapshot["results"]["subjects"][int(path[2])]
        return f"{_OF_SUBJECT.get(path[3], 'Điểm môn')} {subject.get('name') or subject.get('code') or subject.get('subject_code') or ''}"
    if path[0] == "history":
        row = snapshot["history"][int(path[1])]
        return f"Quá trình học tập năm {row.get('school_year')}"
    return _PLACES.get(path[:2]) or _PLACES.get(path[:1]) or "Nội dung học bạ"
