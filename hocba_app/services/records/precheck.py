"""Before a lock: what is missing or wrong, pupil by pupil, and who is left out by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from hocba_app.domain.assessment.record import Weight
from hocba_app.domain.assessment.stored_result import judge
from hocba_app.domain.assessment.subject_check import is_exempt
from hocba_app.domain.circumstances import Circumstance, Kind, relief
from hocba_app.domain.comment_names import foreign_names
from hocba_app.domain.head_words import spoken
from hocba_app.domain.membership import Membership
from hocba_app.domain.shown import shown_digest
from hocba_app.forms.fonts import letter_words
from hocba_app.forms.letters import is_plain, texts_of
from hocba_app.forms.render import is_long, layout_faults
from hocba_app.forms.wording import stored_value
from hocba_app.models import Document, SchoolClass, Staff, Student, StudentResult
from hocba_app.models.repositories import membership
from hocba_app.models.repositories import records as rows
from hocba_app.recordfile.manifest import WRITERS
from hocba_app.recordfile.signature_font import signature_face
from hocba_app.services.records.finding import Finding
from hocba_app.services.records.flag_findings import flag_findings, relaxed_findings
from hocba_app.services.records.signer_resolution import PlannedSlot, planned_slots
from hocba_app.services.records.snapshot import Sources, departure, load_sources, snapshot_from
from hocba_app.verification.manifest_rules import is_one_person

NOTHING_ACCEPTED: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class Candidate:
    """One pupil of the class and whether his document can be locked now."""

    student: Student
    findings: list[Finding] = field(default_factory=list)
    left_out: str = ""
    """Why he is left out by default; "" when he is not."""
    slots: list[PlannedSlot] = field(default_factory=list)
    document: Document | None = None
    elsewhere: str = ""
    """Why this class is not his home in its year, though he is on its list; "" when it is."""
    mismatches: str = ""
    """Digest of what a reason may accept: how submitted results differ from the rules, or cannot be checked; "" for nothing."""

    @property
    def locked(self) -> bool:
        """Whether it is locked already."""
        return self.document is not None and self.document.state != "open"

    @property
    def can_lock(self) -> bool:
        """Whether nothing prevents the lock."""
        return not (self.locked or self.elsewhere or self.blocking)

    @property
    def blocking(self) -> list[str]:
        """What prevents the lock, as sentences."""
        return [finding.text for finding in self.findings if finding.severity == "blocking"]


@dataclass(frozen=True, slots=True)
class ClassList:
    """One class looked at for one kind of document."""

    sources: Sources
    staff: dict[str, Staff]
    candidates: list[Candidate]


def candidates(
    session: Session,
    kind: str,
    school_class: SchoolClass,
    *,
    accepted: Mapping[str, str] = NOTHING_ACCEPTED,
    student_ids: Sequence[str] | None = None,
) -> list[Candidate]:
    """The candidates of :func:`class_list`."""
    return class_list(session, kind, school_class, accepted=accepted, student_ids=student_ids).candidates


def class_list(
    session: Session,
    kind: str,
    school_class: SchoolClass,
    *,
    accepted: Mapping[str, str] = NOTHING_ACCEPTED,
    student_ids: Sequence[str] | None = None,
) -> ClassList:
    """Everybody on a class's list with his findings, in its order; the number of queries does not grow with the class. Who does not
    belong to the class (`domain.membership`) is marked, and cannot be locked here.

    Args:
        accepted: by pupil the digest of the differences between submitted results and the rules that an office member has seen and
            locks all the same; others than he saw block.
        student_ids: only these pupils; None for all.
    """
    students = rows.pupils_of_class(session, school_class.id, student_ids)
    ids = [student.id for student in students]
    sources, staff = load_sources(session, school_class, ids), rows.staff_by_id(session)
    sources.students = {student.id: student for student in students}
    documents = rows.documents_of(session, kind, school_class, ids)
    names = [student.full_name for student in students]
    members = membership.memberships_of(session, ids, school_class.school_year)
    names_of_classes = rows.class_names(session, {member.class_id for member in members.values()})
    plans: dict[tuple[str, ...], list[PlannedSlot]] = {}
    found = []
    for student in students:
        candidate = Candidate(
            student,
            document=documents.get(student.id),
            elsewhere=_elsewhere(members.get(student.id), school_class, names_of_classes),
        )
        codes = tuple(sources.subject_codes(student.id)) if kind == "results" else ()
        if codes not in plans:
            plans[codes] = planned_slots(session, kind, school_class, list(codes))
        candidate.slots = plans[codes]
        if candidate.elsewhere:
            candidate.findings.append(Finding("blocking", candidate.elsewhere))
            found.append(candidate)
            continue
        _person(candidate, kind, sources.flags.get(student.id, ()))
        candidate.findings += flag_findings(sources, student.id, kind)
        if kind != "cover":
            _results(candidate, kind, sources)
            _accept(candidate, accepted.get(student.id, ""))
        if kind == "results" and (result := sources.results.get(student.id)) is not None:
            _comments(candidate, sources, result, names)
        _signers(candidate, staff)
        _one_person(candidate, kind, staff)
        _layout(candidate, kind, sources)
        if not sources.school.tax_code:
            candidate.findings.append(Finding("blocking", NO_TAX_CODE))
        leaving = sources.leaving(student.id)
        if leaving is not None:
            candidate.left_out = f"{departure(leaving)}: chốt riêng khi cần."
        found.append(candidate)
    return ClassList(sources, staff, found)


def _elsewhere(member: Membership | None, school_class: SchoolClass, names: Mapping[str, str]) -> str:
    if member is None:
        return "Không còn là học sinh của lớp theo dữ liệu mới nhất từ SMAS: không chốt."
    if member.class_id != school_class.id:
        return f"Đã chuyển sang lớp {names.get(member.class_id, '')}: chốt ở lớp đó."
    return ""


def _person(candidate: Candidate, kind: str, flags: Sequence[Circumstance]) -> None:
    student = candidate.student
    if not student.full_name or not student.birth_date:
        candidate.findings.append(Finding("blocking", "Thiếu họ tên hoặc ngày sinh."))
    if not student.id_number:
        candidate.findings.append(Finding("warning", "Chưa có số định danh cá nhân."))
    if kind == "cover" and not student.photo_sha256:
        candidate.findings.append(Finding("warning", "Chưa có ảnh."))
    if kind == "cover":
        known_not = {"birth_place"} if Kind.NO_BIRTH_PLACE in {flag.kind for flag in flags} else set()
        empty = [label for key, label in _PERSONAL.items() if key not in known_not and not student.details.get(key)]
        if empty:
            candidate.findings.append(Finding("warning", f"Còn trống: {', '.join(empty)}."))


_PERSONAL = {"birth_place": "nơi sinh", "ethnic_group": "dân tộc", "address": "chỗ ở hiện tại"}


def _results(candidate: Candidate, kind: str, sources: Sources) -> None:
    result = sources.results.get(candidate.student.id)
    if result is None and sources.leaving(candidate.student.id) is not None:
        text = "Rời trường khi chưa có kết quả nào: bản chốt riêng để trống bảng kết quả, chỉ ghi ngày chuyển đi."
        candidate.findings.append(Finding("warning", text))
        return
    if result is None:
        candidate.findings.append(Finding("blocking", "Chưa có kết quả học tập của năm học."))
        return
    payload = result.payload
    leaving = sources.leaving(candidate.student.id)
    entries: list[dict[str, Any]] = payload.get("subjects", [])
    if kind == "results":
        unknown = [entry["subject_code"] for entry in entries if entry["subject_code"] not in sources.subjects]
        if unknown:
            candidate.findings.append(Finding("blocking", f"Môn chưa được đồng bộ: {', '.join(unknown)}."))
        by = relief(sources.flags.get(candidate.student.id, ()), payload["regime"], sources.school_class.school_year)
        owed = (
            []
            if by.not_assessed or by.own_plan
            else [entry for entry in entries if entry["subject_code"] not in by.exempt]
        )
        missing = _names(sources, [entry["subject_code"] for entry in owed if not _has_year(entry)])
        if not entries and not by.not_assessed:
            candidate.findings.append(Finding("blocking", "Kết quả đã nộp không có môn học nào."))
        if missing and leaving is None:
            candidate.findings.append(Finding("blocking", f"Thiếu kết quả cả năm: {', '.join(missing)}."))
    if payload.get("promotion") == "reassess":
        candidate.left_out = "Đánh giá lại trong hè: chốt sau khi có kết quả."
    elif payload.get("promotion") is None and leaving is None:
        candidate.findings.append(Finding("blocking", "Chưa có kết luận lên lớp."))
    if result.class_id != sources.school_class.id:
        candidate.left_out = "Kết quả cả năm nộp theo lớp khác: sửa trên SMAS cho khớp rồi nộp lại, hoặc chốt riêng."
    for mismatch in result.mismatches:
        submitted, computed = (stored_value(mismatch[key]) or "(trống)" for key in ("submitted", "computed"))
        text = f"{_field(sources, mismatch['field'])}: đã nộp {submitted}, tính lại {computed} ({mismatch['rule']})."
        candidate.findings.append(Finding("blocking", text, acceptable=True))
    if kind == "results" and leaving is None:
        _not_checkable(candidate, sources, result)


def _accept(candidate: Candidate, accepted: str) -> None:
    """What a member of the office has seen and accepted no longer blocks; what he has not seen does."""
    candidate.mismatches = shown_digest([finding.text for finding in candidate.findings if finding.acceptable])
    if candidate.mismatches and candidate.mismatches == accepted:
        candidate.findings = [
            replace(each, severity="warning") if each.acceptable else each for each in candidate.findings
        ]


def _has_year(entry: Mapping[str, Any]) -> bool:
    """Whether a subject has its year, or the pupil was exempt from it all year."""
    terms = (entry.get("term1"), entry.get("term2"))
    return bool(entry.get("year")) or all(is_exempt(value) for value in terms)


def _not_checkable(candidate: Candidate, sources: Sources, result: StudentResult) -> None:
    """What the rules can call neither right nor wrong. Who has left is locked on the data there is (workflow rule 7)."""
    payload, member = result.payload, sources.memberships.get(candidate.student.id)
    if not payload.get("subjects") and not sources.flags.get(candidate.student.id):
        return  # reported already
    judged = judge(
        payload, {code: subject.kind for code, subject in sources.subjects.items()}, sources.school_class.school_year,
        grade=sources.school_class.grade, moved_in=member is not None and member.status == "moved_in",
        flags=sources.flags.get(candidate.student.id, ()),
    )  # fmt: skip
    candidate.findings += relaxed_findings(judged.relaxed, lambda path: _field(sources, path))
    for gap in judged.gaps:
        text = f"{_field(sources, gap.field)}: không kiểm tra được – {gap.reason}."
        if gap.weight is Weight.REPORTED:
            candidate.findings.append(Finding("warning", text, checkable=False))
        elif gap.weight is Weight.BLOCKS:
            candidate.findings.append(Finding("blocking", text, checkable=False))
        else:
            candidate.findings.append(Finding("blocking", text, acceptable=True, checkable=False))


def _comments(candidate: Candidate, sources: Sources, result: StudentResult, names: Sequence[str]) -> None:
    payload = result.payload
    entries: list[dict[str, Any]] = payload.get("subjects", [])
    written = {entry["subject_code"]: entry.get("comment") for entry in entries}
    missing = _names(sources, [code for code, comment in written.items() if not comment])
    if missing:
        candidate.findings.append(Finding("warning", f"Chưa có nhận xét môn: {', '.join(missing)}."))
    if not payload.get("homeroom_comment"):
        candidate.findings.append(Finding("warning", "Chưa có nhận xét của giáo viên chủ nhiệm."))
    own = candidate.student.full_name
    for code, comment in written.items():
        for name in foreign_names([comment or ""], own, names):
            place = _names(sources, [code])[0]
            candidate.findings.append(
                Finding("warning", f"Nhận xét môn {place} nhắc tên «{name}», không phải tên học sinh này.")
            )
    for key in ("homeroom_comment", "homeroom_comment_after_summer"):
        for name in foreign_names([payload.get(key) or ""], own, names):
            candidate.findings.append(
                Finding("warning", f"Nhận xét của GVCN nhắc tên «{name}», không phải tên học sinh này.")
            )


def _one_person(candidate: Candidate, kind: str, staff: Mapping[str, Staff]) -> None:
    """Results that one person signs in every place are no record to any verifier (`verification.manifest_rules`)."""
    people = [staff.get(slot.staff_id or "") for slot in candidate.slots if slot.stage != "seal"]
    numbers = [
        {number for number in (each.id_number, each.old_id_number) if number} if each is not None else set()
        for each in people
    ]
    if kind == "results" and is_one_person(numbers):
        name = people[0].full_name if people[0] is not None else ""
        text = f"{name} đứng ở mọi ô ký, nên học bạ sẽ không được công nhận. Hãy phân công người khác ký ít nhất một ô."
        candidate.findings.append(Finding("blocking", text))


def _layout(candidate: Candidate, kind: str, sources: Sources) -> None:
    """What the layout would refuse, by its own rules: reported now, with the text and the letter, not when the lock fails."""
    student, school = candidate.student, sources.school
    parts: list[Any] = [student.full_name, student.code, student.sex, student.id_number, sources.school_class.name]
    parts += [school.name, school.commune, school.province, school.department]
    if kind == "cover":
        parts.append(student.details)
    elif kind == "history":
        parts += [student.details, *(row.payload for row in sources.history.get(student.id, ()))]
    elif (payload := sources.payload(student.id)) is not None:
        parts += [
            payload,
            [sources.subjects[code].name for code in sources.subject_codes(student.id) if code in sources.subjects],
        ]
    else:
        return  # reported already: there is nothing to lay out
    texts = list(texts_of(parts))
    if is_plain(texts) and not is_long(kind, texts, student.full_name, sources.school_class.name):
        return
    if kind == "results" and any(code not in sources.subjects for code in sources.subject_codes(student.id)):
        return  # reported already
    snapshot = snapshot_from(sources, kind, student, candidate.slots, code=_ANY_CODE, url=_ANY_CODE)
    candidate.findings += [Finding("blocking", error.sentence) for error in layout_faults(snapshot)]


_ANY_CODE = "0000-0000-0000"


def _names(sources: Sources, codes: Sequence[str]) -> list[str]:
    return [sources.subjects[code].name if code in sources.subjects else code for code in codes]


_FIELDS = {
    "learning": "Kết quả học tập",
    "training": "Kết quả rèn luyện",
    "averages": "ĐTB các môn",
    "title": "Danh hiệu",
    "promotion": "Lên lớp",
    "promotion_note": "Ghi chú lên lớp",
    "subjects": "Môn",
    "absences": "Số buổi nghỉ",
    "term1": "học kì I",
    "term2": "học kì II",
    "year": "cả năm",
    "reassessed": "sau đánh giá lại",
    "test": "điểm kiểm tra",
    "programme_completed": "Hoàn thành chương trình",
    "traits": "Phẩm chất, năng lực",
    "regime": "Quy chế đánh giá",
}


def _field(sources: Sources, path: str) -> str:
    """``subjects.TOAN.year`` → "Môn Toán cả năm"."""
    return " ".join(_FIELDS.get(part) or _names(sources, [part])[0] for part in path.split("."))


NO_TAX_CODE = (
    "Trường chưa có mã số thuế trên SMAS nên hồ sơ không thể đóng dấu. Hãy bổ sung trên SMAS, nộp và đồng bộ lại."
)


def _signers(candidate: Candidate, working: dict[str, Staff]) -> None:
    for slot in candidate.slots:
        if slot.stage == "seal":
            continue
        staff = working.get(slot.staff_id or "")
        if staff is None or not staff.active:
            named = {"homeroom": "giáo viên chủ nhiệm", "principal": f"{spoken().office} hoặc người ký thay"}
            of = named.get(slot.stage) or f"giáo viên môn {', '.join(slot.rows)}"
            candidate.findings.append(Finding("blocking", f"Chưa có người ký: {of}."))
        elif not (staff.id_number or staff.old_id_number):
            candidate.findings.append(Finding("blocking", f"{staff.full_name} chưa có số định danh trên SMAS."))
        elif letters := signature_face(max(WRITERS)).missing_letters(staff.full_name):
            words = ", ".join(letter_words(letter) for letter in letters)
            text = f"Họ tên người ký {staff.full_name} có ký tự không in được: {words}. Hãy sửa họ tên trên SMAS."
            candidate.findings.append(Finding("blocking", text))
