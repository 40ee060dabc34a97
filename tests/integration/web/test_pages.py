"""Every page can be drawn: what a build would refuse is found here, without Node."""

from __future__ import annotations

import pytest

from hocba_app.components.shell import MENU
from hocba_app.hocba_app import app

ROUTES = sorted(app._unevaluated_pages)


@pytest.mark.parametrize("route", ROUTES)
def test_the_page_compiles(route: str) -> None:
    app._compile_page(route)
    assert app._pages[route].render()


def test_every_entry_of_the_menu_has_a_page() -> None:
    paths = {f"/{route}".replace("/index", "/") for route in ROUTES}
    assert [path for _, entries in MENU for path, *_ in entries if path not in paths] == []
