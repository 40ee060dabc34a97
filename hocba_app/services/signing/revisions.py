"""A version grows by one revision: what a signature or the archive appends to its file, written down."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from hocba_app.models import Document, DocumentVersion, Revision
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.bulk import add_rows, set_rows
from hocba_app.recordfile.append_state import AppendState


def append_revisions(
    session: Session, grown_by: Sequence[tuple[Any, bytes, AppendState, str | None]], *, kind: str
) -> None:
    """One more revision of each version: the row, and the version's new end.

    Args:
        grown_by: version (a row with ``id``, ``document_id`` and ``revision_number``), the update appended, in the store already, the tip
            after it, and the slot it signs or None.
        kind: ``signature`` or ``archive``.
    """
    now = utc_now()
    if kind == "archive":
        set_rows(
            session,
            Document,
            (
                {"id": version.document_id, "archived_at": now, "archive_look_at": None, "archive_failures": 0}
                for version, *_ in grown_by
            ),
        )
    set_rows(
        session,
        DocumentVersion,
        (
            {
                "id": version.id,
                "revision_number": version.revision_number + 1,
                "length": tip.length,
                "sha256": tip.sha256,
                "tip": tip.dumps(),
            }
            for version, _, tip, _ in grown_by
        ),
    )
    add_rows(
        session,
        Revision,
        (
            {
                "version_id": version.id,
                "number": version.revision_number + 1,
                "kind": kind,
                "slot_id": slot_id,
                "blob_sha256": hashlib.sha256(update).hexdigest(),
                "length": tip.length,
                "sha256": tip.sha256,
                "created_at": now,
            }
            for version, update, tip, slot_id in grown_by
        ),
    )
