"""The pages are in the words of the form that the manifest names; a mixture was never locked by us."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.sealed_record import Record, World, open_record, staff
from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.form_version import find_form
from hocba_app.forms.page import Page
from hocba_app.recordfile.manifest import Manifest
from hocba_app.verification import base_grammar, manifest_rules
from hocba_app.verification.page_agreement import missing_word
from hocba_app.verification.snapshot_agreement import require_printed
from tests import samples
from tests.integration.verification.judging import codes, judge
from tests.refusals import refused
from tests.unit.forms.test_golden_pages import NEWEST_FORMS


def signed(world: World, snapshot: Snapshot, **changes: object) -> Record:
    record = open_record(world, snapshot, staff(world, snapshot), **changes)
    record.sign_all()
    record.archive()
    return record


def newest() -> Snapshot:
    return samples.in_newest_form(samples.history_snapshot())


MIXTURES: dict[str, tuple[Callable[[], Snapshot], dict[str, object]]] = {
    "old pages under a new name": (samples.history_snapshot, {"form": "history/2", "dated": "principal"}),
    "new pages under the old name": (newest, {"form": "history/1", "dated": ""}),
    "another form of the version": (newest, {"form": "cover/2"}),
    "the primary form": (newest, {"form": "history-primary/2"}),
    "another field writes the day": (newest, {"dated": "seal"}),
    "no form at all": (newest, {"form": "", "dated": "", "format": 3, "writer": 3}),
}


def test_a_record_of_the_newest_form_is_valid_on_both_ways(world: World) -> None:
    report = judge(signed(world, newest()).file, world)
    assert (report.verdict, report.reasons, report.method) == ("valid", [], "replay")


@pytest.mark.parametrize("name", MIXTURES)
def test_a_mixture_is_refused(world: World, name: str) -> None:
    make, changes = MIXTURES[name]
    report = judge(signed(world, make(), **changes).file, world)
    assert report.verdict != "valid" and report.method == "analysis", report.reasons


def test_one_word_of_another_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Page.text
    words = {"tháng": "thán", "Năm học": "Niên khóa"}
    for right, wrong in words.items():
        with monkeypatch.context() as patched:
            patched.setattr(
                Page,
                "text",
                lambda page, text, *given, right=right, wrong=wrong, **named: real(
                    page, text.replace(right, wrong), *given, **named
                ),
            )
            record = open_record(world, newest(), staff(world, newest()))
        assert refused(require_printed, record.file, newest()) is ErrorCode.FORM_PAGE_DIFFERS
        record.sign_all()
        record.archive()
        assert judge(record.file, world).verdict == "invalid"


def test_a_form_of_a_later_version_is_no_forgery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = signed(world, newest()).file
    for module in (base_grammar, manifest_rules):
        monkeypatch.setattr(module, "find_form", lambda _form_id: None)
    report = judge(file, world)
    assert report.verdict == "indeterminate" and "writer_unknown" in codes(report), report.reasons


@pytest.mark.parametrize("name", NEWEST_FORMS)
def test_every_form_shows_the_words_looked_for_and_no_other_does(world: World, name: str) -> None:
    snapshot = NEWEST_FORMS[name]()
    record = open_record(world, snapshot, staff(world, snapshot))
    texts = base_grammar.read_base(record.file).layout.texts
    own = find_form(snapshot["form"])
    assert missing_word(texts, own) is None and missing_word(texts, None) is not None
    assert Manifest.loads(record.manifest.dumps()) == record.manifest
    assert (record.manifest.format, record.manifest.writer) == (3, 3)
