"""Judge a file on both ways to a verdict, and never let the fast one say valid where pyHanko does not."""

from __future__ import annotations

from collections.abc import Sequence

from bench.sealed_record import World
from hocba_app.domain.snapshot import SlotField, Snapshot
from hocba_app.pki.not_shown import NotShown
from hocba_app.verification.pyhanko_verifier import examine_file
from hocba_app.verification.replay_verifier import examine_fast
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.strict_pdf_objects import Deviation
from tests import samples

ISSUERS = [{"tax_code": "0312345678", "name": "Trường THCS Kim Đồng"}]


def small_snapshot() -> Snapshot:
    slots = [
        *(SlotField(field=f"s.{code}.1", stage="subject", rows=[code]) for code in ("TOAN", "VAN")),
        SlotField(field="homeroom", stage="homeroom", rows=[]),
        *samples.approval_slots(),
    ]
    return samples.in_newest_form(samples.results_snapshot(slots=slots))


def fast(
    data: bytes, roots: Sequence[bytes], issuers: list[dict[str, str]] | None = ISSUERS
) -> tuple[FileReport | None, str | None]:
    """The fast verdict, or None with the place of a deviation."""
    try:
        return examine_fast("x", data, roots, issuers), None
    except NotShown as reason:
        return None, reason.where if isinstance(reason, Deviation) else None


def judge(data: bytes, world: World, issuers: list[dict[str, str]] | None = ISSUERS) -> FileReport:
    """What :func:`verdict.verify` says, without starting a process for it."""
    return judge_with_roots(data, [world.root], issuers)


def judge_with_roots(data: bytes, roots: Sequence[bytes], issuers: list[dict[str, str]] | None = ISSUERS) -> FileReport:
    quick, deviation = fast(data, roots, issuers)
    slow = examine_file("x", data, roots, issuers, deviation)
    if quick is None:
        return slow
    assert quick.as_json() == slow.as_json(), "both ways must say the same of a file that replays"
    return quick


def codes(report: FileReport) -> set[str]:
    return {finding.code for finding in report.reasons}


def find(file: bytes, needle: bytes, after: int = 0) -> int:
    at = file.find(needle, after)
    assert at >= 0, needle
    return at
