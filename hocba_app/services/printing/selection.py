"""Which documents of which pupils are handed out or printed: only finished ones, in the order of the book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.levels import LEVELS
from hocba_app.domain.snapshot import Snapshot
from hocba_app.domain.wording import KIND
from hocba_app.models import Document, DocumentVersion
from hocba_app.models.repositories.printing import finished_of_pupils, finished_versions, last_year
from hocba_app.services.printing.options import PacketOptions

FINISHED = "sealed"
"""Half-signed files never leave the house."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One finished document and its current version."""

    document_id: str
    version_id: str
    student_id: str
    kind: str
    school_year: str
    code: str
    snapshot: Snapshot

    @property
    def title(self) -> str:
        """What it is, in the school's words, without the pupil's name."""
        return f"{KIND[self.kind]} {self.school_year}".strip()


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be printed, and of whom something asked for is not finished."""

    documents: tuple[Chosen, ...]
    missing: tuple[tuple[str, str], ...]
    """Student id and kind."""


def choose(session: Session, student_ids: Iterable[str], school_year: str, options: PacketOptions) -> Choice:
    """The finished documents the options ask for, pupil by pupil: cover, the newest history, results by year.

    Args:
        school_year: with ``whole_record`` nothing later is taken; without it, history and results of this year only.
    """
    pupils = list(student_ids)
    found: dict[tuple[str, str], list[Chosen]] = {}
    for document, version in finished_of_pupils(session, pupils, options.kinds):
        of_time = (
            document.school_year <= school_year if options.whole_record else document.school_year in ("", school_year)
        )
        if of_time:
            found.setdefault((document.student_id, document.kind), []).append(_chosen(document, version))
    documents: list[Chosen] = []
    missing: list[tuple[str, str]] = []
    for pupil in pupils:
        level = _level_then(found, pupil, school_year)
        for kind in (kind for kind in KINDS if kind in options.kinds):
            own = found.get((pupil, kind), [])
            if not own or (kind != "cover" and own[-1].school_year != school_year):
                missing.append((pupil, kind))
            documents += own if kind == "results" else _newest_of_levels(own, level, whole=options.whole_record)
    return Choice(tuple(documents), tuple(missing))


def _level_then(found: Mapping[tuple[str, str], list[Chosen]], pupil: str, school_year: str) -> str:
    """The level a pupil was at in a year, by what is finished of that year; "" where nothing is."""
    of_year = (
        chosen
        for kind in ("results", "history")
        for chosen in found.get((pupil, kind), [])
        if chosen.school_year == school_year
    )
    return next((chosen.snapshot["school"]["level"] for chosen in of_year), "")


def _newest_of_levels(own: list[Chosen], level: str, *, whole: bool) -> list[Chosen]:
    """Each level's record has a cover of its own, and its newest history shows every year before it. Of a level he came to later
    nothing is taken."""
    newest = {chosen.snapshot["school"]["level"]: chosen for chosen in own}
    levels = [each for each in LEVELS if each in newest]
    if level in levels:
        levels = levels[: levels.index(level) + 1]
    return [newest[each] for each in (levels if whole else levels[-1:])]


def choose_whole(session: Session, student_id: str, kinds: tuple[str, ...]) -> list[Chosen]:
    """One pupil's whole record as far as it is finished."""
    return list(choose(session, [student_id], last_year(session, student_id), PacketOptions(kinds=kinds)).documents)


def chosen_of(session: Session, version_ids: Iterable[str]) -> list[Chosen]:
    """Those of the versions that are still current and finished, in the order given."""
    wanted = list(version_ids)
    found = {version.id: _chosen(document, version) for document, version in finished_versions(session, wanted)}
    return [found[version_id] for version_id in wanted if version_id in found]


def _chosen(document: Document, version: DocumentVersion) -> Chosen:
    return Chosen(
        document.id,
        version.id,
        document.student_id,
        document.kind,
        document.school_year,
        version.code,
        version.snapshot,  # type: ignore[arg-type] # a JSON column: the snapshot of this kind
    )
