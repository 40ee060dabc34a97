"""What the columns of a sheet with one row a pupil mean: the sector's and SMAS's forms, vnEdu's, class summaries.

A meaning is a word that can be kept and shown: ``pupil/student_code`` names the pupil, ``students/birth_place`` is of his
list, ``subject_results/Toán/year`` a mark, ``results/learning.year`` a word of the year's summary,
``results/learning.year=Hoàn thành tốt`` a tick instead of a word, ``traits/qualities/Yêu nước`` a level, ``-`` is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from hocba_app.domain.search_text import fold
from hocba_app.services.workbooks.cell_values import heading
from hocba_app.services.workbooks.excel_columns import SHEETS

UNREAD = "-"
CODE, NAME, BIRTH, CLASS = "pupil/student_code", "pupil/full_name", "pupil/birth_date", "pupil/class_code"
AWARDS = "results/awards"
TERMS = {"term1": "học kì I", "term2": "học kì II", "year": "cả năm", "reassessed": "sau đánh giá lại"}
TRAITS = {
    "qualities": ("Yêu nước", "Nhân ái", "Chăm chỉ", "Trung thực", "Trách nhiệm"),
    "general_competencies": (
        "Tự chủ và tự học",
        "Giao tiếp và hợp tác",
        "Giải quyết vấn đề và sáng tạo",
    ),
    "specific_competencies": ("Ngôn ngữ", "Tính toán", "Khoa học", "Công nghệ", "Tin học", "Thẩm mĩ", "Thể chất"),
}
LEVELS = ("Hoàn thành xuất sắc", "Hoàn thành tốt", "Hoàn thành", "Chưa hoàn thành")
SUBJECT_NAMES = (
    "Ngữ văn", "Toán", "Tiếng Việt", "Ngoại ngữ 1", "Ngoại ngữ", "Tiếng Anh", "Tiếng Pháp", "Tiếng Nhật", "Tiếng Trung", "Giáo dục công dân",
    "GDCD", "Đạo đức", "Tự nhiên và Xã hội", "Lịch sử và Địa lí", "Lịch sử", "Địa lí", "Khoa học", "Khoa học tự nhiên", "KHTN", "Công nghệ", "Tin học",
    "Tin học và Công nghệ", "Giáo dục thể chất", "GDTC", "Thể dục", "Nghệ thuật", "Âm nhạc", "Mĩ thuật", "Hoạt động trải nghiệm",
    "Hoạt động trải nghiệm, hướng nghiệp", "HĐTN", "HĐTN, HN", "HĐTNHN", "Nội dung giáo dục của địa phương", "Nội dung giáo dục địa phương", "GDĐP",
    "Giáo dục địa phương", "Vật lí", "Hóa học", "Hoá học", "Sinh học", "Giáo dục kinh tế và pháp luật", "GDKT&PL", "GDKTPL",
    "Giáo dục quốc phòng và an ninh", "GDQP&AN", "GDQPAN", "Tiếng dân tộc thiểu số", "Ngoại ngữ 2",
)  # fmt: skip
"""Names under which subjects are listed in these forms without a group above them."""


@lru_cache(maxsize=4096)
def head_key(text: str) -> str:
    """A head as it is compared: no marks, no capitals, i for y ("kỳ", "kì"), "&" as "và"."""
    folded = re.sub(r"[^a-z0-9 ]+", " ", fold(heading(text).replace("&", " và "))).replace("y", "i")
    return " ".join(folded.split())


def path_key(path: Sequence[str]) -> str:
    """The heads of a column as the school's memory names them."""
    return " > ".join(head_key(part) for part in path)


def _keys(*names: str) -> frozenset[str]:
    return frozenset(head_key(name) for name in names)


