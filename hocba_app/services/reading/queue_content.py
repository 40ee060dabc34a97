"""What a signer is about to sign, pupil by pupil: his own subject's year, or what the whole record comes to.

Read from the frozen snapshots of one class at a time: what is shown is what is signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.odd_values import odd_in_results, odd_in_subject
from hocba_app.domain.snapshot_differences import differences
from hocba_app.forms.wording import BLANK, day, history_outcome, mark, stored_value
from hocba_app.models import SEAL, Database
from hocba_app.models.repositories import contents
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.objections.objections import open_on, why_returned
from hocba_app.services.reading.sections import promotion_text, subject_values, terms_text
from hocba_app.services.signing.signer_inbox import Waiting, waiting_for


@dataclass(frozen=True, slots=True)
class Content:
    """One pupil of a group, for one subject where the group is of subjects."""

    slot_id: str
    document_id: str
    student_code: str
    student_name: str
    subject_code: str
    """"" where the signer signs for the record as a whole."""
    values: tuple[tuple[str, str], ...]
    """``(label, text)``."""
    odd: tuple[str, ...]
    """Why to look at it twice, as sentences."""
    changed: tuple[tuple[str, str, str], ...]
    """``(what, then, now)``: against the version this person signed last."""
    returned: str
    """Why the record came back: what was reported and how it ended, or why it was unlocked; "" when it did not."""
    questioned: str
    """What is reported on it and open; "" for nothing."""
    ready: bool
    reason: ErrorCode | None


def group_content(
    db: Database, who: Identity, *, stage: str, kind: str, school_year: str, class_id: str, subjects: Sequence[str]
) -> list[Content]:
    """What waits for this person in one group of his queue; nothing for a group that is not his.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.OWN_QUEUE)
    with db.read(who.school_id) as session:
        waiting = [
            item
            for item in waiting_for(session, who, stage=stage, kind=kind, class_id=class_id)
            if (item.school_year, item.subjects) == (school_year, tuple(subjects))
        ]
        return _contents(session, who, waiting)


def _contents(session: Session, who: Identity, waiting: Sequence[Waiting]) -> list[Content]:
    if not waiting:
        return []
    ids = [item.document_id for item in waiting]
    frozen = contents.snapshots(session, [item.version_id for item in waiting])
    before = contents.signed_before(session, ids, None if waiting[0].stage == SEAL else who.staff_id)
    returned = contents.void_reasons(session, ids)
    said, questioned = why_returned(session, ids), open_on(session, ids)
    names = [item.student_name for item in waiting]
    found = []
    for item in waiting:
        snapshot = frozen[item.version_id]
        why = f"Đã hủy chốt để sửa: {returned[item.document_id]}" if returned.get(item.document_id) else ""
        common: dict[str, Any] = {
            "slot_id": item.slot_id,
            "document_id": item.document_id,
            "student_code": item.student_code,
            "student_name": item.student_name,
            "returned": " ".join(filter(None, (why, said.get(item.document_id, "")))),
            "questioned": questioned.get(item.document_id, ""),
            "ready": item.ready,
            "reason": item.reason,
        }
        for code, values, odd in _rows(snapshot, item, names):
            changed = _changed(before.get(item.document_id), snapshot, code)
            found.append(Content(subject_code=code, values=values, odd=odd, changed=changed, **common))
    return found


_Row = tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]
"""Subject, values, what strikes."""


def _rows(snapshot: Mapping[str, Any], item: Waiting, names: Sequence[str]) -> list[_Row]:
    results = snapshot.get("results")
    if item.subjects and results is not None:
        by_code = {row["code"]: row for row in results["subjects"]}
        return [_subject(by_code[code], results, item, names) for code in item.subjects if code in by_code]
    if results is not None:
        return [("", _results(snapshot, results), tuple(odd_in_results(results, item.student_name, names)))]
    if snapshot["kind"] == "history":
        return [("", _history(snapshot), ())]
    return [("", *_cover(snapshot))]


