"""The sheets and columns of an import or export, and how a cell's text becomes a value of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hocba_app.domain.assessment.subject_check import EXEMPT
from hocba_app.domain.circumstances import WORDS
from hocba_app.domain.identifiers import clean_text, identifier
from hocba_app.domain.wording import position_name

Read = Callable[[str], object]
"""A cell's text as a value.

Raises:
    ValueError: its message is the reason shown to the user.
"""
Write = Callable[[object], str]
LEVELS = ("Đ", "CĐ", "T", "H", "C")
"""Written instead of a mark: passed or not (TT22, TT26), well done to not done (TT27)."""
_DAY = re.compile(
    r"(?:ngày )?([0-9]{1,2})(?:[/.-]| ?/ ?| tháng )([0-9]{1,2})(?:[/.-]| ?/ ?| năm )([0-9]{4})(?: 0{1,2}:00(?::00)?)?"
)


def heading(text: str) -> str:
    """A header in one form, whatever its line breaks, case, marks of obligation or Unicode form."""
    return re.sub(r"[\s*:.()]+", " ", clean_text(text)).strip().casefold()


def plain(text: str) -> str:
    """Text in NFC with single blanks on each line."""
    return "\n".join(" ".join(line.split()) for line in clean_text(text).strip().splitlines())


def one_line(text: str) -> str:
    """Text in NFC on one line: people break the lines of a cell to see all of it."""
    return " ".join(plain(text).split())


def day(text: str) -> str:
    """ "06/05/2014", "ngày 6 tháng 5 năm 2014" or "2014-05-06" → "2014-05-06"."""
    said = one_line(text).casefold()
    try:
        if found := _DAY.fullmatch(said):
            return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
        return date.fromisoformat(said[:10]).isoformat()
    except ValueError:
        short = re.fullmatch(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}", said)
        why = "; năm phải đủ bốn chữ số" if short else ""
        raise ValueError(f"không phải ngày dạng ngày/tháng/năm{why}") from None


def shown_day(value: object) -> str:
    """ "2014-05-06" → "06/05/2014"."""
    year, month, rest = str(value).split("-")
    return f"{rest}/{month}/{year}"


def result(text: str) -> str:
    """A mark with decimal comma or point, or a level: "8,5" → "8.5"."""
    value = plain(text)
    return value.replace(",", ".") if re.fullmatch(r"[0-9]{1,2},[0-9]{1,4}", value) else value


def shown_result(value: object) -> str:
    """ "8.5" → "8,5"."""
    text = str(value)
    return text.replace(".", ",") if re.fullmatch(r"[0-9]{1,2}\.[0-9]+", text) else text


def mark(text: str) -> str:
    """A mark from 0 to 10 with one decimal at most, or a level: "8,5" → "8.5", "đ" → "Đ".

    Raises:
        ValueError: anything else; it must not take the place of a mark.
    """
    value = plain(text)
    if value.upper() in LEVELS:
        return value.upper()
    if value.casefold() == EXEMPT.casefold():
        return EXEMPT
    if (
        not (found := re.fullmatch(r"([0-9]{1,2})(?:[.,]([0-9])0*)?", value))
        or float(f"{found[1]}.{found[2] or 0}") > 10
    ):
        raise ValueError(
            f"không phải điểm (0 đến 10, nhiều nhất một chữ số sau dấu phẩy) hay mức ({', '.join(LEVELS)})"
        )
    return f"{int(found[1])}.{found[2]}" if found[2] else str(int(found[1]))


def code(text: str) -> str:
    """A code as it is stored.

    Raises:
        ValueError: it is what a spreadsheet makes of a long number, and its last digits are gone.
    """
    value = identifier(text)
    if re.fullmatch(r"[0-9][.,]?[0-9]*E\+?[0-9]{1,2}", value, re.IGNORECASE):
        raise ValueError(f"Excel đã đổi mã thành {value} và bỏ các chữ số cuối; hãy lấy lại mã từ tệp gốc")
    if re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{3}){2,}", value):
        raise ValueError(f"mã viết như số có dấu hàng nghìn ({value}); hãy bỏ các dấu ngăn cách")
    return value


def digits(length: int) -> Read:
    """A number that names a person: so many digits, blanks between them aside."""

    def read(text: str) -> str:
        value = re.sub(r"\s", "", identifier(text))
        if not re.fullmatch(rf"[0-9]{{{length}}}", value):
            raise ValueError(
                f"phải có đúng {length} chữ số; nếu thiếu số 0 ở đầu, hãy định dạng cột là Văn bản và gõ lại"
            )
        return value

    return read


def whole(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()):
        raise ValueError("không phải số nguyên")
    return int(text)


def listed(text: str) -> list[str]:
    """Several values in a cell, parted by semicolons or line breaks."""
    return [part for part in (plain(part) for part in re.split(r"[;\n]", text)) if part]


def codes(text: str) -> list[str]:
    """Several codes in a cell."""
    return [identifier(part) for part in re.split(r"[;,\s]+", text) if part]


def traits(text: str) -> list[dict[str, str | None]]:
    """ "Yêu nước: T; Nhân ái: Đ" → names with their levels; a name without a level is not assessed yet."""
    found = []
    for part in listed(text):
        name, _, level = (one_line(piece) for piece in part.partition(":"))
        if level and level.upper() not in ("T", "Đ", "C"):
            raise ValueError(f"mức của {name[:40]} phải là T, Đ hoặc C")
        found.append({"name": name, "level": level.upper() or None})
    return found


def shown_traits(value: Any) -> str:
    """Names and levels as :func:`traits` reads them."""
    return "; ".join(f"{row['name']}: {row['level'] or ''}" for row in value)


def choice(words: Mapping[str, object]) -> tuple[Read, Write]:
    """A value chosen from words of the school's."""
    by_word = {heading(word): value for word, value in words.items()}
    first = {value: word for word, value in reversed(list(words.items()))}

    def read(text: str) -> object:
        if heading(text) not in by_word:
            raise ValueError(f"phải là một trong: {', '.join(words)}")
        return by_word[heading(text)]

    return read, lambda value: first.get(value, "")


