"""The small school beside running MySign and trust simulators, and a second school whose people must see nothing."""

from __future__ import annotations

import pytest

from hocba_app.models import Database, School
from hocba_app.services.accounts.identity import Identity
from tests.integration.signing.conftest import outside, small  # noqa: F401 - fixtures


@pytest.fixture
def stranger(db: Database) -> Identity:
    """Admin and principal of another school of the installation."""
    with db.installation(write=True) as session:
        school = School(code="79760002", name="Trường THCS Trần Phú", tax_code="0399999999", current_year="2025-2026")
        session.add(school)
    return Identity("b" * 26, school.id, None, "other", "Người khác", frozenset({"admin", "principal", "management"}))
