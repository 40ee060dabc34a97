"""Two contents of one record, field by field: what was locked against what newer data say.

Who signs, the place, the public code and the form are no data of the pupil: they are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hocba_app.domain.circumstances import WORDS

_KEYS = {
    "subjects": "code",
    "history": "school_year",
    "qualities": "name",
    "general_competencies": "name",
    "specific_competencies": "name",
    "circumstances": "kind",
}
"""Lists of the snapshot whose entries have a name of their own."""
_LABELS = {
    "school": "Trường", "student": "Học sinh", "results": "Kết quả", "history": "Quá trình học tập", "code": "mã", "name": "tên",
    "level": "cấp học", "commune": "xã/phường", "province": "tỉnh/thành", "department": "Sở GDĐT", "tax_code": "mã số thuế",
    "class_name": "Lớp", "grade": "Khối", "full_name": "họ và tên", "birth_date": "ngày sinh", "sex": "giới tính", "id_number": "số định danh",
    "ethnic_group": "dân tộc", "birth_place": "nơi sinh", "nationality": "quốc tịch", "home_town": "quê quán", "address": "nơi ở",
    "register_number": "số đăng bộ", "admission_date": "ngày vào trường", "priority_category": "diện ưu tiên", "father_name": "họ tên cha",
    "father_job": "nghề của cha", "mother_name": "họ tên mẹ", "mother_job": "nghề của mẹ", "guardian_name": "người giám hộ",
    "guardian_job": "nghề người giám hộ", "photo_sha256": "ảnh", "kind": "loại môn", "term1": "học kì I", "term2": "học kì II", "year": "cả năm",
    "reassessed": "sau đánh giá lại", "comment": "nhận xét", "note": "ghi chú", "test": "điểm kiểm tra", "learning": "học tập",
    "training": "rèn luyện", "averages": "ĐTB các môn", "absences": "số buổi nghỉ", "promotion": "lên lớp", "promotion_note": "ghi chú lên lớp",
    "title": "danh hiệu", "awards": "khen thưởng", "certificates": "chứng chỉ", "homeroom_comment": "nhận xét của GVCN",
    "homeroom_comment_after_summer": "nhận xét của GVCN sau hè", "programme_completed": "hoàn thành chương trình", "departure": "chuyển đi, thôi học",
    "regime": "thông tư đánh giá", "subjects": "môn", "school_name": "trường", "outcome": "kết quả", "school_year": "năm học",
    "qualities": "phẩm chất", "general_competencies": "năng lực chung", "specific_competencies": "năng lực đặc thù",
    "circumstances": "trường hợp", "from_date": "từ ngày", "to_date": "đến ngày", "decision": "quyết định",
    "excused": "có phép", "unexcused": "không phép", "height_cm": "chiều cao", "weight_kg": "cân nặng",
    "qualities_comment": "nhận xét phẩm chất", "general_comment": "nhận xét năng lực chung", "specific_comment": "nhận xét năng lực đặc thù",
}  # fmt: skip
_MOMENT = {
    "student.address",
    "student.father_job",
    "student.mother_job",
    "student.guardian_job",
    "student.photo_sha256",
    "student.priority_category",
}
"""Facts of a moment: shown as changed, but the signed record stays true of its day. So is all the school says of itself."""
_NOT_COMPARED = ("format", "kind", "place", "verification", "slots", "head", "form")

Difference = dict[str, Any]
"""``{"path", "label", "locked", "synced", "essential"}``, as `Document.out_of_date` keeps it."""
Step = tuple[str, str, Any, Any]
"""Last part of a path, its words, what was locked, what the data say now."""


def is_out_of_date(noted: Sequence[Difference] | None) -> bool:
    """Whether what was noted makes the record out of date: facts of a moment alone do not."""
    return any(entry["essential"] for entry in noted or ())


def vanished(locked: Mapping[str, Any], *, known: bool) -> Difference:
    """The difference that is a pupil's absence: the source has him in no class of the record's year any more.

    Args:
        known: whether it still has the pupil himself.
    """
    if known:
        return _entry(
            "enrolment",
            "Lớp",
            locked.get("class_name"),
            "không còn tên trong danh sách lớp nào của năm học này theo SMAS",
            essential=True,
        )
    return _entry(
        "student", "Học sinh", locked["student"].get("full_name"), "hồ sơ học sinh đã bị hủy trên SMAS", essential=True
    )


def differences(locked: Mapping[str, Any], current: Mapping[str, Any]) -> list[Difference]:
    """What newer data would change, in the order of the form."""
    found: list[tuple[str, str, Any, Any]] = []
    for key in {**locked, **current}:
        if key not in _NOT_COMPARED:
            found += list(_walk(locked.get(key), current.get(key), (key,), (_LABELS.get(key, key),)))
    return [
        _entry(path, label, _shown(old), _shown(new), essential=_essential(locked, path))
        for path, label, old, new in found
    ]


def _entry(path: str, label: str, locked: str | None, synced: str | None, *, essential: bool) -> Difference:
    return {"path": path, "label": label, "locked": locked, "synced": synced, "essential": essential}


def _walk(old: Any, new: Any, path: tuple[str, ...], label: tuple[str, ...]) -> Iterator[tuple[str, str, Any, Any]]:
    if old == new:
        return
    steps: Sequence[Step] | None = None
    if isinstance(old, dict) and isinstance(new, dict):
        steps = [
            (name, _LABELS.get(name, name), old.get(name), new.get(name)) for name in {**old, **new} if name != "row"
        ]
    elif isinstance(old, list) and isinstance(new, list):
        steps = (
            _history_rows(old, new)
            if path == ("history",)
            else _named_rows(_KEYS[path[-1]], old, new)
            if path[-1] in _KEYS
            else None
        )
    if steps is not None:
        for name, words, before, after in steps:
            yield from _walk(before, after, (*path, name), (*label, words))
    else:
        yield ".".join(path), " – ".join(label), old, new


def _named_rows(key: str, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Step]:
    before, after = ({entry[key]: dict(entry) for entry in rows} for rows in (old, new))
    return [
        (name, _name_of(after.get(name) or before[name], name), before.get(name, {}), after.get(name, {}))
        for name in {**before, **after}
    ]


def _name_of(entry: Mapping[str, Any], key: str) -> str:
    return WORDS.get(key) or entry.get("name") or key


def _history_rows(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> list[Step]:
    """Rows of QTHT side by side. The last one is this school's of the year; another is known by the sector's id, where both have
    it, else as the row of its year that says the same, else in order: a year may have two."""
    pairs = _paired(old[:-1], new[:-1])
    years = [(after or before)["school_year"] for before, after in pairs]
    steps = []
    for place, (year, (before, after)) in enumerate(zip(years, pairs, strict=True)):
        alone = years.count(year) == 1 and not any(rows and rows[-1].get("school_year") == year for rows in (old, new))
        number, school = years[:place].count(year) + 1, (after or before).get("school_name") or ""
        steps.append((year if alone else f"{year}#{number}", year if alone else f"{year} ({school})", before, after))
    own = (old[-1] if old else {}), (new[-1] if new else {})
    year = (own[1] or own[0]).get("school_year", "")
    return [*steps, (year, year, *own)]


def _paired(
    old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each row with what became of it, in the order of the newer list; what vanished is listed at its year."""
    left = {number: row for number, row in enumerate(old)}
    became: dict[int, dict[str, Any]] = {}
    same: tuple[Any, ...] = (
        lambda a, b: a.get("row") is not None and a.get("row") == b.get("row"),
        lambda a, b: _content(a) == _content(b),
        lambda a, b: a["school_year"] == b["school_year"] and None in (a.get("row"), b.get("row")),
    )
    for is_same in same:
        for number, row in enumerate(new):
            if (
                number not in became
                and (match := next((key for key, other in left.items() if is_same(other, row)), None)) is not None
            ):
                became[number] = left.pop(match)
    pairs = [(became.get(number, {}), row) for number, row in enumerate(new)] + [(row, {}) for row in left.values()]
    return sorted(pairs, key=lambda pair: (pair[1] or pair[0])["school_year"])


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "row"}


def _essential(locked: Mapping[str, Any], path: str) -> bool:
    if path in _MOMENT or path.startswith("school."):
        return False
    # A school that is renamed later was called otherwise in the year it signed for.
    if path in {f"history.{locked.get('school_year')}.{name}" for name in ("school_name", "commune", "province")}:
        return False
    # The cover is of no year: the class it was locked in goes on changing.
    return not (locked["kind"] == "cover" and path in ("class_name", "grade"))


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, list):
        return ", ".join(str(item.get("name", "") if isinstance(item, dict) else item) for item in value) or None
    if isinstance(value, dict):
        return "có" if value else None
    return str(value)
