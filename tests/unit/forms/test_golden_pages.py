"""Each page of each form as it was last looked at: a change of layout shows here before a principal sees it.

The pictures in ``golden/`` are small and grey. After a wanted change, look at the new pages, then write them anew with
``HOCBA_WRITE_GOLDEN=1 pytest tests/unit/forms/test_golden_pages.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.render import render
from tests import samples

GOLDEN = Path(__file__).with_name("golden")
DPI = 45
FIRST_FORMS: dict[str, Callable[[], Snapshot]] = {
    "cover": samples.cover_snapshot,
    "history": samples.history_snapshot,
    "results-tt22": samples.results_snapshot,
    "results-reassessed": samples.reassessed_snapshot,
    "results-demanding": samples.demanding_snapshot,
    "results-upper": samples.upper_snapshot,
    "results-tt26": samples.tt26_snapshot,
    "results-tt27": samples.primary_snapshot,
    "results-tt27-homeroom": samples.homeroom_signs_snapshot,
    "results-tt27-demanding": samples.demanding_primary_snapshot,
    "cover-primary": samples.primary_cover,
    "history-primary": samples.primary_history,
}
"""As records were locked before forms had versions."""


def _in_newest_form(make: Callable[[], Snapshot]) -> Callable[[], Snapshot]:
    return lambda: samples.in_newest_form(make())


NEWEST_FORMS = {f"{name}-v2": _in_newest_form(make) for name, make in FIRST_FORMS.items()} | {
    "results-made-up-v2": _in_newest_form(samples.made_up_primary_snapshot),
    "results-fifteen-v2": _in_newest_form(samples.fifteen_subjects_snapshot),
}
FORMS = FIRST_FORMS | NEWEST_FORMS
needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is not installed")


def rasterise(snapshot: Snapshot, folder: Path) -> list[Image.Image]:
    (folder / "form.pdf").write_bytes(render(snapshot).pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-gray", "-png", str(folder / "form.pdf"), str(folder / "page")], check=True
    )
    return [Image.open(path).convert("L") for path in sorted(folder.glob("page-*.png"))]


def difference(page: Image.Image, golden: Image.Image) -> tuple[float, int]:
    """Mean and largest difference of two pages, a little blurred: renderers place their grey dots differently."""
    if page.size != golden.size:
        return 255.0, 255
    found = ImageChops.difference(
        page.filter(ImageFilter.GaussianBlur(1.5)), golden.filter(ImageFilter.GaussianBlur(1.5))
    )
    return ImageStat.Stat(found).mean[0], int(found.getextrema()[1])  # type: ignore[arg-type]


@needs_poppler
@pytest.mark.parametrize("name", FORMS)
def test_pages_look_as_they_did(name: str, tmp_path: Path) -> None:
    pages = rasterise(FORMS[name](), tmp_path)
    if os.environ.get("HOCBA_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        for number, page in enumerate(pages, 1):
            page.quantize(8).save(GOLDEN / f"{name}-{number}.png", optimize=True)
    stored = sorted(GOLDEN.glob(f"{name}-[0-9].png"))
    assert len(stored) == len(pages)
    for page, path in zip(pages, stored, strict=True):
        mean, largest = difference(page, Image.open(path).convert("L"))
        assert mean < 1.5 and largest < 70, (path.name, mean, largest)


@needs_poppler
def test_a_line_that_moved_is_seen(tmp_path: Path) -> None:
    snapshot = samples.results_snapshot()
    snapshot["results"]["subjects"][0]["comment"] = samples.LONG_COMMENT
    page = rasterise(snapshot, tmp_path)[0]
    mean, largest = difference(page, Image.open(GOLDEN / "results-tt22-1.png").convert("L"))
    assert mean >= 1.5 or largest >= 70
