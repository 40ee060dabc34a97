"""A small school beside running MySign and trust simulators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hocba_app.models import Database
from hocba_app.settings import settings
from hocba_app.simulators.mysign.app import create_app
from hocba_app.simulators.mysign.service import Service
from hocba_app.simulators.trust.app import create_app as create_trust
from hocba_app.simulators.trust.authority import Authority
from tests.integration.simulators.mysign_rig import Rig
from tests.integration.simulators.running import running
from tests.school import SmallSchool, small_school


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, str, Path]]:
    folder = tmp_path_factory.mktemp("outside")
    made: list[Authority] = []

    def trust(url: str) -> object:
        made.append(Authority(folder / "trust", url))
        return create_trust(made[0])

    with running(trust) as trust_url:  # type: ignore[arg-type]
        service = Service(folder / "mysign", made[0])
        with running(lambda _url: create_app(service)) as url:
            yield Rig(url, service, made[0]), trust_url, folder / "trust" / "root.pem"


@contextmanager
def for_school(outside: tuple[Rig, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of an installation beside the running simulators."""
    rig, trust_url, root = outside
    rig.well()
    for name, value in {
        "SECRET_KEY": "test secret, 8Jq2Lr5Tz0Xc7",
        "MYSIGN_URL": rig.url,
        "TSA_URL": f"{trust_url}/tsa",
        "TRUST_ROOTS": str(root),
        "DOCUMENTS_URL": str(tmp_path / "documents"),
    }.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def small(
    db: Database, school_id: str, outside: tuple[Rig, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallSchool]:
    with for_school(outside, tmp_path, monkeypatch):
        yield small_school(db, school_id, outside[0])
