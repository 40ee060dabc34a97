"""One batch as the page "Ký học bạ" shows it: its state, what is waited for, what one may do."""

from __future__ import annotations

import dataclasses

from hocba_app.domain.wording import BATCH, KIND_SHORT, amount, stage_signer
from hocba_app.models import SEAL
from hocba_app.services.signing import progress
from hocba_app.services.signing.providers.registry import words_of


@dataclasses.dataclass
class BatchCard:
    """One batch on the page."""

    id: str
    title: str
    state_name: str
    tone: str
    app: str
    """On the signer's phone."""
    total: int
    committed: int
    failed: int
    percent: int
    countdown: int
    waiting_phone: bool
    confirmed: bool
    note: str
    problem: str
    may_split: bool
    may_stop: bool
    queue_text: str
    done_word: str
    """What becomes of a record here: signed, or sealed."""
    your_turn: bool
    over: bool
    done_well: bool


def _tone(view: progress.BatchView) -> str:
    if view.over:
        return "ok" if view.state == "committed" and not view.failed else "problem"
    return "todo" if view.your_turn or (view.state == "waiting" and not view.confirmed) else "wait"


_CLASSES_NAMED = 4


def _about(view: progress.BatchView) -> str:
    """Kinds and classes: what the request on the phone is for."""
    if not view.about:
        return stage_signer(view.stage)
    kinds = dict.fromkeys(KIND_SHORT[row.kind] for row in view.about)
    classes = list(dict.fromkeys(row.class_name for row in view.about))
    more = f" và {len(classes) - _CLASSES_NAMED} lớp khác" if len(classes) > _CLASSES_NAMED else ""
    return f"{stage_signer(view.stage)} · {', '.join(kinds)} {', '.join(classes[:_CLASSES_NAMED])}{more}"


def state_name(view: progress.BatchView) -> str:
    """How a batch stands, in the words of who signs and of who seals."""
    return "Đã đóng dấu xong" if view.stage == SEAL and view.state == "committed" else BATCH[view.state]


def batch_card(view: progress.BatchView) -> BatchCard:
    """The batch with every text ready to show."""
    queue_text = ""
    if view.state == "queued":
        minutes = max(1, round(view.wait_seconds / 60))
        queue_text = (
            "Đến lượt thầy cô: bấm Ký ngay"
            + (" rồi xác nhận trên điện thoại." if not words_of(view.provider).at_once else ".")
            if view.your_turn
            else f"Còn {view.ahead} lượt ký của người khác phía trước, đợi khoảng {minutes} phút."
            if view.ahead
            else "Lượt này tự gửi tới điện thoại khi thầy cô xác nhận xong lượt trước."
            if view.after_own
            else "Sắp đến lượt."
        )
    return BatchCard(
        id=view.id,
        title=f"{_about(view)} · {amount(view.total)} hồ sơ",
        tone=_tone(view),
        app=words_of(view.provider).app,
        state_name="Đã ngừng chờ trên màn hình" if view.stop_asked and not view.over else state_name(view),
        total=view.total,
        committed=view.committed,
        failed=view.failed,
        percent=round(100 * view.committed / view.total) if view.total else 100,
        countdown=view.seconds_left or 0,
        waiting_phone=view.state == "waiting" and not view.confirmed,
        confirmed=view.confirmed,
        note=view.note or "",
        problem=view.problem or "",
        may_split=view.state == "queued" and not (view.your_turn or view.after_own) and view.ahead > 0,
        may_stop=not (view.over or view.stop_asked or view.confirmed),
        queue_text=queue_text,
        done_word="đã đóng dấu" if view.stage == SEAL else "đã ký",
        your_turn=view.your_turn,
        over=view.over,
        done_well=view.state == "committed",
    )