_IDENTITY = {
    CODE: _keys(
        "Mã học sinh", "Mã HS", "Mã định danh Bộ", "Mã định danh học sinh", "Mã số học sinh", "Mã học sinh (*)"
    ),
    NAME: _keys(
        "Họ và tên",
        "Họ tên",
        "Họ và tên học sinh",
        "Họ tên học sinh",
        "Tên học sinh",
        "Họ đệm",
        "Họ và tên đệm",
        "Họ lót",
        "Họ và chữ lót",
        "Họ và đệm",
        "Họ và chữ đệm",
    ),
    BIRTH: _keys("Ngày sinh", "Ngày, tháng, năm sinh", "Ngày tháng năm sinh"),
    CLASS: _keys("Mã lớp", "Lớp", "Tên lớp"),
}
FAMILY_NAME, GIVEN_NAME = _keys("Họ"), _keys("Tên", "Tên HS", "Tên gọi")
"""Of a pupil only where the one stands beside the other, or beside a head that names him."""
_PASSED = _keys(
    "STT", "TT", "Số thứ tự", "Ghi chú", "Giới tính", "Nữ", "Dân tộc", "Mã trường", "Khối", "Xếp hạng", "Hạng", "Chữ ký", "Ký tên",
)  # fmt: skip
"""Known and not read: counted, said elsewhere, or not part of a record."""
_SUBJECTS = _keys(
    "Môn học và hoạt động giáo dục", "Môn học và HĐGD", "Các môn học và hoạt động giáo dục", "Môn học", "Các môn học", "Kết quả các môn học",
    "Điểm trung bình các môn", "Điểm trung bình các môn học", "ĐTB các môn học", "Điểm trung bình môn học", "Điểm tổng kết các môn",
    "Kết quả học tập các môn học", "Điểm trung bình môn",
)  # fmt: skip
_LEVEL = _keys(
    "Mức đạt được",
    "Mức đạt",
    "Mức",
    "Đánh giá",
    "Xếp loại",
    "MĐĐ",
    "Mức ĐG",
    "ĐTB",
    "Điểm TB",
    "Điểm trung bình",
    "TBM",
    "ĐTBm",
)
_TEST = _keys("Điểm KTĐK", "KTĐK", "Điểm kiểm tra định kì", "Điểm KT định kì", "Điểm", "Điểm KT", "Điểm kiểm tra")
_COMMENT = _keys("Nhận xét")
_GROUPS = {
    "qualities": _keys("Phẩm chất chủ yếu", "Phẩm chất"),
    "general_competencies": _keys("Năng lực chung"),
    "specific_competencies": _keys("Năng lực đặc thù"),
}
_COMPETENCIES = _keys("Năng lực cốt lõi", "Năng lực")
_LEARNING = _keys(
    "Kết quả học tập", "Học tập", "KQHT", "Học lực", "Xếp loại học tập", "Xếp loại học lực", "Mức học tập"
)
_TRAINING = _keys(
    "Kết quả rèn luyện", "Rèn luyện", "KQRL", "Hạnh kiểm", "Xếp loại rèn luyện", "Xếp loại hạnh kiểm", "Mức rèn luyện"
)
_OVERALL = _keys(
    "Xếp loại", "Đánh giá KQGD", "Đánh giá kết quả giáo dục", "Kết quả giáo dục", "KQGD", "Kết quả đánh giá giáo dục", "Mức hoàn thành",
    "Đánh giá kết quả GD",
)  # fmt: skip
_AVERAGES = _keys("ĐTB các môn", "TB các môn", "Trung bình các môn", "ĐTBCM", "TBCM", "Điểm TB các môn")
_ABSENCES = _keys(
    "Số buổi nghỉ",
    "Số ngày nghỉ",
    "Nghỉ học",
    "Buổi nghỉ",
    "Số buổi nghỉ học",
    "Tổng số buổi nghỉ",
    "Tổng số buổi nghỉ học",
)
TITLES = {"Học sinh Xuất sắc": _keys("Học sinh Xuất sắc", "HS Xuất sắc", "HSXS")} | {
    "Học sinh Giỏi": _keys("Học sinh Giỏi", "HS Giỏi", "HSG")
} | {"Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện": _keys(
    "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện", "Học sinh Tiêu biểu", "HS Tiêu biểu")}  # fmt: skip