def _subject(row: Mapping[str, Any], results: Mapping[str, Any], item: Waiting, names: Sequence[str]) -> _Row:
    values = [(label, value or BLANK) for label, value in subject_values(row, results["regime"])]
    if len(item.subjects) > 1:
        values.insert(0, ("Môn", row["name"]))
    note = f" ({row['note']})" if row.get("note") else ""
    values.append(("Nhận xét", (row.get("comment") or BLANK) + note))
    return row["code"], tuple(values), tuple(odd_in_subject(row, results["regime"], item.student_name, names))


def _results(snapshot: Mapping[str, Any], results: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    absent = results.get("absences") or {}
    days = [absent.get(key) for key in (("excused", "unexcused") if "excused" in absent else ("year",))]
    values = [("Học tập", _year(results.get("learning"))), ("Rèn luyện", _year(results.get("training")))]
    if results.get("averages"):
        values.insert(0, ("ĐTB", _year(results["averages"])))
    return (
        *((label, text) for label, text in values if text != BLANK or label != "Rèn luyện"),
        ("Cuối năm", promotion_text(results, level=snapshot["school"]["level"], grade=snapshot.get("grade"))),
        ("Danh hiệu", results.get("title") or BLANK),
        ("Nghỉ", str(sum(count or 0 for count in days))),
        ("Nhận xét của GVCN", results.get("homeroom_comment") or BLANK),
    )


def _year(terms: Mapping[str, Any] | None) -> str:
    if not terms or not any(terms.values()):
        return BLANK
    if terms.get("reassessed"):
        return terms_text({key: terms.get(key) for key in ("year", "reassessed")})
    return mark(terms.get("year")) or BLANK


def _history(snapshot: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = snapshot.get("history") or []
    last = rows[-1] if rows else {}
    outcome = history_outcome(last.get("outcome"), snapshot["school"]["level"], snapshot.get("grade"))
    return (
        ("Số năm", str(len({row["school_year"] for row in rows}))),
        ("Năm nay", last.get("school_year") or BLANK),
        ("Kết quả", outcome or BLANK),
        ("Ghi chú", last.get("note") or BLANK),
    )


def _cover(snapshot: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    student = snapshot["student"]
    values = (
        ("Ngày sinh", day(student.get("birth_date")) or BLANK),
        ("Giới tính", student.get("sex") or BLANK),
        ("Nơi sinh", student.get("birth_place") or BLANK),
        ("Dân tộc", student.get("ethnic_group") or BLANK),
        ("Ảnh", "Có" if student.get("photo_sha256") else "Không"),
    )
    odd = tuple(
        f"Chưa có {words}."
        for key, words in (("birth_place", "nơi sinh"), ("id_number", "số định danh"), ("photo_sha256", "ảnh"))
        if not student.get(key)
    )
    return values, odd


_IN_ORDER = ("term1", "term2", "year", "test", "reassessed", "reassessed_test", "comment", "note")


def _place(path: str) -> int:
    """Within a subject, terms before the year: PostgreSQL keeps an object's keys in an order of its own."""
    last = path.rpartition(".")[2]
    return _IN_ORDER.index(last) if last in _IN_ORDER else len(_IN_ORDER)


def _changed(
    before: Mapping[str, Any] | None, now: Mapping[str, Any], subject_code: str
) -> tuple[tuple[str, str, str], ...]:
    """What is new since this person signed: of his subject, or of the whole record where he signs for all of it."""
    if before is None:
        return ()
    path = f"results.subjects.{subject_code}."
    found = sorted(differences(before, now), key=lambda entry: _place(entry["path"]))
    return tuple(
        (entry["label"], stored_value(entry["locked"]) or "(trống)", stored_value(entry["synced"]) or "(trống)")
        for entry in found
        if not subject_code or entry["path"].startswith(path)
    )
