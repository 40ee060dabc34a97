"""The short form of the fuzzer (`tests.fuzz_records`): another seed with each day would hide what fails, so it is fixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fuzz_records
from tests.missing_tools import need


@pytest.mark.parametrize("seed", [1, 4])
def test_no_file_that_shows_other_text_is_intact(tmp_path: Path, seed: int) -> None:
    for tool in ("pdftotext", "mutool"):
        need(tool)
    world, files = fuzz_records.subjects(tmp_path)
    outcome = fuzz_records.run(files, world, 60, seed, ("pdftotext", "mutool"))
    world.close()
    assert outcome.failures == [] and outcome.runs > 40
    assert any("intact" in verdict for verdict in outcome.verdicts), "some must be harmless, or nothing was compared"


def test_the_comparison_would_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict that calls everything intact is found out."""
    from hocba_app.verification.report_model import FileReport

    need("mutool")
    world, files = fuzz_records.subjects(tmp_path)
    blind = FileReport("", verdict="indeterminate", integrity="intact")
    monkeypatch.setattr(fuzz_records, "judge_files", lambda *_, **__: [blind])
    outcome = fuzz_records.run(files[1:2], world, 15, 3, ("mutool",))
    world.close()
    assert outcome.failures
