"""Every signing service has its words: its name, what is typed there, how one confirms."""

from __future__ import annotations

from dataclasses import fields

from hocba_app.domain.signing_words import ACCOUNT, AT_ONCE, CONFIRMING
from hocba_app.domain.wording import SIGNING_SERVICE
from hocba_app.services.signing.progress import BatchView
from hocba_app.state.batch_cards import batch_card


def test_every_service_has_its_words() -> None:
    assert set(ACCOUNT) == set(CONFIRMING) == set(SIGNING_SERVICE)
    assert set(AT_ONCE) <= set(SIGNING_SERVICE)
    assert all(len(words) == 2 and all(words) for words in ACCOUNT.values())
    assert not any("điện thoại nhận" in line for name in AT_ONCE for line in CONFIRMING[name])


def view(**values: object) -> BatchView:
    given = {field.name: None for field in fields(BatchView)} | {
        "id": "b",
        "stage": "subject",
        "provider": "mysign",
        "state": "queued",
        "total": 2,
        "committed": 0,
        "failed": 0,
        "confirmed": False,
        "stop_asked": False,
        "ahead": 1,
        "wait_seconds": 60,
        "your_turn": False,
        "after_own": False,
        "over": False,
        "about": (),
        "created_at": "",
    }
    return BatchView(**(given | values))  # type: ignore[arg-type]


def test_ones_own_next_batch_is_no_queue() -> None:
    ordinary, second = batch_card(view()), batch_card(view(ahead=0, after_own=True))
    assert "1 lượt ký của người khác phía trước" in ordinary.queue_text and ordinary.may_split
    assert "tự gửi" in second.queue_text and "phía trước" not in second.queue_text
    assert not second.may_split, "nothing of it goes out before the first is signed"
    both = batch_card(view(ahead=1, after_own=True))
    assert "người khác phía trước" in both.queue_text


def test_nobody_is_sent_to_a_phone_that_is_not_asked() -> None:
    assert "điện thoại" in batch_card(view(your_turn=True)).queue_text
    assert "điện thoại" not in batch_card(view(your_turn=True, provider="pkcs11")).queue_text
