"""Every earlier state of a record is the beginning of its newest file: what a signer saw can be cut out of it, to the byte.

On it rests that nothing is lost by keeping the newest file alone (docs/decisions/0053-superseded-revisions.md).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlmodel import select

from hocba_app.models import Document, Job, Revision
from hocba_app.services.storage.files import current_file, revision_file
from tests.integration.signing.test_chain import lock, sign, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool


def test_every_revision_is_cut_out_of_the_newest_file(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
        sign(small, outside[0], part)
    with small.db.read(small.school_id) as session:
        archive = session.exec(select(Job.id).where(Job.kind == "archive")).one()
    work_on(small, archive)
    with small.db.read(small.school_id) as session:
        versions = [each for each in session.exec(select(Document.version_id)).all() if each]
        newest = {version: current_file(session, version) for version in versions}
        revisions = session.exec(select(Revision).order_by(Revision.version_id, Revision.number)).all()
        assert {row.kind for row in revisions} == {"base", "signature", "archive"} and len(revisions) > len(
            versions
        ) * 3
        for row in revisions:
            begun = newest[row.version_id][: row.length]
            assert len(begun) == row.length and hashlib.sha256(begun).hexdigest() == row.sha256
            assert begun == revision_file(session, row.version_id, row.number)
        appended = {row.version_id: 0 for row in revisions}
        for row in revisions:  # and each stored piece is what lies between two of them
            piece = newest[row.version_id][appended[row.version_id] : row.length]
            assert hashlib.sha256(piece).hexdigest() == row.blob_sha256
            appended[row.version_id] = row.length