_ALONE = {
    "results/promotion": _keys("Lên lớp", "Được lên lớp", "Kết quả lên lớp"),
    "results/promotion=Ở lại lớp": _keys("Ở lại lớp", "Lưu ban"),
    "results/promotion=Đánh giá lại": _keys("Đánh giá lại", "Thi lại", "Kiểm tra lại", "Rèn luyện trong hè"),
    "results/title": _keys("Danh hiệu", "Danh hiệu thi đua", "Danh hiệu khen thưởng"),
    "results/programme_completed": _keys(
        "Hoàn thành chương trình tiểu học",
        "Hoàn thành chương trình THCS",
        "Hoàn thành chương trình THPT",
        "Hoàn thành chương trình cấp học",
        "Hoàn thành chương trình cấp",
        "Hoàn thành CT cấp",
        "Hoàn thành CT cấp học",
        "Hoàn thành CT tiểu học",
        "Hoàn thành CTTH",
        "HTCTTH",
    ),
    "results/completed": _keys(
        "Hoàn thành CT",
        "Hoàn thành chương trình",
        "Hoàn thành chương trình lớp",
        "Hoàn thành chương trình lớp học",
        "Hoàn thành CT lớp",
        "Hoàn thành CT lớp học",
        "Hoàn thành CT lớp/cấp",
        "Hoàn thành chương trình lớp/cấp",
        "Hoàn thành chương trình lớp học/cấp học",
        "HTCT",
        "HTCTLH",
        "HTCT lớp học",
        "Hoàn thành CTLH",
    ),
    "results/awards": _keys(
        "Khen thưởng", "Khen thưởng cuối năm", "Khen thưởng đột xuất", "Nội dung khen thưởng", "Được khen thưởng"
    ),
    "results/homeroom_comment": _keys("Nhận xét của GVCN", "Nhận xét của giáo viên chủ nhiệm", "Nhận xét chung"),
    "results/height_cm": _keys("Chiều cao", "Chiều cao (cm)"),
    "results/weight_kg": _keys("Cân nặng", "Cân nặng (kg)"),
}
_PRAISE = _keys("Khen thưởng", "Khen thưởng cuối năm")
_OF_THE_YEAR = _PRAISE | _keys("Kết quả cuối năm", "Tổng hợp", "Kết quả", "Tổng kết")
_WHAT_IS_COMPLETED = dict.fromkeys(_keys("Lớp", "Lớp học"), "results/completed") | dict.fromkeys(
    _keys("Cấp", "Cấp học", "Tiểu học"), "results/programme_completed"
)
_SUBJECT_AVERAGE = re.compile(
    r"(?:d?tbm?|diem tb|diem trung binh|trung binh)(?: ?mon)? ?(?:hoc ki|hk|ki)? ?(i{1,2}|[12]|cn|ca nam)?"
)
_SINGLE_MARK = re.compile(
    r"(?:ddg|dg|kt|diem )?(?:tx|gk|ck|thuong xuien|giua ki|cuoi ki|mieng|15 ?p|15 phut|1 tiet|45 phut)(?: ?[0-9])?"
)
"""Heads of a mark book of one subject: its averages, and the single marks that give them."""
_AVERAGE_OF = {"i": "term1", "1": "term1", "ii": "term2", "2": "term2", "cn": "year", "ca nam": "year"}
_ABBREVIATED = {
    "tu chu tu hoc": "tu chu va tu hoc", "giao tiep hop tac": "giao tiep va hop tac", "gt va ht": "giao tiep va hop tac",
    "gqvd va sang tao": "giai quiet van de va sang tao", "gqvd va st": "giai quiet van de va sang tao", "giai quiet van de sang tao": "giai quiet van de va sang tao",
    "ngon ngu van hoc": "ngon ngu", "tham mi nghe thuat": "tham mi",
}  # fmt: skip
_TERM_OF = (
    ("term2", re.compile(r"\b(?:hoc ki|hki?|ki)\s*(?:ii|2)\b")),
    ("term1", re.compile(r"\b(?:hoc ki|hki?|ki)\s*(?:i|1)\b")),
    ("reassessed", re.compile(r"\b(?:danh gia lai|thi lai|kiem tra lai|kt lai|ren luien lai|sau he)\b")),
    ("year", re.compile(r"\b(?:ca nam|cuoi nam|cn)\b")),
)
_OF_STUDENTS = {
    head_key(name): f"students/{wanted.key}"
    for spec in SHEETS
    if spec.key == "students"
    for wanted in spec.fields
    if wanted.key not in ("code", "full_name", "birth_date", "class_code", "sex", "ethnic_group")
    for name in (wanted.header, *wanted.also)
}


