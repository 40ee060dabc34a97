"""The sheets and columns of an import or export."""

from __future__ import annotations

from dataclasses import dataclass, field

from hocba_app.domain.circumstances import WORDS
from hocba_app.domain.wording import position_name
from hocba_app.services.workbooks.cell_values import (
    Read,
    Write,
    birthday,
    choice,
    code,
    codes,
    day,
    digits,
    heading,
    listed,
    mark,
    one_line,
    phone,
    plain,
    result,
    shown_day,
    shown_result,
    shown_traits,
    traits,
    whole,
)


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
            Field("Điện thoại", "phone", read=phone, also=("Số điện thoại", "SĐT", "Di động"), code=True),
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
            Field("Ngày sinh", "birth_date", True, birthday, shown_day),
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
