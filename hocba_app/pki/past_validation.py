"""Past validation by proofs of existence (ETSI EN 319 102-1, 5.6): what was good once is good as long as it is proven to be from then.

A record's proofs are its time stamps. Each signature has one of its own; each archive stamp covers everything before it.
Time is walked backwards: the last archive stamp must be good *now*, the one before it when the last was made, and so on;
a signature's own stamp must be good when the first good archive stamp covered it; the file's evidence counts when one
covers it, and what was fetched just now counts as it is; the signer's certificate must have been
good at the time that his stamp proves. "Good" is: path valid, not revoked, algorithms within their horizon, shown by
answers whose signer was himself valid when the answers are proven to have existed. A root's end of validity is taken for
its sunset: from then on only a proof from before helps.

Whoever is asked knows no file format: times, paths, answers and the order of revisions are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from hocba_app.pki import algorithms, chain_validation
from hocba_app.pki.revocation import Answers, KnownBy, Status

Path = tuple[bytes, ...]
Trouble = Literal["", "unanswered", "expired", "algorithm", "revoked", "untrusted"]
"""Why a proof or a signer is not good: "" is good; ``unanswered`` nobody shows that it was not revoked; ``expired`` and
``algorithm`` it may have been good, and nothing proves that any more; ``revoked`` by then; ``untrusted`` no path at all."""
EVIDENCE_AGE = timedelta(hours=1)
"""How old an answer without a next update may be when the stamp that protects it is made."""
_WORST = ("revoked", "unanswered", "expired", "algorithm", "untrusted")


@dataclass(frozen=True, slots=True)
class Proof:
    """A time stamp whose imprint and signature hold."""

    revision: int
    """Of the file that contains it."""
    stamped: datetime
    paths: tuple[Path, ...]
    """Its unit's, root last; the likeliest first."""
    hashes: tuple[str, ...] = ("sha256",)
    """That it rests on."""


@dataclass(slots=True)
class Timeline:
    """A record's proofs, judged at one instant.

    Args:
        archives: the archive stamps, in any order.
        answers: revocation data at hand; each names the revision that contains it, None for what was fetched just now.
        now: the instant of the verdict, UTC.
    """

    archives: Sequence[Proof]
    answers: Answers
    now: datetime
    troubles: dict[int, Trouble] = field(default_factory=dict)
    """Of each archive stamp, by its revision."""
    lacking: dict[Path, None] = field(default_factory=dict)
    """Paths about which no answer counts: what would have to be asked for."""
    _good: list[Proof] = field(default_factory=list)
    """Archive stamps that hold, the earliest first."""
    _known: dict[tuple[Path, datetime, timedelta], Status] = field(default_factory=dict)
    """What the answers say, once all archive stamps are judged: most signatures ask the same of the same path."""

    def __post_init__(self) -> None:
        control = self.now
        for proof in sorted(self.archives, key=lambda item: item.revision, reverse=True):
            trouble = self._proof_trouble(proof, control, itself=True)
            self.troubles[proof.revision] = trouble
            if not trouble:
                self._good.insert(0, proof)
                control = proof.stamped

    def known_by(self, revision: int | None) -> datetime | None:
        """The earliest instant at which something is proven to have existed: by the first good archive stamp that covers it.

        Args:
            revision: that brought it; None for what came from outside just now.

        Returns:
            None where no archive stamp proves it.
        """
        if revision is None:
            return self.now
        return next((proof.stamped for proof in self._good if proof.revision > revision), None)

    @property
    def is_archived(self) -> bool:
        """Whether any archive stamp is good: only then the file's own evidence counts."""
        return bool(self._good)

    def token_trouble(self, token: Proof) -> Trouble:
        """What speaks against a signature's own time stamp."""
        return self._proof_trouble(token, self.known_by(token.revision) or self.now, itself=False)

    def signer_trouble(self, paths: Sequence[Path], at: datetime, hashes: Sequence[str] = ("sha256",)) -> Trouble:
        """What speaks against a signer.

        Args:
            paths: of his certificate.
            at: the time his signature is proven to be from.
        """
        return self._worst([self._trouble(path, at, at, at, hashes, self.known_by, timedelta(0)) for path in paths])

    def guaranteed_until(self, token: Proof) -> datetime:
        """Until when a signature with this time stamp can be judged without a further stamp.

        Any archive stamp over it that is good now carries it alone, as long as its path and algorithms do.
        """
        covering = [proof for proof in self._good if proof.revision > token.revision] or [token]
        return max(algorithms.end_of(path, proof.hashes) for proof in covering for path in proof.paths)

    def _proof_trouble(self, proof: Proof, control: datetime, *, itself: bool) -> Trouble:
        """Whether a time stamp is good, knowing that it is proven to have existed at ``control``.

        Args:
            itself: it covers the answers about its own unit: an archive stamp.
        """

        def known_by(revision: int | None) -> datetime | None:
            if revision is not None and revision < proof.revision:
                return proof.stamped
            return self.known_by(revision)

        known = known_by if itself else self.known_by
        # Protected by a later stamp, a unit must be shown good until then; for the last one nobody can have said so yet.
        answered = proof.stamped if control == self.now else control
        return self._worst(
            [
                self._trouble(path, proof.stamped, control, answered, proof.hashes, known, EVIDENCE_AGE)
                for path in proof.paths
            ]
        )

    def _trouble(
        self,
        path: Path,
        at: datetime,
        control: datetime,
        answered: datetime,
        hashes: Sequence[str],
        known_by: KnownBy,
        tolerance: timedelta,
    ) -> Trouble:
        if not chain_validation.are_valid(path, at) or not chain_validation.are_valid(path, control):
            return "expired"
        if min(algorithms.path_until(path), algorithms.hashes_until(hashes)) < control:
            return "algorithm"
        if self._status(path, control, known_by, timedelta(0)) == "revoked":
            return "revoked"
        if self._status(path, answered, known_by, tolerance) != "good":
            self.lacking[path] = None
            return "unanswered"
        return ""

    def _status(self, path: Path, at: datetime, known_by: KnownBy, tolerance: timedelta) -> Status:
        if known_by != self.known_by:  # of an archive stamp, while they are being judged
            return self.answers.path_status(path, at, known_by=known_by, tolerance=tolerance)
        key = path, at, tolerance
        if key not in self._known:
            self._known[key] = self.answers.path_status(path, at, known_by=known_by, tolerance=tolerance)
        return self._known[key]

    @staticmethod
    def _worst(troubles: Sequence[Trouble]) -> Trouble:
        """Good by one path is good; otherwise revoked by one is revoked."""
        if not troubles:
            return "untrusted"
        return "" if "" in troubles else min(troubles, key=_WORST.index)
