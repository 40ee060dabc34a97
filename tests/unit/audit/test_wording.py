"""Every action a service writes has words of the school's; the list cannot fall behind the code."""

from __future__ import annotations

import re
from pathlib import Path

from hocba_app.domain.audit_wording import ACTIONS, GROUPS, action_text, details_text

SERVICES = Path(__file__).resolve().parents[3] / "hocba_app" / "services"
_ACTION = re.compile(r'(?:action=|_note\(\s*session, who, (?:account, )?|action = )"([a-z_]+\.[a-z_]+)"')
_EITHER = re.compile(r'"([a-z_]+\.[a-z_]+)" if [^\n]+ else "([a-z_]+\.[a-z_]+)"')


def written() -> set[str]:
    """Actions named in the code of the services, those that follow from a batch's last state included."""
    found = {"batch.committed", "batch.ended"}
    for path in SERVICES.rglob("*.py"):
        text = path.read_text()
        found.update(_ACTION.findall(text))
        if "record(" in text:
            found.update(action for pair in _EITHER.findall(text) for action in pair)
    return found


def test_every_action_has_words() -> None:
    found = written()
    assert len(found) > 30
    assert found - set(ACTIONS) == set()
    assert {action.partition(".")[0] for action in found} - set(GROUPS) == set()


def test_an_unknown_action_is_shown_all_the_same() -> None:
    assert action_text("record.eaten") == "Hồ sơ (record.eaten)"
    assert action_text("x") == "Khác (x)"


def test_particulars() -> None:
    assert details_text({"kind": "results", "version": 2, "snapshot": "ff"}) == "KQHT · bản 2"
    assert details_text({"documents": ["a", "b"], "reason": "Sai điểm"}) == "2 hồ sơ · «Sai điểm»"
    assert details_text({"committed": 0, "failed": 3, "error": "signing_rejected"}) == "đã ký 0 · chưa ký 3"
    assert details_text({"kind": ["history"], "version": None, "reason": None}) == ""
