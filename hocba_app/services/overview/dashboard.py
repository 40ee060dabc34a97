"""The dashboard (Tổng quan): for each role, what waits for whom, per class and stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.snapshot_differences import is_out_of_date
from hocba_app.models import Database, School
from hocba_app.models.repositories import dashboard as counts
from hocba_app.models.repositories.membership import memberships_of, present_per_class
from hocba_app.models.repositories.record_list import counts_by_step, noted_as_changed
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.cache import school_cache
from hocba_app.services.overview.school_years import unfinished_before
from hocba_app.services.records.record_list import visible_classes
from hocba_app.services.signing.queue_groups import groups_for


@dataclass(frozen=True, slots=True)
class ClassProgress:
    """One class: for each kind, how many documents are at each step of :data:`STEPS`."""

    class_id: str
    name: str
    students: int
    steps: dict[str, dict[str, int]]
    out_of_date: int


@dataclass(frozen=True, slots=True)
class Person:
    """For whom signatures wait now."""

    staff_id: str
    name: str
    stage: str
    class_id: str
    class_name: str
    slots: int


@dataclass(frozen=True, slots=True)
class SignerProgress:
    """How far one person is with everything he has to sign this year, whether its turn has come or not."""

    staff_id: str
    name: str
    slots: int
    signed: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole school's progress; shared by everybody's dashboard, so nobody changes it."""

    documents: tuple[tuple[str, str, str | None, str | None, bool, int], ...]
    """``(class, kind, state, next stage, whether the pupil is in the class, documents)``; no state: not made yet."""
    stale: Counter[str]
    """Out-of-date documents by class."""
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What one person sees of one school year."""

    school_name: str
    school_year: str
    classes: list[ClassProgress]
    people: list[Person]
    mine: dict[str, int]
    """Slots that wait for this person now, by stage."""
    days: list[tuple[str, int]] = field(default_factory=list)
    """Signatures a day; management only."""
    unfinished: list[tuple[str, int]] = field(default_factory=list)
    """Earlier years with records under way, and how many; the office only."""
    signers: list[SignerProgress] = field(default_factory=list)
    """Who is furthest behind first; management only."""

    @property
    def totals(self) -> dict[str, Counter[str]]:
        """Documents at each step over all classes shown, by kind."""
        totals: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        for row in self.classes:
            for kind, steps in row.steps.items():
                totals[kind].update(steps)
        return totals


def overview(db: Database, who: Identity, school_year: str | None = None) -> Overview:
    """The dashboard of one person: admin and management see the school, a teacher his own classes.

    Args:
        school_year: "2025-2026"; None takes the school's current one.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.DASHBOARD)
    with db.installation() as session:
        school = session.get_one(School, who.school_id)
    year = school_year or school.current_year
    whole_school = allowed(who, Right.LOCK)
    visible = None if whole_school else sorted(visible_classes(db, who, year))
    students = school_cache.memoize_per_school(
        db, who.school_id, ("pupils", year), lambda own: present_per_class(own, year)
    )
    # The whole school's numbers, read once a change for everybody's dashboard; each is shown his own classes of them.
    standing = standing_of(db, who.school_id, year)
    with db.read(who.school_id) as session:
        mine = Counter[str]()
        for group in groups_for(session, who):
            mine[group.stage] += group.ready
        return Overview(
            school_name=school.name,
            school_year=year,
            classes=_classes(session, year, visible, students, standing),
            people=[person for person in standing.people if visible is None or person.class_id in visible],
            mine=dict(+mine),
            days=_days(db, who, year) if whole_school else [],
            unfinished=unfinished_years(db, who, school.current_year) if whole_school else [],
            signers=_signers(db, who, year) if whole_school else [],
        )


def standing_of(db: Database, school_id: str, year: str) -> Standing:
    """The whole school's progress, cached until something in it changes."""
    return school_cache.memoize_per_school(
        db, school_id, ("standing", year), lambda own: _standing(own, year), any_change=True
    )


def _standing(session: Session, year: str) -> Standing:
    changed = [
        (student_id, class_id)
        for _, student_id, class_id, noted in noted_as_changed(session, year)
        if is_out_of_date(noted)
    ]
    places = memberships_of(session, (student_id for student_id, _ in changed), year)
    return Standing(
        documents=tuple(counts_by_step(session, year)),
        stale=Counter(
            places[student_id].class_id if student_id in places else class_id for student_id, class_id in changed
        ),
        people=tuple(Person(*row) for row in counts.waiting_people(session, year)),
    )


def _days(db: Database, who: Identity, year: str) -> list[tuple[str, int]]:
    return list(
        school_cache.memoize_per_school(
            db, who.school_id, ("days", year), lambda own: counts.signed_per_day(own, year), any_change=True
        )
    )


def unfinished_years(db: Database, who: Identity, year: str) -> list[tuple[str, int]]:
    """Years before this one in which records are locked and not sealed, each with how many."""
    return list(
        school_cache.memoize_per_school(
            db, who.school_id, ("unfinished", year), lambda own: unfinished_before(own, year), any_change=True
        )
    )


def _signers(db: Database, who: Identity, year: str) -> list[SignerProgress]:
    found = school_cache.memoize_per_school(
        db, who.school_id, ("signers", year), lambda own: counts.signed_per_person(own, year), any_change=True
    )
    return [SignerProgress(*row) for row in found]


def _classes(
    session: Session, year: str, visible: list[str] | None, students: Mapping[str, int], standing: Standing
) -> list[ClassProgress]:
    steps: dict[str, dict[str, Counter[str]]] = {}
    for class_id, kind, state, next_stage, present, documents in standing.documents:
        if state in (None, "open") and not present:
            continue  # who left is locked when he asks for it: nobody waits
        step = "open" if state in (None, "open") else next_stage or "sealed"
        steps.setdefault(class_id, {kind: Counter() for kind in KINDS})[kind][step] += documents
    progress = []
    for row in counts.classes_of_year(session, year, visible):
        of_class = steps.get(row.id, {kind: Counter() for kind in KINDS})
        progress.append(
            ClassProgress(
                class_id=row.id,
                name=row.name,
                students=students.get(row.id, 0),
                steps={kind: dict(of_class[kind]) for kind in KINDS},
                out_of_date=standing.stale[row.id],
            )
        )
    return progress