@dataclass(frozen=True, slots=True)
class Field:
    """One column."""

    header: str
    key: str
    """Where the value goes; "learning.term1" is a path."""
    required: bool = False
    read: Read = one_line
    write: Write = str
    also: tuple[str, ...] = ()
    """Other headers schools' exports use."""
    code: bool = False
    """It names somebody or something: a zero in front counts."""

    @property
    def reader(self) -> str:
        """The name of the function that reads it."""
        return getattr(self.read, "__name__", "")

    @property
    def marks(self) -> bool:
        """Whether it holds marks or levels."""
        return self.reader in ("mark", "wide_mark")

    @property
    def words(self) -> bool:
        """Whether it holds a word of a scale, so that no date and no number belongs there."""
        return self.key.startswith(("learning.", "training."))

    def matches(self, text: str) -> bool:
        return heading(text) in {heading(name) for name in (self.header, *self.also)}


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """One sheet."""

    title: str
    key: str
    fields: tuple[Field, ...]
    also: tuple[str, ...] = field(default=())

    def matches(self, text: str) -> bool:
        return heading(text) in {heading(name) for name in (self.title, *self.also)}


_SEX = choice({"Nam": "Nam", "Nữ": "Nữ"})
_POSITION = (
    choice(
        {
            "Giáo viên": "teacher",
            "Hiệu trưởng": "principal",
            "Giám đốc": "principal",
            "Phó hiệu trưởng": "vice_principal",
            "Phó giám đốc": "vice_principal",
            "Nhân viên": "clerk",
            "Văn thư": "clerk",
        }
    )[0],
    lambda value: position_name(str(value)),
)
_WORKING = choice({"Đang làm việc": "working", "Đã nghỉ": "left"})
_STUDYING = choice({"Đang học": "studying", "Chuyển đến": "moved_in", "Chuyển đi": "moved_out", "Thôi học": "left"})
_KIND = choice({"Tính điểm": "marked", "Nhận xét": "comment"})
_TERM = choice({"Cả năm": "year", "I": "I", "II": "II", "1": "I", "2": "II", "HK I": "I", "HK II": "II"})
_PROMOTION = choice({"Lên lớp": "promoted", "Ở lại lớp": "retained", "Đánh giá lại": "reassess"})
_CIRCUMSTANCE = choice({words: str(kind) for kind, words in WORDS.items()})
_YES = choice({"Có": True, "Không": False})
_PUPIL = Field("Mã học sinh", "student_code", True, code, also=("Mã HS", "Mã định danh Bộ"), code=True)
_TERMS = (("HK I", "term1"), ("HK II", "term2"), ("cả năm", "year"), ("sau đánh giá lại", "reassessed"))
_PRIMARY = (
    Field("Số buổi nghỉ có phép", "absences.excused", False, whole),
    Field("Số buổi nghỉ không phép", "absences.unexcused", False, whole),
    Field("Chiều cao (cm)", "height_cm", False, result, shown_result),
    Field("Cân nặng (kg)", "weight_kg", False, result, shown_result),
    Field("Phẩm chất", "qualities", False, traits, shown_traits),
    Field("Nhận xét phẩm chất", "qualities_comment", False, plain),
    Field("Năng lực chung", "general_competencies", False, traits, shown_traits),
    Field("Nhận xét năng lực chung", "general_comment", False, plain),
    Field("Năng lực đặc thù", "specific_competencies", False, traits, shown_traits),
    Field("Nhận xét năng lực đặc thù", "specific_comment", False, plain),
)
"""Of primary schools only; a level is written after its name."""