def names_pupil(text: str) -> bool:
    """Whether a head is one of those that name a pupil."""
    return any(head_key(text) in names for names in _IDENTITY.values()) or head_key(text) in ("stt", "tt")


def term_of(text: str) -> str | None:
    """The term a text names; ``midterm`` for the middle of one, which no record holds."""
    key = head_key(text)
    if re.search(r"\bgiua (?:hoc ki|ki|hk|nam)", key):
        return "midterm"
    return next((term for term, pattern in _TERM_OF if pattern.search(key)), None)


def subject_of(texts: Sequence[str], subjects: Mapping[str, str] | None) -> str:
    """The subject that the titles of a mark book name ("Môn: Toán", a sheet called "Toán"); "" where they name none."""
    for text in texts:
        words = head_key(text).removeprefix("mon ").rpartition(" mon ")[2].removeprefix("hoc ").split()
        for count in range(min(len(words), 8), 0, -1):
            key = " ".join(words[:count])
            if subjects is None and key in _SUBJECT_KEYS:
                return next(name for name in SUBJECT_NAMES if head_key(name) == key)
            if subjects is not None and key in subjects:
                return subjects[key]
    return ""


def meaning_of(path: Sequence[str], term: str, subjects: Mapping[str, str] | None, subject: str = "") -> str:
    """What a column means; "" when its heads say nothing known.

    Args:
        path: its heads from the top down.
        term: of the sheet, by its titles: ``term1``, ``term2`` or ``year``.
        subjects: the school's subjects, :func:`head_key` of name or code → code; None to take any subject by its name.
        subject: that the whole sheet is about, as a mark book of one subject is; "" for none.
    """
    keys = [head_key(part) for part in path]
    if len(keys) == 1 and (bare := _without_term(keys[0])) != keys[0] and bare in _SUBJECT_KEYS:  # "Toán HKI"
        own = next(name for name in SUBJECT_NAMES if head_key(name) == bare)
        return meaning_of((own, path[0]), term, subjects, subject)
    for target, names in _IDENTITY.items():
        if keys[0] in names and (len(keys) == 1 or target == NAME):
            return target
    if keys[-1] in _PASSED and len(keys) == 1:
        return UNREAD
    own_term = next((found for part in reversed(path) if (found := term_of(part)) is not None), term)
    if own_term == "midterm":
        return UNREAD
    return (
        (_in_mark_book(keys, term, subject) if subject else "")
        or _subject(path, keys, own_term, subjects)
        or _trait(keys)
        or _summary(keys, own_term)
        or (_OF_STUDENTS.get(keys[0], "") if len(keys) == 1 else "")
    )


def _in_mark_book(keys: list[str], term: str, subject: str) -> str:
    """A column of a sheet about one subject: its averages and its comment count, single marks are not kept by a record."""
    if any(_SINGLE_MARK.fullmatch(key) for key in keys):
        return UNREAD
    own = next((each for key in reversed(keys) if (each := term_of(key)) is not None), None)
    if found := _SUBJECT_AVERAGE.fullmatch(keys[-1]):
        return f"subject_results/{subject}/{_AVERAGE_OF.get(found[1] or '') or own or term}"
    if own in TERMS and all(_is_term(key) for key in keys):
        return f"subject_results/{subject}/{own}"
    return f"subject_results/{subject}/comment" if keys[-1] in _COMMENT and term == "year" else ""


