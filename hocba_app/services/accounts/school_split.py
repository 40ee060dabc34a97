"""One school becomes two: classes go to a new school with their pupils, records, teachers and keys, with an act in both logs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.levels import LEVELS, SEPARATOR, are_levels, level_of_grade
from hocba_app.models import Database, LeadershipProposal, School, SchoolChange, SchoolClass, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as account_rows
from hocba_app.models.repositories import find, membership
from hocba_app.models.repositories import school_merger as merger_rows
from hocba_app.models.repositories import school_split as rows
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.school_identity import facts_of
from hocba_app.services.accounts.school_merger import day_of
from hocba_app.services.accounts.sessions import forget
from hocba_app.services.audit.log import record


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Who and what would go, as the class list and the teaching of the year say it."""

    class_names: tuple[str, ...]
    students: int
    staff: tuple[str, ...]
    """Codes of who goes."""
    undecided: tuple[str, ...]
    """Codes of who teaches on both sides: somebody has to say where they go."""
    documents: int
    unfinished: int
    """Records that were being signed: unlocked, locked and signed again under the name and seal of the new school."""


@dataclass(frozen=True, slots=True)
class _Going:
    classes: list[SchoolClass]
    student_ids: list[str]
    staff: list[Staff]
    undecided: list[Staff]
    levels_left: str


def plan(
    db: Database,
    source_id: str,
    class_names: Sequence[str],
    *,
    going: Collection[str] = (),
    staying: Collection[str] = (),
) -> SplitPlan:
    """What a split would take along; nothing is changed.

    Args:
        class_names: names or codes of classes of the year at hand.
        going: codes of staff who go, whatever they teach.
        staying: codes of staff who stay, whatever they teach.

    Raises:
        HocbaError: INVALID_INPUT for a class or code nobody has.
    """
    with db.read(source_id) as session:
        found = _going(session, class_names, going, staying)
        return _told(session, source_id, found)


def split(
    db: Database,
    who: Identity,
    source_id: str,
    class_names: Sequence[str],
    *,
    going: Collection[str] = (),
    staying: Collection[str] = (),
    effective: str = "",
    decision: str = "",
) -> SplitPlan:
    """Hand classes over to the operator's school, which is new and empty.

    What was sealed stays as it is and keeps verifying: the other school stays on the list of issuers. Posts and roles are not taken
    over; who led is proposed for a post.

    Args:
        who: the operator, of the new school.
        source_id: the school that stays with the rest.
        effective: ISO, the first day of the new school; "" for today.
        decision: the decision it goes by.

    Raises:
        HocbaError: FORBIDDEN for anybody else, INVALID_INPUT (also while somebody is undecided), SCHOOL_BUSY.
    """
    if who.account_id:
        raise HocbaError(ErrorCode.FORBIDDEN)
    day, decision = day_of(effective), " ".join(decision.split())[:120]
    with db.write(who.school_id) as session:
        target = account_rows.lock_school(session)
        source = session.get(School, source_id, with_for_update={"key_share": True})
        if source is None or source.id == target.id or source.merged_into or target.merged_into:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="hãy chọn hai trường khác nhau đang hoạt động")
        merger_rows.see_every_school(session)
        if not rows.is_empty(session, target.id):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="trường nhận phải là trường mới, chưa có dữ liệu")
        if merger_rows.busy(session, source.id, target.id):
            raise HocbaError(ErrorCode.SCHOOL_BUSY)
        with db.read(source_id) as before:  # nobody else writes to either school while the locks are held
            found = _going(before, class_names, going, staying)
        if found.undecided:
            names = ", ".join(f"{person.full_name} ({person.code})" for person in found.undecided)
            raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"hãy nói rõ ai đi, ai ở: {names} dạy ở cả hai bên")
        told = _told(session, source_id, found)
        documents = rows.documents_of(session, source_id, found.student_ids)
        if rows.has_open_unlock(session, source_id, documents):
            raise HocbaError(ErrorCode.SCHOOL_BUSY)
        staff_ids = [person.id for person in found.staff]
        posts = [key for key in merger_rows.held_posts(session, source_id) if key in staff_ids]
        rows.hand_over(session, source.id, target.id, found.student_ids, staff_ids, [of.id for of in found.classes])
        session.flush()
        for staff_id in posts:
            session.add(LeadershipProposal(staff_id=staff_id, before="teacher", proposed="vice_principal"))
        target.split_from, target.current_year = source.id, max(target.current_year, source.current_year)
        target.head_office = source.head_office
        session.add(target)
        _level_is(session, target, _levels(of.grade for of in found.classes), day, decision)
        told_of: dict[str, Any] = {"from": source.code, "into": target.code, "effective": day, "decision": decision}
        told_of |= {"classes": list(told.class_names), "students": told.students, "staff": len(told.staff)}
        told_of |= {"documents": told.documents, "unfinished": told.unfinished}
        record(session, actor="", action=Action.SCHOOL_SPLIT, subject=f"school:{source.id}", data=told_of)
    with db.write(source_id) as session:
        source = account_rows.lock_school(session)
        _level_is(session, source, found.levels_left, day, decision)
        record(session, actor="", action=Action.SCHOOL_SPLIT, subject=f"school:{who.school_id}", data=told_of)
    forget()
    return told


