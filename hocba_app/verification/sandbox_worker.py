"""What the children do with foreign PDF files (`hocba_app.foreign`): the verdict, replay first, and whose record it says it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from hocba_app.verification.fetched import Fetched
from hocba_app.verification.printed_text import content_of
from hocba_app.verification.pyhanko_verifier import examine_file
from hocba_app.verification.replay_verifier import examine_fast
from hocba_app.verification.strict_pdf_objects import Deviation, NotShown


def verdict(
    files: Sequence[bytes],
    *,
    name: str,
    roots: Sequence[str],
    issuers: Sequence[dict[str, Any]] | None,
    replay: bool,
    deviation: str | None = None,
    at: str,
    fetched: dict[str, list[str]] | None = None,
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The report on one file.

    Args:
        files: the one file.
        name: the name to report under.
        roots: trusted roots, DER in hex.
        issuers: schools that may issue; None when no list is at hand.
        replay: whether to try the fast way first; otherwise it was tried, and ``deviation`` says what it found.
        at: the instant of the verdict, ISO 8601.
        fetched: evidence that did not come in the file, as :meth:`Fetched.as_json` has it.
    """
    trusted = [bytes.fromhex(root) for root in roots]
    now, more = datetime.fromisoformat(at), Fetched.of(fetched)
    if replay:
        try:
            yield asdict(examine_fast(name, files[0], trusted, issuers, at=now, fetched=more)), b""
            return
        except NotShown as reason:
            deviation = reason.where if isinstance(reason, Deviation) else None
    yield asdict(examine_file(name, files[0], trusted, issuers, deviation, at=now, fetched=more)), b""


def content(files: Sequence[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Whose record the one file says it is."""
    yield asdict(content_of(files[0])), b""
