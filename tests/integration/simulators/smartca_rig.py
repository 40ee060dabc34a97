"""A running SmartCA simulator: the MySign rig's phone, provisioning and faults behind the other protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hocba_app.settings import settings
from hocba_app.simulators.mysign.service import Service
from hocba_app.simulators.smartca.app import create_app
from hocba_app.simulators.trust.authority import Authority
from tests.integration.simulators.mysign_rig import Rig
from tests.integration.simulators.running import running


@contextmanager
def smartca_rig(folder: Path) -> Iterator[Rig]:
    """A service on ``folder`` while inside."""
    authority = Authority(folder / "trust", "http://127.0.0.1:9")
    service = Service(folder / "smartca", authority)
    with running(lambda _url: create_app(service)) as url:
        yield Rig(url, service, authority)
    authority.close()


@contextmanager
def smartca_beside(authority: Authority, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """The installation under test connected to SmartCA besides MySign; both have their certificates from one authority."""
    service = Service(folder / "smartca", authority)
    with running(lambda _url: create_app(service)) as url:
        rig = Rig(url, service, authority)
        monkeypatch.setenv("HOCBA_SMARTCA_URL", url)
        monkeypatch.setenv("HOCBA_SMARTCA_SP_ID", rig.client["client_id"])
        monkeypatch.setenv("HOCBA_SMARTCA_SP_PASSWORD", rig.client["client_secret"])
        settings.cache_clear()
        yield rig
