"""One word for one thing: every text of the product, and of the guide, is held against the glossary."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hocba_app.domain.glossary import PAGE, TERMS, as_markdown, strays

ROOT = Path(__file__).resolve().parents[3]
WORDS = ROOT / "docs" / "guide" / "tu-ngu.md"
LEFT_OUT = (
    "domain/glossary.py",
    "forms",  # the printed record has the ministry's own words
    "verification/snapshot_agreement.py",  # reads them
    "simulators",
    "services/workbooks/excel_columns.py",  # heads as they stand in other programs' files
)
SAYS_PRINCIPAL = (
    "domain/signing_titles.py",  # where the words are
    "domain/head_words.py",
    "services/records/freezing.py",  # the manifest's role where no title is known
    "services/verification/record_status.py",  # a slot without a caption: its form says Hiệu trưởng
    "school_commands.py",  # the operator chooses one of the two
    "demo.py",  # a school of ours that has one
)
_DEFINITIONS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_VIETNAMESE = re.compile(r"[À-ỹĐđ]")
_NAMED = re.compile(r"(?:\b(?:mục|trang)) ([A-ZĐẢÔÂ][\wÀ-ỹ]+(?: [\wÀ-ỹ]+)*)")


def _texts() -> Iterator[tuple[str, str]]:
    """Every Vietnamese text in the product's code, with its place; what explains the code is none."""
    for path in sorted((ROOT / "hocba_app").rglob("*.py")):
        where = path.relative_to(ROOT / "hocba_app").as_posix()
        if where.startswith(LEFT_OUT):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or id(node) in told:
                continue
            if _VIETNAMESE.search(node.value):
                yield f"{where}:{node.lineno}", node.value


def _guide() -> Iterator[tuple[str, str]]:
    for path in (*sorted((ROOT / "docs" / "guide").glob("*.md")), *sorted((ROOT / "docs").glob("*.vi.md"))):
        if path != WORDS:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                yield f"{path.name}:{number}", re.sub(r"`[^`]*`", "", line)  # commands have their own words


def test_the_product_says_one_word_for_one_thing() -> None:
    found = [f"{where}: «{stray}», say «{word}»" for where, text in _texts() for stray, word in strays(text)]
    assert found == []


def test_no_text_gives_every_school_a_principal() -> None:
    """A centre has a director, another school an acting head: `domain.head_words` has the school's own word."""
    found = [where for where, text in _texts() if re.search("[Hh]iệu trưởng|HIỆU TRƯỞNG|[Bb]an giám hiệu", text)]
    assert [where for where in found if not where.startswith(SAYS_PRINCIPAL)] == []


def test_the_guide_says_the_words_of_the_screens() -> None:
    found = [f"{where}: «{stray}», say «{word}»" for where, text in _guide() for stray, word in strays(text)]
    assert found == []


def test_every_page_that_a_sentence_names_is_there() -> None:
    """ "…in Cài đặt" sent people to a page that does not exist."""
    elsewhere = ("Cơ sở dữ liệu", "Lưu trữ lâu dài")  # sections of what `doctor` says
    unknown = [
        f"{where}: {named}"
        for where, text in _texts()
        for named in _NAMED.findall(text)
        if not named.startswith((*PAGE.values(), *elsewhere))
    ]
    assert unknown == []


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.word)
def test_no_term_forbids_itself(term: object) -> None:
    assert strays(term.word) == [] and strays(term.means) == []  # type: ignore[attr-defined]


def test_the_list_for_people_is_the_glossary() -> None:
    assert as_markdown() in WORDS.read_text(encoding="utf-8")


def test_another_word_is_found() -> None:
    assert strays("Chọn chứng thư khác, học kỳ II") == [("chứng thư", "chứng thư số"), ("học kỳ", "học kì")]
