"""What a record's time stamps and evidence prove at the time of the verdict, the same on both ways to it.

Digests and signature values have been checked; here it is asked whether every proof is still protected by a good one
(`pki.past_validation`). What nobody can tell any more, or not yet, is a doubt, never a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hocba_app.pki.past_validation import Path, Timeline, Trouble
from hocba_app.pki.revocation import Answers
from hocba_app.verification.signature_result import Judged

_DOUBTS = ("unanswered", "expired", "algorithm")


@dataclass(frozen=True, slots=True)
class Proven:
    """What :func:`judge_proofs` found for the file as a whole."""

    guaranteed_until: datetime | None
    """Until when the file can be judged as now without a further time stamp; None where it cannot be relied on now."""
    lacking: tuple[Path, ...]
    """Certificate paths about which no answer counts."""


def judge_proofs(judged: Sequence[Judged], answers: Answers, now: datetime) -> Proven:
    """Complete the judgement of every signature whose chain is trusted: revocation, and what proves its time.

    Args:
        judged: signatures and document time stamps; those with trust ``untrusted`` stay so.
        answers: the file's evidence, and what was fetched.
        now: the instant of the verdict, UTC.
    """
    archives = [item for item in judged if item.is_timestamp and _may_prove(item)]
    timeline = Timeline([item.proof for item in archives if item.proof is not None], answers, now)
    for item in archives:
        _settle(item, timeline.troubles[item.revision])
    # Evidence that no archive stamp protects any more is not missing: it has ended with the stamp.
    ended = (
        next((item.doubt for item in reversed(archives) if item.doubt in ("expired", "algorithm")), None)
        if not timeline.is_archived
        else None
    )
    guaranteed: list[datetime] = []
    for item in judged:
        if item.is_timestamp or item.problem is not None:
            continue
        token = timeline.token_trouble(item.proof) if item.proof is not None else ""
        signer = timeline.signer_trouble(item.paths, item.stamped or now) if item.trust != "untrusted" else "untrusted"
        if token in ("revoked", "untrusted"):
            item.timestamp_bad = True
        _settle(item, signer)
        if token in _DOUBTS and item.trust == "trusted":
            item.trust, item.doubt = "unknown", token  # type: ignore[assignment] # one of _DOUBTS
        if item.doubt == "unanswered" and ended is not None:
            item.doubt = ended
        elif item.doubt == "unanswered" and not archives:
            item.trust = "trusted"  # its chain is; that nothing is known of revocation is said of the file
        if item.trust == "trusted" and item.doubt is None and item.proof is not None:
            guaranteed.append(timeline.guaranteed_until(item.proof))
    signatures = sum(not item.is_timestamp for item in judged)
    whole = timeline.is_archived and len(guaranteed) == signatures > 0
    return Proven(min(guaranteed) if whole else None, tuple(timeline.lacking))


def _may_prove(item: Judged) -> bool:
    return (
        item.proof is not None
        and item.trust != "untrusted"
        and item.integrity == "intact"
        and item.coverage != "partial"
    )


def _settle(item: Judged, trouble: Trouble) -> None:
    if trouble == "":
        item.trust, item.revocation = "trusted", "good"
    elif trouble == "revoked":
        item.trust, item.revocation, item.revoked = "untrusted", "revoked", True
    elif trouble == "untrusted" or (trouble == "expired" and not item.is_timestamp):
        item.trust = "untrusted"  # a signer's path that was not valid at his time is no question of proof
    else:
        item.trust, item.doubt = "unknown", trouble
