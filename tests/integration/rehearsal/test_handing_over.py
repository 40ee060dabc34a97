"""Records go to the families as they are archived, and are judged then: nothing is judged that is not what they have now."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.models import Database, Document, Job
from hocba_app.rehearsal.export import Export
from hocba_app.rehearsal.export_pipeline import HandingOver
from hocba_app.rehearsal.timings import Stages
from hocba_app.rehearsal.verification_pool import FILES_OF_A_PUPIL, Judges
from tests.integration.signing.test_chain import lock, sign, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool


def sealed(small: SmallSchool, rig: Rig) -> None:
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
        sign(small, rig, part)


def archived(small: SmallSchool) -> None:
    with small.db.read(small.school_id) as session:
        archive = session.exec(select(Job.id).where(Job.kind == "archive")).one()
    work_on(small, archive)


def test_a_record_that_changed_is_written_and_judged_again(
    db: Database, small: SmallSchool, outside: tuple[Rig, str, Path], tmp_path: Path
) -> None:
    judged: list[Path] = []
    export = Export(db, small.school_id, tmp_path / "out", outside[2], judged.append)
    lock(small, "history")
    export.write_archived()
    assert judged == [], "nothing is archived yet"
    export.write_all()
    export.write_all()
    assert (len(judged), export.paths) == (2, sorted(judged))
    before = (tmp_path / "out" / judged[0]).read_bytes()
    sign(small, outside[0], "principal")
    export.write_all()
    assert (len(judged), export.paths) == (4, sorted(set(judged)))
    after = (tmp_path / "out" / judged[0]).read_bytes()
    assert after.startswith(before) and len(after) > len(before)


def test_archived_records_are_judged_while_others_are_signed(
    db: Database, small: SmallSchool, outside: tuple[Rig, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hocba_app.rehearsal.export_pipeline.LOOK_SECONDS", 0.05)
    with db.read(small.school_id) as session:
        year = session.exec(select(Document.school_year)).first() or "2025-2026"
    over = HandingOver(db, small.school_id, year, tmp_path, outside[2], full=False)
    try:
        sealed(small, outside[0])
        archived(small)
        paths, wrong, analysed = over.finish(Stages())
    finally:
        over.close()
    assert wrong == []
    assert len(paths) == 6 and {path.parent.parent.name for path in paths} == {"records"}
    assert analysed == 2 * FILES_OF_A_PUPIL, "the first and the last pupil of the list"
    assert all((tmp_path / path).is_file() for path in paths)
    for second_opinion in (set[str](), {paths[0].parent.name}):
        told(tmp_path, paths, second_opinion)


def told(folder: Path, paths: list[Path], second_opinion: set[str]) -> None:
    """A damaged file is found, and only that one."""
    whole = (folder / paths[0]).read_bytes()
    (folder / paths[0]).write_bytes(whole[: len(whole) // 2] + b" " + whole[len(whole) // 2 + 1 :])
    judges = Judges(folder, second_opinion, full=False)
    try:
        for path in paths:
            judges.judge(path)
        assert {failure["file"] for failure in judges.found()} == {str(paths[0])}
    finally:
        judges.close()
        (folder / paths[0]).write_bytes(whole)
