"""The forms' words are data of numbered versions: each word has its source, and what was printed once is printed so for ever."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.form_version import FOLDER, find_form, form_of, newest_form, versions
from hocba_app.forms.sources_page import page
from tests import samples
from tests.unit.forms.layout_checks import pages_of
from tests.unit.forms.test_golden_pages import FIRST_FORMS, NEWEST_FORMS
from tests.unit.forms.test_layout import SAMPLES

LANDED = {
    1: "dc5058ffa6cd2b9bf698824ba53ef4f0ec43b8815df32bd120b2417daeeb9a44",
    2: "31db5cd7f5852195afe13be0a71aac27629080a1ed29450764d950b79d3ea2a7",
}
"""SHA-256 of every version that has landed: a correction is a new number, never another word in an old one."""
FIRST_PAGES = json.loads((Path(__file__).parent / "golden" / "pages-1.json").read_text(encoding="utf-8"))
"""By sample, the pages as the product drew them before forms had versions."""
FORM_NAMES = (
    "cover",
    "cover-primary",
    "history",
    "history-primary",
    "results-TT22",
    "results-TT26",
    "results-TT27",
)


def drawn(snapshot: Snapshot) -> str:
    """SHA-256 of what is on the pages and where their fields are."""
    parts = [
        page.content() + json.dumps({name: box.rect for name, box in page.fields.items()}).encode()
        for page in pages_of(snapshot)
    ]
    return hashlib.sha256(b"\f".join(parts)).hexdigest()


def of_a_director(snapshot: Snapshot) -> Snapshot:
    snapshot["head"] = {"office": "Giám đốc", "ground": "15/QĐ-UBND"}
    return snapshot


@pytest.mark.parametrize("name", FIRST_FORMS)
def test_records_locked_before_versions_are_drawn_as_they_were(name: str) -> None:
    assert drawn(FIRST_FORMS[name]()) == FIRST_PAGES[name]
    assert drawn(of_a_director(FIRST_FORMS[name]())) == FIRST_PAGES[f"{name} of a director"]


def test_every_sample_is_drawn_as_it_was() -> None:
    first = {f"sample {name}": drawn(made) for name, made in SAMPLES.items() if "form" not in made}
    assert len(first) == 24 and first.items() <= FIRST_PAGES.items()


def test_landed_versions_never_change() -> None:
    found = {number: hashlib.sha256((FOLDER / f"{number}.toml").read_bytes()).hexdigest() for number in versions()}
    assert found == LANDED, "a correction of a landed version is a new file with the next number"


@pytest.mark.parametrize("name", FORM_NAMES)
def test_every_word_has_a_source(name: str) -> None:
    for version in versions():
        form = find_form(f"{name}/{version}")
        assert form is not None and form.id == f"{name}/{version}"
        assert set(form.sources) == {*form.data, *(f"words.{key}" for key in form._words)}
        for key, source in form.sources.items():
            assert source.law and source.place and source.read, key


def test_a_record_without_a_version_has_the_first() -> None:
    snapshot = samples.results_snapshot()
    assert form_of(snapshot).id == "results-TT22/1"
    assert newest_form("results", "lower_secondary", "TT22") == f"results-TT22/{max(versions())}"


@pytest.mark.parametrize(
    "unknown", ["results-TT22/99", "results-TT99/1", "../1", "results-TT22", "", "results-TT22/01"]
)
def test_what_is_no_form(unknown: str) -> None:
    assert find_form(unknown) is None


SECOND_TEXT = json.loads((Path(__file__).parent / "golden" / "text-2.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NEWEST_FORMS)
def test_words_of_the_second_version(name: str) -> None:
    """Line by line as a reader meets them; write anew with HOCBA_WRITE_GOLDEN=1 only before a version has landed."""
    assert [line.text for page in pages_of(NEWEST_FORMS[name]()) for line in page.lines] == SECOND_TEXT[name]


def test_the_page_of_sources_is_the_one_made_from_the_data() -> None:
    assert (Path(__file__).parents[3] / "docs" / "forms.md").read_text(encoding="utf-8") == page()
