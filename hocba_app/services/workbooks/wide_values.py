"""How a cell of a sheet with one row a pupil becomes a value: levels by word or letter, ticks as people draw them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from hocba_app.domain.assessment.subject_check import EXEMPT
from hocba_app.domain.identifiers import identifier
from hocba_app.services.workbooks import wide_columns
from hocba_app.services.workbooks.cell_values import (
    birthday,
    choice,
    code,
    heading,
    listed,
    mark,
    one_line,
    result,
    whole,
)
from hocba_app.services.workbooks.excel_columns import SHEETS, Field

_TICKS = {"x", "v", "✓", "✔", "☑", "√", "×", "✗", "✘", "☒", "✅", "\uf0fc", "\uf0fe", "ü", "þ", "có", "1", "đạt"}
"""Among them those of the font Wingdings, as files of the old format hold them."""
_BLANKS = {"", "0", "-", "–", "không", "\uf0a8", "\uf06f", "☐", "□", "◻", "⬜", "o"}
NOTHING = frozenset({"-", "–", "—", "/", "//", "\\", "...", "…", "_", "không", "không có"})
"""What people write where there is nothing to say."""
_COMPLETED = {"hoàn thành", "đã hoàn thành", "htct", "htctlh"}
_NOT_COMPLETED = {"chưa hoàn thành", "chưa", "cht"}
PRAISED: tuple[str, ...] = ()
"""What a tick under "Khen thưởng" is read as: somebody is praised, it is not said for what."""
_MARK_WORDS = {
    "m": EXEMPT,
    "miễn": EXEMPT,
    "miễn giảm": EXEMPT,
    "được miễn": EXEMPT,
    "đạt": "Đ",
    "chưa đạt": "CĐ",
    "htt": "T",
    "ht": "H",
    "cht": "C",
    "hoàn thành tốt": "T",
    "hoàn thành": "H",
    "chưa hoàn thành": "C",
}
_RATINGS = {
    "t": "Tốt", "k": "Khá", "đ": "Đạt", "cđ": "Chưa đạt", "g": "Giỏi", "tb": "Trung bình", "y": "Yếu",
    "htxs": "Hoàn thành xuất sắc", "htt": "Hoàn thành tốt", "ht": "Hoàn thành", "cht": "Chưa hoàn thành",
}  # fmt: skip
_WORDS = {
    heading(word): word
    for word in ("Tốt", "Khá", "Đạt", "Chưa đạt", "Giỏi", "Trung bình", "Yếu", "Kém", *wide_columns.LEVELS)
}
_TRAIT_WORDS = {"t": "T", "đ": "Đ", "c": "C", "tốt": "T", "đạt": "Đ", "cần cố gắng": "C", "ccg": "C"}
_SUMMARY = {wanted.key: wanted for spec in SHEETS if spec.key == "results" for wanted in spec.fields}
_STUDENTS = {wanted.key: wanted for spec in SHEETS if spec.key == "students" for wanted in spec.fields}
_PROMOTION = choice(
    {"Lên lớp": "promoted", "Được lên lớp": "promoted", "Lên lớp thẳng": "promoted", "Ở lại lớp": "retained", "Ở lại": "retained", "Lưu ban": "retained",
     "Đánh giá lại": "reassess", "Thi lại": "reassess", "Kiểm tra lại": "reassess", "Rèn luyện lại": "reassess"}
)[0]  # fmt: skip
_PUPIL = {
    wide_columns.CODE: Field("Mã học sinh", "student_code", read=code, code=True),
    wide_columns.NAME: Field("Họ và tên", "full_name", read=one_line),
    wide_columns.BIRTH: Field("Ngày sinh", "birth_date", read=birthday),
    wide_columns.CLASS: Field("Lớp", "class_code", read=code, code=True),
}


def ticked(text: str) -> bool:
    """Whether a cell is ticked.

    Raises:
        ValueError: it holds something else than a tick.
    """
    key = heading(identifier(text.replace("\ufe0f", "")) or text)
    if key in _TICKS:
        return True
    if key in _BLANKS:
        return False
    raise ValueError("phải là dấu chọn (x hoặc ✓) hoặc để trống")


def completed(text: str) -> bool:
    """Whether a pupil completed the programme, by a tick or a word.

    Raises:
        ValueError: neither.
    """
    key = heading(text)
    return True if key in _COMPLETED else False if key in _NOT_COMPLETED else ticked(text)


def title(text: str) -> str:
    """A title in full: "HSXS" → "Học sinh Xuất sắc"; other words stay as they are."""
    key = wide_columns.head_key(text)
    return next((name for name, names in wide_columns.TITLES.items() if key in names), one_line(text))


def praise(text: str) -> object:
    """What somebody is praised for, line by line; :data:`PRAISED` for a tick, None for an empty one."""
    try:
        return PRAISED if ticked(text) else None
    except ValueError:
        return [title(line) for line in listed(text)]


def wide_mark(text: str) -> str:
    """A mark, or a level by letter or word. Raises ValueError as :func:`mark`."""
    return mark(_MARK_WORDS.get(heading(text), text))


def rating(text: str) -> str:
    """ "HTT" → "Hoàn thành tốt", "K" → "Khá".

    Raises:
        ValueError: no word of a scale.
    """
    key = heading(text)
    if (found := _RATINGS.get(key) or _WORDS.get(key)) is None:
        raise ValueError("không phải mức đánh giá (Tốt, Khá, Đạt, Chưa đạt; HTXS, HTT, HT, CHT)")
    return found


def trait_level(text: str) -> str:
    """ "Tốt" → "T".

    Raises:
        ValueError: no level of qualities and competencies.
    """
    if (found := _TRAIT_WORDS.get(heading(text))) is None:
        raise ValueError("phải là T, Đ hoặc C")
    return found


def promotion(text: str) -> object:
    """A tick, or the words of the form. Raises ValueError otherwise; an empty tick says nothing."""
    try:
        return "promoted" if ticked(text) else None
    except ValueError as error:
        try:
            return _PROMOTION(text)
        except ValueError as other:
            raise ValueError(f"{error}, hoặc {str(other).removeprefix('phải ')}") from None


@lru_cache(maxsize=1024)
def field_of(target: str) -> Field:
    """The field a target's cells are read as; its key is where the value goes.

    Raises:
        KeyError: no such target.
    """
    if target in _PUPIL:
        return _PUPIL[target]
    kind, _, rest = target.partition("/")
    if kind == "subject_results":
        name, _, key = rest.rpartition("/")
        if not name or key not in (*wide_columns.TERMS, "test", "reassessed_test", "comment"):
            raise KeyError(target)
        return Field(name, key, read=one_line if key == "comment" else mark if key.endswith("test") else wide_mark)
    if kind == "traits":
        group, _, name = rest.partition("/")
        if name not in wide_columns.TRAITS.get(group, ()):
            raise KeyError(target)
        return Field(name, group, read=trait_level)
    if kind == "students":
        return _STUDENTS[rest]
    if kind != "results":
        raise KeyError(target)
    key, _, word = rest.partition("=")
    if key == "completed":
        return Field("Hoàn thành chương trình lớp học", key, read=completed)
    base = _SUMMARY[key]
    if word:
        return Field(word, key, read=ticked)
    if key.startswith(("learning.", "training.")):
        return Field(base.header, key, read=rating)
    special: dict[str, Callable[[str], object]] = {
        "promotion": promotion,
        "programme_completed": completed,
        "title": title,
        "awards": praise,
        "height_cm": result,
        "weight_kg": result,
    }
    return Field(base.header, key, read=whole if key.startswith("absences.") else special.get(key, base.read))


def title_of(target: str) -> str:
    """A target in the school's words."""
    if not target:
        return "Chưa rõ"
    if target == wide_columns.UNREAD:
        return "Không đọc"
    kind, _, rest = target.partition("/")
    if kind == "pupil":
        return _PUPIL[target].header
    if kind == "subject_results" and "/" in rest:
        name, _, key = rest.rpartition("/")
        more = {"test": "điểm kiểm tra cuối năm", "reassessed_test": "điểm kiểm tra lại", "comment": "nhận xét"}
        return f"Môn {name}: {wide_columns.TERMS.get(key) or more.get(key, key)}"
    if kind == "traits":
        return f"{'Phẩm chất' if rest.startswith('qualities') else 'Năng lực'}: {rest.partition('/')[2]}"
    if kind == "results":
        key, _, word = rest.partition("=")
        header = field_of(f"results/{key}").header if key in (*_SUMMARY, "completed") else key
        return f"{header}: {word}" if word else header
    spec = next((spec for spec in SHEETS if spec.key == kind), None)
    wanted = next((each for each in spec.fields if each.key == rest), None) if spec else None
    return wanted.header if wanted is not None else target


def known_target(target: str) -> bool:
    """Whether a target is one that cells can be read as."""
    try:
        return target == wide_columns.UNREAD or bool(field_of(target))
    except KeyError:
        return False