def _is_term(key: str) -> bool:
    return any(pattern.fullmatch(key) for _, pattern in _TERM_OF)


def _subject(path: Sequence[str], keys: list[str], term: str, subjects: Mapping[str, str] | None) -> str:
    grouped = keys[0] in _SUBJECTS and len(keys) > 1
    at = 1 if grouped else 0
    if not grouped and not (keys[0] in _SUBJECT_KEYS or (subjects is not None and keys[0] in subjects)):
        return ""
    if grouped and keys[1] in _SUBJECTS and len(keys) > 2:
        at = 2
    if grouped and term_of(path[at]) is not None and len(keys) > at + 1:
        at += 1  # terms above the subjects
    name = path[at] if subjects is None else subjects.get(keys[at], "")
    if not name:
        return ""
    metrics = [key for key in keys[at + 1 :] if term_of(key) is None]
    if not metrics or metrics[-1] in _LEVEL:
        return f"subject_results/{name}/{term}"
    if metrics[-1] in _TEST:
        # A record holds the test at the end of the year only.
        return {"year": f"subject_results/{name}/test", "reassessed": f"subject_results/{name}/reassessed_test"}.get(
            term, UNREAD
        )
    return f"subject_results/{name}/comment" if metrics[-1] in _COMMENT and term == "year" else ""


def _trait(keys: list[str]) -> str:
    group = next((name for name, heads in _GROUPS.items() if any(key in heads for key in keys[:-1])), None)
    last = _ABBREVIATED.get(keys[-1], keys[-1])
    if group is None:
        if not any(key in _COMPETENCIES for key in keys[:-1]):
            return ""
        group = next(
            (name for name in ("general_competencies", "specific_competencies") if last in _TRAIT_KEYS[name]), ""
        )
    found = _TRAIT_KEYS.get(group, {}).get(last)
    return f"traits/{group}/{found}" if found else ""


def _without_term(key: str) -> str:
    """ "so buoi nghi ca nam" → "so buoi nghi"; a head that is only a term stays."""
    bare = key
    for _, pattern in _TERM_OF:
        bare = pattern.sub(" ", bare)
    return " ".join(bare.split()) or key


def _summary(keys: list[str], term: str) -> str:
    last = keys[-1]
    keys = [_without_term(key) for key in keys]
    for title, names in TITLES.items():
        if last in names:
            return f"results/title={title}"
    for level in LEVELS:
        if last == head_key(level) and any(key in _OVERALL for key in keys[:-1]):
            return f"results/learning.{term}={level}"
    if any(key in _ABSENCES for key in keys):
        kind = (
            "excused"
            if re.search(r"\b(?:co phep|p|cp)$", last)
            else "unexcused"
            if re.search(r"\b(?:khong phep|kp|k)$", last)
            else term
        )
        return f"results/absences.{kind}" if kind != "reassessed" else ""
    for names, target in ((_LEARNING, "learning"), (_TRAINING, "training"), (_AVERAGES, "averages")):
        if any(key in names for key in keys):
            return f"results/{target}.{term}"
    if last in _OVERALL:
        return f"results/learning.{term}"
    if (len(keys) == 1 or keys[0] in _OF_THE_YEAR) and (
        found := next((target for target, names in _ALONE.items() if last in names), "")
    ):
        return found
    if keys[0] in _PRAISE:
        return "results/awards"
    if keys[0] in _ALONE["results/completed"] and last in _WHAT_IS_COMPLETED:
        return _WHAT_IS_COMPLETED[last]
    return UNREAD if last in _PASSED else ""


_SUBJECT_KEYS = frozenset(map(head_key, SUBJECT_NAMES))
_TRAIT_KEYS = {group: {head_key(name): name for name in names} for group, names in TRAITS.items()}
