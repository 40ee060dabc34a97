"""`hocba doctor` makes a real call with each school's secrets: one the service does not take is named, one it takes is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hocba_app.models import Database
from hocba_app.services.accounts.schools import operator, set_credentials
from hocba_app.services.maintenance.configuration_check import Check
from hocba_app.services.maintenance.connection_check import school_secrets
from hocba_app.settings import settings
from hocba_app.simulators.smas.app import Service, create_app
from tests.integration.signing.conftest import outside, small  # noqa: F401 - fixtures
from tests.integration.simulators.running import running
from tests.school import SmallSchool

SPEC = "lower_secondary:students=8,seed=1,year=2025-2026,special=0,moment=september"


def told(db: Database) -> dict[str, Check]:
    """The checks of the one school, by the service's name."""
    return {check.name.rpartition(" ")[0]: check for check in school_secrets(settings(), db, whole=True)}


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_secret_that_is_not_taken_is_named(
    db: Database, small: SmallSchool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(tmp_path / "smas", [SPEC])
    account = service.schools()[0]
    with running(lambda _url: create_app(service)) as url:
        monkeypatch.setenv("HOCBA_SMAS_URL", url)
        settings.cache_clear()
        admin = operator(small.school_id)
        set_credentials(db, admin, smas_client_id=account["client_id"], smas_secret=account["client_secret"])
        assert {name: check.ok for name, check in told(db).items()} == {"CSDL ngành": True, "MySign": True}
        set_credentials(db, admin, smas_client_id=account["client_id"], smas_secret="not this one")
        assert {name: check.ok for name, check in told(db).items()} == {"CSDL ngành": False, "MySign": True}
        set_credentials(db, admin, smas_client_id=account["client_id"], smas_secret=account["client_secret"])
        set_credentials(db, admin, mysign_client_id="nobody", mysign_secret="not this one")
        found = told(db)
        assert {name: check.ok for name, check in found.items()} == {"CSDL ngành": True, "MySign": False}
        assert "từ chối" in found["MySign"].problem and "set-credentials" in found["MySign"].remedy
    assert {name for name, check in told(db).items() if not check.ok} == {"MySign"}, "away is not wrong"
    service.close()