SHEETS = (
    SheetSpec(
        "Giáo viên",
        "staff",
        (
            Field("Mã giáo viên", "code", True, code, also=("Mã GV",), code=True),
            Field("Họ và tên", "full_name", True, also=("Họ tên",)),
            Field("Số định danh", "id_number", False, digits(12), also=("Số CCCD", "CCCD"), code=True),
            Field("Số CMND cũ", "old_id_number", False, digits(9), also=("CMND",), code=True),
            Field("Chức vụ", "position", True, *_POSITION),
            Field("Thư điện tử", "email", also=("Email",)),
            Field("Điện thoại", "phone", code=True),
            Field("Trạng thái", "status", False, *_WORKING),
        ),
        ("Cán bộ", "Danh sách giáo viên"),
    ),
    SheetSpec(
        "Lớp",
        "classes",
        (
            Field("Mã lớp", "code", True, code, code=True),
            Field("Tên lớp", "name", True),
            Field("Khối", "grade", True, whole),
            Field("Thông tư đánh giá", "regime", True),
            Field("Mã GVCN", "homeroom_code", False, code, also=("GVCN", "Mã giáo viên chủ nhiệm"), code=True),
        ),
        ("Lớp học", "Danh sách lớp"),
    ),
    SheetSpec(
        "Môn học",
        "subjects",
        (
            Field("Mã môn", "code", True, code, also=("Mã môn học",), code=True),
            Field("Tên môn", "name", True, also=("Tên môn học",)),
            Field("Loại", "kind", True, *_KIND),
            Field("Thứ tự", "order", False, whole),
        ),
    ),
    SheetSpec(
        "Học sinh",
        "students",
        (
            Field("Mã học sinh", "code", True, code, also=("Mã HS", "Mã định danh Bộ"), code=True),
            Field("Họ và tên", "full_name", True, also=("Họ tên",)),
            Field("Ngày sinh", "birth_date", True, day, shown_day),
            Field("Giới tính", "sex", True, *_SEX),
            Field("Mã lớp", "class_code", False, code, also=("Lớp", "Tên lớp"), code=True),
            Field("Tình trạng", "status", False, *_STUDYING),
            Field("Số định danh", "id_number", False, digits(12), also=("Số CCCD", "Số định danh cá nhân"), code=True),
            Field("Dân tộc", "ethnic_group"),
            Field("Quốc tịch", "nationality"),
            Field("Nơi sinh", "birth_place"),
            Field("Quê quán", "home_town"),
            Field("Nơi ở", "address", also=("Địa chỉ", "Chỗ ở hiện nay")),
            Field("Số đăng bộ", "register_number", code=True),
            Field("Ngày vào trường", "admission_date", False, day, shown_day),
            Field("Diện ưu tiên", "priority_category"),
            Field("Họ tên cha", "father_name"),
            Field("Nghề của cha", "father_job"),
            Field("Họ tên mẹ", "mother_name"),
            Field("Nghề của mẹ", "mother_job"),
            Field("Người giám hộ", "guardian_name"),
            Field("Nghề người giám hộ", "guardian_job"),
        ),
        ("Danh sách học sinh",),
    ),
    SheetSpec(
        "Trường hợp",
        "circumstances",
        (
            _PUPIL,
            Field("Trường hợp", "kind", True, *_CIRCUMSTANCE),
            Field("Mã môn", "subjects", False, codes, lambda value: "; ".join(value), code=True),  # type: ignore[arg-type] # a list, as the field reads it
            Field("Từ ngày", "from_date", False, day, shown_day),
            Field("Đến ngày", "to_date", False, day, shown_day),
            Field("Số quyết định", "decision", code=True),
        ),
        ("Trường hợp đặc biệt", "Đối tượng"),
    ),
    SheetSpec(
        "Phân công",
        "teaching_assignments",
        (
            Field("Mã lớp", "class_code", True, code, code=True),
            Field("Mã môn", "subject_code", True, code, code=True),
            Field("Mã giáo viên", "staff_code", True, code, code=True),
            Field("Học kì", "term", False, *_TERM),
            Field("Thứ tự", "position", False, whole),
        ),
        ("Phân công giảng dạy",),
    ),
    SheetSpec(
        "Kết quả môn học",
        "subject_results",
        (
            _PUPIL,
            Field("Mã môn", "subject_code", True, code, code=True),
            Field("Học kì I", "term1", False, mark, shown_result, ("HK I",)),
            Field("Học kì II", "term2", False, mark, shown_result, ("HK II",)),
            Field("Cả năm", "year", False, mark, shown_result, ("CN",)),
            Field("Đánh giá lại", "reassessed", False, mark, shown_result),
            Field("Điểm kiểm tra cuối năm", "test", False, mark, shown_result),
            Field("Điểm kiểm tra lại", "reassessed_test", False, mark, shown_result),
            Field("Nhận xét", "comment", False, plain),
            Field("Ghi chú", "note", False, plain),
        ),
        ("Kết quả", "Điểm"),
    ),
    SheetSpec(
        "Tổng kết",
        "results",
        (
            _PUPIL,
            *(Field(f"Học tập {name}", f"learning.{key}") for name, key in _TERMS),
            *(Field(f"Rèn luyện {name}", f"training.{key}") for name, key in _TERMS),
            *(Field(f"Số buổi nghỉ {name}", f"absences.{key}", False, whole) for name, key in _TERMS[:3]),
            Field("Lên lớp", "promotion", False, *_PROMOTION),
            Field("Ghi chú lên lớp", "promotion_note", False, plain),
            Field("Danh hiệu", "title"),
            Field("Khen thưởng", "awards", False, listed, lambda value: "; ".join(value)),  # type: ignore[arg-type] # a list, as the field reads it
            Field("Chứng chỉ", "certificates", False, plain),
            Field("Nhận xét của GVCN", "homeroom_comment", False, plain),
            Field("Nhận xét của GVCN sau hè", "homeroom_comment_after_summer", False, plain),
            Field("Hoàn thành chương trình", "programme_completed", False, *_YES),
            *(Field(f"ĐTB các môn {name}", f"averages.{key}", False, mark, shown_result) for name, key in _TERMS),
            *_PRIMARY,
        ),
    ),
)
"""In the order in which they are brought in."""
