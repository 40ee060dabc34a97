"""Records made today and judged decades later: hierarchies of chosen lifetimes, renewals by another authority, clocks moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench.sealed_record import World, open_record, staff
from hocba_app.pki import algorithms
from hocba_app.recordfile.ltv_revision import archive
from hocba_app.services.signing.archive_renewal_job import is_due
from hocba_app.simulators.trust.authority import Lifetimes
from hocba_app.verification.pyhanko_verifier import examine_file
from hocba_app.verification.replay_verifier import examine_fast
from hocba_app.verification.report_model import FileReport
from tests import samples
from tests.integration.verification.ades import ades_results
from tests.integration.verification.judging import ISSUERS

LONG = Lifetimes(root=60, issuing=55, responder=50, unit=50)
"""Nothing of it ends within the matrix."""


@dataclass(frozen=True)
class Case:
    """What is short in the authority that stamped first."""

    name: str
    lifetimes: Lifetimes
    issuing_bits: int = 3072


CASES = (
    Case("nothing ends", LONG),
    Case("unit of 5 years", replace(LONG, unit=5)),
    Case("responders of 1 year", replace(LONG, responder=1)),
    Case("root of 8 years", Lifetimes(root=8, issuing=8, responder=8, unit=8)),
    Case("issuing key RSA-2048", LONG, issuing_bits=2048),
    Case("all of these", Lifetimes(root=8, issuing=8, responder=1, unit=5), issuing_bits=2048),
)
MADE = datetime(2026, 12, 1, tzinfo=UTC)
NEXT_YEAR = 2027
YEARS = (2027, 2030, 2033, 2040, 2047)


def year(number: int) -> datetime:
    """The middle of a year."""
    return datetime(number, 7, 1, tzinfo=UTC)


class Life:
    """One record, and all its renewals."""

    def __init__(self, folder: Path, case: Case, other: World) -> None:
        self.world = World(folder, lifetimes=case.lifetimes, issuing_bits=case.issuing_bits, name=case.name, today=MADE)
        self.other = other
        self.roots: tuple[bytes, ...] = (self.world.root, other.root)
        snapshot = samples.history_snapshot()
        self._record = open_record(self.world, snapshot, staff(self.world, snapshot))
        self._record.sign_all()
        self.unarchived = self._record.file
        self._record.archive()
        self.archived = self._record.file
        self._renewed: list[tuple[datetime, bytes]] = []
        self._paths = [(*self.world.certificates, self.world.root)]
        for number in range(NEXT_YEAR, YEARS[-1] + 1):
            self._renew_if_due(year(number))

    def file(self, at: datetime, *, renewed: bool) -> bytes:
        """The record as it is kept at an instant."""
        return next((file for made, file in reversed(self._renewed) if renewed and made <= at), self.archived)

    def fresh(self, at: datetime, *, renewed: bool) -> tuple[bytes, ...]:
        """What a validator with a network asks for that day: answers about the unit of the last archive stamp."""
        number = sum(renewed and made <= at for made, _ in self._renewed)
        world = self.other if number else self.world
        home, world.away = world.away, at - datetime.now(UTC)
        answers = world.evidence(self._paths[number]).ocsps
        world.away = home
        return answers

    @property
    def renewals(self) -> list[int]:
        """The years in which it was renewed."""
        return [made.year for made, _ in self._renewed]

    def _renew_if_due(self, at: datetime) -> None:
        """What the night job does: evidence about the last stamp's unit by its own authority, then a stamp of the other."""
        record, old, path = self._record, self.other if self._renewed else self.world, self._paths[-1]
        home = self.other.away
        old.away = self.other.away = at - datetime.now(UTC)
        new = (*self.other.certificates, self.other.root)
        if is_due(algorithms.end_of(path), algorithms.end_of(new), at):
            evidence = [old.evidence(path), self.other.evidence(new)]
            update, record.tip = archive(record.file, record.tip, evidence, self.other)  # type: ignore[arg-type]
            record.file += update
            self._paths.append(new)
            self._renewed.append((at, record.file))
        old.away = self.other.away = home


def ours(file: bytes, roots: Sequence[bytes], at: datetime) -> FileReport:
    """The fast verdict."""
    return examine_fast("x", file, roots, ISSUERS, at=at)


def analysed(file: bytes, roots: Sequence[bytes], at: datetime) -> FileReport:
    """The verdict by analysis."""
    return examine_file("x", file, roots, ISSUERS, at=at)


def pyhanko(file: bytes, roots: Sequence[bytes], at: datetime, fresh: Sequence[bytes] = ()) -> str:
    """What pyHanko's AdES engine says of the record: of its worst signature."""
    found = {str(result.ades_subindic).rsplit(".", 1)[-1] for result in ades_results(file, roots, at, fresh).values()}
    return "OK" if found == {"OK"} else " ".join(sorted(found - {"OK"}))


def told(report: FileReport) -> str:
    """Verdict and reason, or until when it is guaranteed: a cell of the table."""
    if report.verdict == "valid":
        until = datetime.fromisoformat(report.guaranteed_until) if report.guaranteed_until else None
        return "valid" if until is None else f"valid, until {until.year}"
    return f"{report.verdict}: {', '.join(sorted({reason.code for reason in report.reasons}))}"
