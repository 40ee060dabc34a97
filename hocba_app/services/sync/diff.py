"""What changed in a row, field by field, as the report shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hocba_app.domain.circumstances import WORDS, circumstances, sentence
from hocba_app.services.sync.mapping import Known

MAX_CHANGES = 40
_IDS = {
    "class_id": "classes",
    "staff_id": "staff",
    "homeroom_staff_id": "staff",
    "subject_id": "subjects",
    "student_id": "students",
}
_QUIET = {"sort_name", "mismatches", "active"}
LABELS = {
    "commune": "Xã, phường", "province": "Tỉnh, thành phố", "department": "Sở", "tax_code": "Mã số thuế", "level": "Cấp học",
    "school_year": "Năm học", "student_id": "Học sinh", "class_name": "Lớp", "school_name": "Trường", "outcome": "Kết quả",
    "subjects": "Môn", "order": "Thứ tự",
    "code": "Mã", "full_name": "Họ và tên", "id_number": "Số định danh", "old_id_number": "Số CMND cũ", "position": "Chức vụ",
    "email": "Thư điện tử", "phone": "Điện thoại", "name": "Tên", "grade": "Khối", "regime": "Thông tư đánh giá", "homeroom_staff_id": "GVCN",
    "birth_date": "Ngày sinh", "sex": "Giới tính", "photo_sha256": "Ảnh", "class_id": "Lớp", "staff_id": "Giáo viên", "status": "Tình trạng",
    "from_date": "Từ ngày", "to_date": "Đến ngày", "note": "Ghi chú", "kind": "Loại môn", "subject_id": "Môn", "term": "Học kì", "learning": "Học tập",
    "training": "Rèn luyện", "term1": "HK I", "term2": "HK II", "year": "Cả năm", "reassessed": "Sau đánh giá lại", "comment": "Nhận xét",
    "promotion": "Lên lớp", "title": "Danh hiệu", "homeroom_comment": "Nhận xét của GVCN", "absences": "Số buổi nghỉ", "marks": "Điểm",
    "regular": "thường xuyên", "midterm": "giữa kì", "final": "cuối kì", "awards": "Khen thưởng", "address": "Nơi ở", "birth_place": "Nơi sinh",
    "ethnic_group": "Dân tộc", "nationality": "Quốc tịch", "home_town": "Quê quán", "register_number": "Số đăng bộ",
    "admission_date": "Ngày vào trường", "priority_category": "Diện ưu tiên", "father_name": "Họ tên cha", "father_job": "Nghề của cha",
    "mother_name": "Họ tên mẹ", "mother_job": "Nghề của mẹ", "guardian_name": "Người giám hộ", "guardian_job": "Nghề người giám hộ",
    "circumstances": "Trường hợp",
}  # fmt: skip


def changes(resource: str, before: dict[str, Any], after: dict[str, Any], known: Known) -> list[dict[str, str | None]]:
    """``[{"field", "label", "before", "after"}]``, at most :data:`MAX_CHANGES`; ids are shown as names."""
    found: list[dict[str, str | None]] = []
    for column in after:
        if before[column] == after[column] or column in _QUIET:
            continue
        if kind := _IDS.get(column):
            names = dict(getattr(known, kind).values())
            found.append(_entry((column,), names.get(before[column]), names.get(after[column])))
            continue
        root = () if column in ("details", "payload") else (column,)
        for path, old, new in _leaves(before[column], after[column], root):
            found.append(_entry(path, old, new))
            if len(found) >= MAX_CHANGES:
                return found
    return found


def summary(found: list[dict[str, str | None]]) -> str | None:
    """The first changes in a line."""
    if not found:
        return None
    shown = "; ".join(f"{entry['label']}: {entry['before'] or '–'} → {entry['after'] or '–'}" for entry in found[:4])
    return f"{shown}{f' (và {len(found) - 4} mục khác)' if len(found) > 4 else ''}"


def _entry(path: tuple[str, ...], before: str | None, after: str | None) -> dict[str, str | None]:
    label = ", ".join(LABELS.get(part, part) for part in path)
    return {"field": ".".join(path), "label": label, "before": before, "after": after}


def _leaves(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str | None, str | None]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _leaves(before.get(key), after.get(key), (*path, key))
    elif path[-1:] == ("subjects",) and isinstance(before, list) and isinstance(after, list):
        old, new = ({entry["subject_code"]: entry for entry in rows} for rows in (before, after))
        for code in {**old, **new}:
            yield from _leaves(old.get(code) or {}, new.get(code) or {}, (*path[:-1], code))
    else:
        yield path, _text(before), _text(after)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_item(item) if isinstance(item, dict) else str(item) for item in value)
    return "…" if isinstance(value, dict) else str(value)


def _item(item: dict[str, Any]) -> str:
    return sentence(circumstances([item])[0]) if item.get("kind") in WORDS else str(item.get("name", "…"))