def _going(session: Session, class_names: Sequence[str], going: Collection[str], staying: Collection[str]) -> _Going:
    school = session.get_one(School, session.info["school_id"])
    classes = find.all_of(session, SchoolClass, school_year=school.current_year, active=True)
    wanted = {name.strip().casefold() for name in class_names if name.strip()}
    chosen = [of for of in classes if {of.name.casefold(), of.code.casefold()} & wanted]
    unknown = wanted - {word for of in chosen for word in (of.name.casefold(), of.code.casefold())}
    if unknown or not chosen or len(chosen) == len(classes):
        detail = f"không có lớp {', '.join(sorted(unknown))}" if unknown else "hãy chọn một phần các lớp của năm học"
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=detail)
    ids = {of.id for of in chosen}
    members = membership.memberships_of_year(session, school.current_year)
    staff = {person.code: person for person in find.all_of(session, Staff, Staff.code)}
    if missing := [code for code in (*going, *staying) if code not in staff]:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"không có cán bộ mã {', '.join(missing)}")
    at = rows.teachers(session, school.id, school.current_year)
    goes: list[Staff] = []
    undecided: list[Staff] = []
    for code, person in staff.items():
        here = at.get(person.id, set())
        if code in going:
            goes.append(person)
        elif code not in staying and person.active and here & ids:
            (undecided if here - ids else goes).append(person)
    left = _levels(of.grade for of in classes if of.id not in ids)
    pupils = sorted(key for key, member in members.items() if member.class_id in ids)
    return _Going(chosen, pupils, goes, undecided, left)


def _told(session: Session, source_id: str, found: _Going) -> SplitPlan:
    documents = rows.documents_of(session, source_id, found.student_ids)
    return SplitPlan(
        tuple(of.name for of in found.classes),
        len(found.student_ids),
        tuple(person.code for person in found.staff),
        tuple(person.code for person in found.undecided),
        len(documents),
        sum(state not in ("open", "sealed") for state in documents.values()),
    )


def _levels(grades: Iterable[int]) -> str:
    taught = {level_of_grade(grade) for grade in grades}
    return SEPARATOR.join(each for each in LEVELS if each in taught)


def _level_is(session: Session, school: School, level: str, day: str, decision: str) -> None:
    """Each school teaches what its classes are."""
    if level == school.level or not are_levels(level):
        return
    session.add(
        SchoolChange(
            state="confirmed",
            before=facts_of(school),
            after={"level": level},
            effective=day,
            decision=decision,
            decided_by="",
            decided_at=utc_now(),
        )
    )
    school.level = level
    session.add(school)
