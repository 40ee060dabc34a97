"""The special cases of a year, looked at in the product's own data when everything is sealed: what was played, and whether it went well."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from hocba_app.domain.circumstances import ON_HISTORY, ON_RESULTS, UNKNOWN, WORDS, Kind, circumstances
from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.membership import LEAVING
from hocba_app.models import (
    Document,
    DocumentVersion,
    Enrolment,
    HistoryEntry,
    SchoolClass,
    Slot,
    Student,
    StudentResult,
    Subject,
    TeachingAssignment,
)
from hocba_app.rehearsal.school import PlayedSchool


@dataclass(frozen=True, slots=True)
class Played:
    """One kind of case."""

    case: str
    count: int
    """Pupils, classes or rows it happened to; 0 in a school too small for it."""
    seen: str
    ok: bool = True


@dataclass
class _Year:
    """The finished year by pupil."""

    students: dict[str, Student]
    enrolments: dict[str, Enrolment]
    results: dict[str, StudentResult]
    documents: dict[tuple[str, str], Document]
    versions: dict[str, DocumentVersion]
    """Current versions by id."""
    slots: dict[str, list[Slot]]
    """By version."""
    retained: set[str]
    voided: int
    renamed: set[str] = field(default_factory=set)

    def sealed(self, pupils: Iterable[str]) -> bool:
        return all(
            (self.documents[pupil, kind].state if (pupil, kind) in self.documents else "") == "sealed"
            for pupil in pupils
            for kind in KINDS
        )

    def snapshot(self, pupil: str, kind: str = "results") -> dict[str, Any]:
        document = self.documents.get((pupil, kind))
        return self.versions[document.version_id].snapshot if document is not None and document.version_id else {}

    def version(self, pupil: str, kind: str = "results") -> DocumentVersion | None:
        document = self.documents.get((pupil, kind))
        return self.versions.get(document.version_id or "") if document is not None else None

    def rows(self, pupil: str) -> list[dict[str, Any]]:
        return list(self.snapshot(pupil).get("results", {}).get("subjects", []))


def played(school: PlayedSchool, school_year: str, handed_over: set[str], corrected: int) -> list[Played]:
    """Look at every case.

    Args:
        handed_over: pupils whose record was given out when they left.
        corrected: results that were wrong and corrected in SMAS before they were locked.
    """
    year = _read(school, school_year)
    left = [key for key, row in year.enrolments.items() if row.status in LEAVING]
    came = [key for key, row in year.enrolments.items() if row.status == "moved_in"]
    # Under TT27 the year is judged by its end alone: nothing is missing, nothing is noted.
    noted = [
        key
        for key in came
        if year.results[key].payload["regime"] == "TT27" or any(row["note"] for row in year.rows(key))
    ]
    early = [key for key in left if not year.rows(key)]
    summer = [key for key in year.results if _after_summer(year.results[key].payload)]
    no_id = [key for key, row in year.students.items() if not row.id_number]
    decomposed = _decomposed(school, year)
    renamed, moved = _classes(year)
    whole = [
        Played(
            "Chuyển đến, không có học kì I",
            len(came),
            "cả năm theo học kì II, có ghi chú",
            noted == came and year.sealed(came),
        ),
        Played(
            "Chuyển đi giữa năm",
            len(left) - len(early),
            "chốt, ký, đóng dấu riêng, giao qua liên kết và mã PIN",
            set(left) <= handed_over and year.sealed(left) and all(_departed(year, key) for key in left),
        ),
        Played(
            "Chuyển đi khi chưa có kết quả", len(early), "bảng kết quả để trống, ghi ngày chuyển đi", year.sealed(early)
        ),
        Played("Lớp đổi tên", len(renamed), "bìa ký với tên cũ vẫn hiệu lực, kết quả mang tên mới", True),
        Played("Tách lớp", len(moved), "học sinh chốt ở lớp mới", year.sealed(moved)),
        _replaced(school, year, school_year),
        _several(year),
        *exceptions(year),
        Played(
            "Đánh giá lại, rèn luyện trong hè",
            len(summer),
            "chốt và ký tháng 8, lớp không mở lại",
            _alone_in_summer(year, summer),
        ),
        Played(
            "Chữ rời dấu (NFD) từ SMAS", len(decomposed), "lưu và ký bằng chữ liền dấu", _composed(year, decomposed)
        ),
        Played("Chưa có số định danh cá nhân", len(no_id), "chốt được, có cảnh báo", year.sealed(no_id)),
        Played("Kết quả nộp sai", corrected, "tìm thấy trước khi chốt, sửa trên SMAS, nộp và đồng bộ lại", True),
    ]
    return whole


_SEEN = {
    Kind.NOT_ASSESSED: "chốt không đòi kết quả, có dòng Trường hợp",
    Kind.LESS_DEMANDS: "lên lớp theo quyết định, có dòng Trường hợp",
    Kind.OWN_PLAN: "môn theo kế hoạch cá nhân để trống, có dòng Trường hợp",
    Kind.EXEMPT: "môn ghi Miễn, có dòng Trường hợp",
    Kind.FROM_ABROAD: "QTHT ghi từ nước ngoài về",
    Kind.REPEATS: "QTHT có năm ở lại lớp, ghi học lại",
    Kind.SKIPS: "QTHT ghi học vượt lớp",
    Kind.GUARDIAN: "bìa có người giám hộ, không có cha mẹ",
    Kind.ONE_WORD_NAME: "tên một chữ trên mọi hồ sơ",
    Kind.NO_BIRTH_PLACE: "bìa ghi Không rõ nơi sinh",
}


def exceptions(year: _Year) -> list[Played]:
    """Each exception of the law: flagged in SMAS, kept with its days, on the form in its own words."""
    found: dict[str, list[str]] = {kind: [] for kind in WORDS}
    for pupil, enrolment in year.enrolments.items():
        for flag in circumstances(enrolment.circumstances):
            found[flag.kind].append(pupil)
    return [
        Played(
            WORDS[kind],
            len(pupils),
            _SEEN[Kind(kind)],
            year.sealed(pupils) and all(_shows(year, pupil, kind) for pupil in pupils),
        )
        for kind, pupils in found.items()
    ]


def _shows(year: _Year, pupil: str, kind: str) -> bool:
    """Whether the locked record says it the way its form does."""
    results, cover = year.snapshot(pupil), year.snapshot(pupil, "cover").get("student", {})
    if kind in ON_RESULTS:
        frozen = [flag for flag in results.get("circumstances", ()) if flag["kind"] == kind]
        miss = [row for row in results["results"]["subjects"] if row["year"] == "Miễn"]
        return len(frozen) == 1 and bool(frozen[0].get("from_date")) and (kind != Kind.EXEMPT or len(miss) == 1)
    if kind in ON_HISTORY:
        if kind == Kind.REPEATS and pupil not in year.retained:
            return False
        return WORDS[kind] in (year.snapshot(pupil, "history")["history"][-1]["note"] or "")
    if kind == Kind.GUARDIAN:
        return bool(cover["guardian_name"]) and not (cover["father_name"] or cover["mother_name"])
    if kind == Kind.NO_BIRTH_PLACE:
        return bool(cover["birth_place"] == UNKNOWN)
    return " " not in results["student"]["full_name"]


def _read(school: PlayedSchool, school_year: str) -> _Year:
    with school.db.read(school.school_id) as session:

        def by(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, Any]:
            return {key(row): row for row in rows}

        documents = session.exec(select(Document).where(col(Document.school_year).in_(("", school_year)))).all()
        versions = session.exec(select(DocumentVersion)).all()
        slots: dict[str, list[Slot]] = {}
        for slot in session.exec(select(Slot)).all():
            slots.setdefault(slot.version_id, []).append(slot)
        enrolments = session.exec(
            select(Enrolment).where(col(Enrolment.school_year) == school_year, col(Enrolment.active).is_(True))
        ).all()
        here = {row.student_id for row in enrolments}
        history = session.exec(select(HistoryEntry).where(col(HistoryEntry.active).is_(True))).all()
        return _Year(
            students=by((row for row in session.exec(select(Student)).all() if row.id in here), lambda row: row.id),
            enrolments=by(enrolments, lambda row: row.student_id),
            results=by(
                session.exec(select(StudentResult).where(StudentResult.school_year == school_year)).all(),
                lambda row: row.student_id,
            ),
            documents=by(documents, lambda row: (row.student_id, row.kind)),
            versions=by(versions, lambda row: row.id),
            slots=slots,
            retained={
                row.student_id for row in history if row.payload.get("outcome") == "retained" and row.student_id in here
            },
            voided=sum(row.voided_at is not None for row in versions),
        )


def _after_summer(payload: dict[str, Any]) -> bool:
    return bool(payload["learning"].get("reassessed") or payload["training"].get("reassessed"))


def _departed(year: _Year, pupil: str) -> bool:
    return bool(year.snapshot(pupil).get("results", {}).get("departure"))


def _alone_in_summer(year: _Year, summer: list[str]) -> bool:
    """Locked after everybody of their classes, whose documents nobody opened again."""
    if not summer:
        return True
    mine = [version for key in summer if (version := year.version(key)) is not None]
    others = [version for key in year.results if key not in summer and (version := year.version(key)) is not None]
    late = not others or min(version.locked_at for version in mine) > max(version.locked_at for version in others)
    return (
        year.sealed(summer) and late and year.voided == 0 and all(version.number == 1 for version in (*mine, *others))
    )


def _classes(year: _Year) -> tuple[set[str], list[str]]:
    """Classes whose cover still has the old name, and pupils who changed class between cover and results."""
    renamed: set[str] = set()
    moved = []
    for pupil in year.enrolments:
        cover, results = year.version(pupil, "cover"), year.version(pupil)
        if cover is None or results is None or cover.snapshot["class_name"] == results.snapshot["class_name"]:
            continue
        if cover.class_id == results.class_id:
            renamed.add(results.class_id)
        else:
            moved.append(pupil)
    return renamed, moved


def _replaced(school: PlayedSchool, year: _Year, school_year: str) -> Played:
    """Whoever taught the row in term II signs it."""
    with school.db.read(school.school_id) as session:
        rows = session.exec(
            select(TeachingAssignment, Subject.code)
            .join(
                Subject,
                (col(Subject.id) == TeachingAssignment.subject_id)
                & (col(Subject.school_id) == TeachingAssignment.school_id),
            )
            .join(
                SchoolClass,
                (col(SchoolClass.id) == TeachingAssignment.class_id)
                & (col(SchoolClass.school_id) == TeachingAssignment.school_id),
            )
            .where(col(SchoolClass.school_year) == school_year, col(TeachingAssignment.active).is_(True))
        ).all()
    first = {(row.class_id, code): row.staff_id for row, code in rows if row.term == "I"}
    second = {(row.class_id, code): row.staff_id for row, code in rows if row.term == "II"}
    changed = {key: staff for key, staff in second.items() if first.get(key, staff) != staff}
    good = all(
        slot.staff_id == changed[slot_of]
        for pupil, version in ((key, year.version(key)) for key in year.results)
        if version is not None and year.enrolments[pupil].status not in LEAVING
        for slot in year.slots.get(version.id, ())
        if slot.stage == "subject" and len(slot.rows) == 1 and (slot_of := (version.class_id, slot.rows[0])) in changed
    )
    return Played("Thay giáo viên giữa năm", len(changed), "người dạy học kì II ký", good)


def _several(year: _Year) -> Played:
    """Rows with several teachers: a slot for each, all signed."""
    found, good = set(), True
    for pupil in year.results:
        version = year.version(pupil)
        if version is None:
            continue
        mine = [slot for slot in year.slots.get(version.id, ()) if slot.stage == "subject"]
        rows = [row for slot in mine for row in slot.rows]
        shared = {row for row in rows if rows.count(row) > 1}
        found |= {(version.class_id, row) for row in shared}
        good &= all(slot.signed_at is not None for slot in mine if shared & set(slot.rows))
    return Played("Nhiều giáo viên một môn", len(found), "mỗi người một chữ ký", good)


def _decomposed(school: PlayedSchool, year: _Year) -> list[str]:
    """Pupils whose name comes decomposed from SMAS."""
    names = {code for code, name in school.smas.names() if unicodedata.normalize("NFC", name) != name}
    return [key for key, row in year.students.items() if row.code in names]


def _composed(year: _Year, pupils: list[str]) -> bool:
    return year.sealed(pupils) and all(
        unicodedata.is_normalized("NFC", year.students[key].full_name)
        and year.snapshot(key)["student"]["full_name"] == year.students[key].full_name
        for key in pupils
    )
