"""Locked records against newer data: what differs, field by field; the locked snapshot itself is never touched.

Workflow rule 6. Who signs, the place and the public code are no data of the pupil: they are not compared. A changed
*number* of signers is the pre-check's matter (core decision 10).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlmodel import Session, col, select

from hocba_app.domain.snapshot import Snapshot
from hocba_app.models import Document, DocumentVersion, SchoolClass, Student
from hocba_app.models.repositories.signing import serialise
from hocba_app.services.records.snapshot import load_sources, snapshot_from

_AT_A_TIME = 200
_KEYS = {"subjects": "code", "history": "school_year", "qualities": "name", "general_competencies": "name", "specific_competencies": "name"}
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
    "excused": "có phép", "unexcused": "không phép", "height_cm": "chiều cao", "weight_kg": "cân nặng",
    "qualities_comment": "nhận xét phẩm chất", "general_comment": "nhận xét năng lực chung", "specific_comment": "nhận xét năng lực đặc thù",
}  # fmt: skip
_MOMENT = {
    "student.address", "student.father_job", "student.mother_job", "student.guardian_job", "student.photo_sha256",
    "student.priority_category",
}
"""Facts of a moment: shown as changed, but the signed record stays true of its day. So is all the school says of itself."""
_NOT_COMPARED = ("format", "kind", "place", "verification", "slots")


def refresh_out_of_date(
    session: Session, student_ids: Collection[str] | None = None, *, class_ids: Collection[str] | None = None, kinds: Collection[str] | None = None
) -> int:
    """Compare locked current versions with what their snapshots would be now and note it on the documents.

    Call it in the transaction that wrote the data. Nothing changes where nothing differs, and what is no longer
    different is no longer noted.

    Args:
        session: write session of the school, its changes flushed.
        student_ids: pupils to look at; None for all.
        class_ids: only documents locked in these classes; None for all.
        kinds: only these kinds of document; None for all.

    Returns:
        How many documents became out of date in an essential field by this.
    """
    query = select(Document, DocumentVersion, Student, SchoolClass).join(
        DocumentVersion, (col(DocumentVersion.id) == Document.version_id) & (col(DocumentVersion.school_id) == Document.school_id)
    ).join(Student, (col(Student.id) == Document.student_id) & (col(Student.school_id) == Document.school_id)).join(
        SchoolClass, (col(SchoolClass.id) == DocumentVersion.class_id) & (col(SchoolClass.school_id) == Document.school_id)
    )
    if class_ids is not None:
        query = query.where(col(DocumentVersion.class_id).in_(list(class_ids)))
    if kinds is not None:
        query = query.where(col(Document.kind).in_(list(kinds)))
    newly = 0
    # A lock that opens records at this moment is waited for, and seen; one that comes after reads the new data.
    serialise(session)
    for chosen in _chunks(sorted(student_ids)) if student_ids is not None else (None,):
        found = session.exec(query if chosen is None else query.where(col(Document.student_id).in_(chosen))).all()
        newly += _compare(session, [(row[0], row[1], row[2], row[3]) for row in found])
    session.flush()
    return newly


Row = tuple[Document, DocumentVersion, Student, SchoolClass]


def _compare(session: Session, rows: list[Row]) -> int:
    """Note the differences of these documents; what they are built from is read once a class."""
    by_class: dict[str, list[Row]] = {}
    for row in rows:
        by_class.setdefault(row[3].id, []).append(row)
    newly = 0
    for of_class in by_class.values():
        sources = load_sources(session, of_class[0][3], sorted({student.id for _, _, student, _ in of_class}))
        for document, version, student, _ in of_class:
            current = snapshot_from(sources, document.kind, student, (), code="", url="")
            found = differences(version.snapshot, current) or None
            if found != document.out_of_date:
                newly += is_out_of_date(found) and not is_out_of_date(document.out_of_date)
                document.out_of_date = found
                session.add(document)
    return newly


def is_out_of_date(noted: list[dict[str, Any]] | None) -> bool:
    """Whether what was noted makes the record out of date: facts of a moment alone do not."""
    return any(entry["essential"] for entry in noted or ())


def differences(locked: Mapping[str, Any], current: Snapshot) -> list[dict[str, Any]]:
    """What newer data would change: ``[{"path", "label", "locked", "synced", "essential"}]`` in the order of the form."""
    found = []
    for key in {**locked, **current}:
        if key not in _NOT_COMPARED:
            found += list(_walk(locked.get(key), current.get(key), (key,), (_LABELS.get(key, key),)))
    return [
        {"path": path, "label": label, "locked": _shown(old), "synced": _shown(new), "essential": _essential(locked, path)}
        for path, label, old, new in found
    ]


def _walk(old: Any, new: Any, path: tuple[str, ...], label: tuple[str, ...]) -> Iterator[tuple[str, str, Any, Any]]:
    if old == new:
        return
    key = _KEYS.get(path[-1])
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from _walk(old.get(name), new.get(name), (*path, name), (*label, _LABELS.get(name, name)))
    elif key is not None and isinstance(old, list) and isinstance(new, list):
        before, after = ({entry[key]: entry for entry in rows} for rows in (old, new))
        for name in {**before, **after}:
            entry = after.get(name) or before[name]
            yield from _walk(before.get(name, {}), after.get(name, {}), (*path, name), (*label, entry.get("name") or name))
    else:
        yield ".".join(path), " – ".join(label), old, new


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


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _AT_A_TIME):
        yield ids[start : start + _AT_A_TIME]
