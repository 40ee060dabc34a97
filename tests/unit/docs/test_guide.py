"""The user guide cannot age unnoticed: its pages and pictures are there, and what it quotes is on the screens.

In the guide **«words»** are words of a screen, letter by letter; ``…`` in them stands for a number or a name.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from hocba_app.domain.head_words import USUAL

ROOT = Path(__file__).resolve().parents[3]
GUIDE = ROOT / "docs" / "guide"
TOPICS = range(1, 30)
SECTIONS = {
    4: ("4.1", "4.2"),
    7: ("7.1", "7.2", "7.3", "7.4"),
    8: ("8.1", "8.2", "8.3", "8.4"),
    18: ("18.1", "18.2"),
    22: ("22.1", "22.2", "22.3", "22.4"),
    26: ("26.1", "26.2"),
}
"""Sub-topics of the school's own guide."""
PRODUCT = tuple(
    f"hocba_app/{part}"
    for part in ("pages", "components", "state", "domain", "forms", "verification", "routes", "services")
)
SCREENS = {"smas": ("hocba_app/simulators/smas",), "product": (*PRODUCT, "hocba_app/simulators/mysign")}
QUOTED = re.compile(r"\*\*«(.+?)»\*\*", re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)]+)\)")
MAX_PICTURE = 80_000
MAX_PAGE = 80


def page_of(topic: int) -> Path:
    """The page of one topic."""
    [page] = GUIDE.glob(f"{topic:02}-*.md")
    return page


@cache
def words_of(screens: str) -> str:
    """Everything the sources of some screens say, with line breaks, quotes and indents between string pieces taken out."""
    files = sorted(
        file
        for folder in SCREENS[screens]
        for ending in ("py", "html")
        for file in (ROOT / folder).rglob(f"*.{ending}")
    )
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    text = re.sub(r'"\s*\n\s*f?"', "", text)
    for name, word in USUAL.as_params().items():  # the guide speaks of a school with a principal
        text = re.sub(rf"\{{(?:\w+(?:\(\))?\.)?{name}\}}", str(word), text)
        text = re.sub(rf'"\s*\+ (?:ShellState\.)?{name}\s*\+ "', str(word), text)
        text = re.sub(rf'ShellState\.{name}\s*\+ "', f'"{word}', text)
        text = re.sub(rf'"\s*\+ ShellState\.{name}\b', f'{word}"', text)
    return re.sub(r",\s*\n\s*", ", ", text)  # the parts of one call are one sentence on the screen


def stands_in(quoted: str, text: str) -> bool:
    """Whether a text has these words; ``…`` is anything short within a line."""
    pieces = [re.escape(piece.strip()) for piece in quoted.split("…") if piece.strip()]
    return bool(pieces) and re.search(r"[^\n]{0,160}?".join(pieces), text) is not None


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_a_short_page_with_its_sections(topic: int) -> None:
    page = page_of(topic)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {topic}. ")
    assert all(re.search(rf"^## {re.escape(section)}\. ", text, re.MULTILINE) for section in SECTIONS.get(topic, ()))
    assert "**Khi nào:**" in text
    assert "**Ai làm:**" in text or "**Ai xem:**" in text
    assert "## Nếu gặp trục trặc" in text
    assert "](images/" in text, "a page without a picture"
    assert len(text.splitlines()) <= MAX_PAGE


@pytest.mark.parametrize("topic", TOPICS)
def test_what_a_page_quotes_stands_on_the_screens(topic: int) -> None:
    quoted = QUOTED.findall(page_of(topic).read_text(encoding="utf-8"))
    assert quoted
    text = words_of("smas" if topic <= 10 else "product")
    assert [words for words in quoted if not stands_in(words, text)] == []


def test_a_word_that_is_on_no_screen_is_found() -> None:
    assert not stands_in("Nút không có ở đâu", words_of("product"))
    assert not stands_in("Ký … không có", words_of("product"))


def test_every_link_leads_somewhere_and_every_picture_is_used() -> None:
    shown: set[Path] = set()
    for page in sorted(GUIDE.glob("*.md")):
        for picture, text, address in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / address.partition("#")[0]).resolve()
            assert target.is_file(), f"{page.name}: {address}"
            if picture:
                assert text, f"{page.name}: {address} says nothing to who cannot see it"
                shown.add(target)
    assert set((GUIDE / "images").iterdir()) == shown


def test_the_index_names_every_page_in_order() -> None:
    listed = re.findall(
        r"^(\d+)\. \[[^\]]+\]\(([^)]+)\)", (GUIDE / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert listed == [(str(topic), page_of(topic).name) for topic in TOPICS]


@pytest.mark.parametrize("picture", sorted((GUIDE / "images").glob("*.png")), ids=lambda path: path.name)
def test_pictures_are_small_and_of_a_topic(picture: Path) -> None:
    assert int(picture.name[:2]) in TOPICS
    assert picture.stat().st_size < MAX_PICTURE
    with Image.open(picture) as opened:
        assert opened.mode == "P"
        assert opened.width <= 1280
        assert len(opened.getcolors(256) or ()) > 4, "an empty picture"
