"""Fresh evidence for a record that carries none (yet): asked for where its certificates say, within limits.

What leaves the house is the serial number of a signer's or a time-stamp unit's certificate, sent to the authority that issued
it; nothing of the file or of the pupil. Only authorities below a trusted root are asked: whoever makes up a file must not
choose whom this server calls.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from hocba_app.bounded_http import BoundedClient
from hocba_app.domain.clock import utc_now
from hocba_app.pki import chain_validation
from hocba_app.pki.http_pool import trusted_roots
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.revocation_sources import ask_about
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.report_model import FileReport

MAX_PATHS = 40
"""Certificates asked about for one file; a record has under twenty signers."""
MAX_SECONDS, SECONDS_EACH = 8.0, 3.0
"""For one file, and for one answer."""


def fetch_lacking(report: FileReport, roots: Sequence[bytes]) -> Fetched | None:
    """Ask about every certificate that a report could not judge.

    Args:
        report: of a record of ours.
        roots: trusted roots, DER.

    Returns:
        The answers that count, also those that say revoked; None when there is nothing to ask, or nobody answered.
    """
    if report.verdict != "indeterminate" or not report.lacking:
        return None
    ends, now = time.monotonic() + MAX_SECONDS, utc_now()
    ocsps: dict[bytes, None] = {}
    crls: dict[bytes, None] = {}
    with BoundedClient(timeout=SECONDS_EACH, total=SECONDS_EACH, verify=trusted_roots()) as client:
        for lacking in report.lacking[:MAX_PATHS]:
            path = tuple(bytes.fromhex(certificate) for certificate in lacking)
            if time.monotonic() > ends:
                break
            if not _leads_to_a_root(path, roots):
                continue
            found = ask_about(path, now, client)
            ocsps |= dict.fromkeys(found.ocsps)
            crls |= dict.fromkeys(found.crls)
    return Fetched(tuple(ocsps), tuple(crls)) if ocsps or crls else None


def _leads_to_a_root(path: tuple[bytes, ...], roots: Sequence[bytes]) -> bool:
    """The report may come from a process that has read a hostile file: it is not trusted in this."""
    try:
        return path in chain_validation.sound_paths(path[0], path[1:-1], tuple(roots))
    except (NotShown, IndexError):
        return False
