"""Rows of the page "Ký học bạ", with texts ready to show."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.wording import KIND, KIND_SHORT, amount, stage_signer
from hocba_app.models import SEAL
from hocba_app.services.signing import queue_groups, signer_inbox
from hocba_app.state.shared.select_option import SelectOption


@dataclasses.dataclass
class Group:
    """One class, kind and subject that waits: what one tap signs."""

    key: str
    title: str
    detail: str
    stage: str
    kind: str
    grade: int
    waiting: int
    ready: int
    """Of them those that may be signed now and are not left out."""
    left: int
    """Left out by hand."""
    blocked: str
    """Why the rest is not ready, as a sentence; "" when all is."""
    button: str


@dataclasses.dataclass
class Section:
    """All groups of one stage and kind."""

    key: str
    title: str
    summary: str
    ready: int
    button: str
    folded: bool
    groups: list[Group]


@dataclasses.dataclass
class RecordRow:
    """One record of the opened batch."""

    code: str
    name: str
    kind: str
    state: str
    state_name: str
    problem: str


@dataclasses.dataclass
class LateRow:
    """A subject teacher of the homeroom teacher's class who has not signed yet."""

    class_id: str
    class_name: str
    staff_id: str
    name: str
    subjects: str
    reminded: bool


@dataclasses.dataclass
class AskedRow:
    """Somebody reminds me."""

    id: str
    text: str


_IN_SENTENCE = KIND_SHORT | {"cover": "bìa"}
FOLD_OVER = 8
"""Groups above which a page folds its sections."""


def key_of(item: signer_inbox.Waiting | queue_groups.WaitingGroup) -> str:
    """What a group is called between page and server."""
    return "|".join((item.stage, item.kind, item.school_year, item.class_id, ",".join(item.subjects)))


def group_row(group: queue_groups.WaitingGroup, names: Mapping[str, str], left: int) -> Group:
    """A group, less what is left out of it."""
    subjects = f" · {', '.join(names.get(code, code) for code in group.subjects)}" if group.subjects else ""
    if group.stage == "homeroom":  # who teaches the class a subject as well signs it twice
        subjects = f" · {stage_signer('homeroom')}"
    ready = max(0, group.ready - left)
    act = f"Đóng dấu {ready} hồ sơ" if group.stage == SEAL else f"Ký {ready} hồ sơ"
    return Group(
        key=key_of(group),
        title=f"{group.class_name} · {KIND_SHORT[group.kind]}{subjects}",
        detail=KIND[group.kind] + (f" {group.school_year}" if group.school_year else ""),
        stage=group.stage,
        kind=group.kind,
        grade=group.grade,
        waiting=group.waiting,
        ready=ready,
        left=left,
        blocked=" ".join(sorted(why(reason) for reason in group.reasons)),
        button=act if ready else "Chưa ký được" if not left else "Đã để lại hết",
    )


def sections(groups: Sequence[Group], grade: str) -> list[Section]:
    """The groups by stage and kind: with many of them folded, each section with one button for all of it."""
    found: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        if not grade or str(group.grade) == grade:
            found.setdefault((group.stage, group.kind), []).append(group)
    many = len(groups) > FOLD_OVER
    return [_section(stage, kind, of, many, grade, alone=len(found) == 1) for (stage, kind), of in found.items()]


def _section(stage: str, kind: str, groups: list[Group], many: bool, grade: str, *, alone: bool) -> Section:
    ready = sum(group.ready for group in groups)
    what = f"{amount(ready)} {_IN_SENTENCE[kind]}" + (f" khối {grade}" if grade else "")
    return Section(
        key=f"{stage}|{kind}",
        title=KIND[kind] + (" · đóng dấu" if stage == SEAL else f" · {stage_signer(stage)}"),
        summary=f"{len(groups)} lớp, {amount(sum(group.waiting for group in groups))} hồ sơ chờ"
        + (f", ký được ngay {amount(ready)}" if ready else ""),
        ready=ready,
        button=(f"Đóng dấu cả {what}" if stage == SEAL else f"Ký cả {what}")
        if ready and len(groups) > 1 and not alone
        else "",
        folded=many,
        groups=groups,
    )


def confirming(groups: Iterable[Group]) -> str:
    """How many confirmations on the phone so many records take, said before anybody taps; "" for one."""
    personal = seals = 0
    for group in groups:
        if group.stage == SEAL:
            seals += group.ready
        else:
            personal += group.ready
    times = signer_inbox.confirmations(personal, seals)
    if times < 2:
        return ""
    return (
        f"{amount(personal + seals)} hồ sơ là {times} lần xác nhận trên điện thoại, mỗi lần nhiều nhất "
        f"{signer_inbox.MAX_HASHES} hồ sơ. Xác nhận xong một lần, lần sau tự gửi tới điện thoại."
    )


def sign_all(shown: Sequence[Group], chosen: Sequence[Group], grade: str, *, by_hand: bool) -> str:
    """Words of the button for everything shown, or for what is chosen of it; "" where one group is all there is."""
    if len(shown) < 2:
        return ""
    records = amount(sum(group.ready for group in chosen))
    of_grade = f" khối {grade}" if grade else ""
    if all(group.stage == SEAL for group in chosen):
        return f"Đóng dấu {records} hồ sơ đã chọn" if by_hand else f"Đóng dấu tất cả {records} hồ sơ{of_grade}"
    return f"Ký {records} hồ sơ đã chọn" if by_hand else f"Ký tất cả {records} hồ sơ{of_grade}"


def grades_of(groups: Collection[Group]) -> list[SelectOption]:
    """The grades to choose from; nothing where there is no choice, or little to choose from."""
    grades = sorted({group.grade for group in groups})
    if len(grades) < 2 or len(groups) <= FOLD_OVER:
        return []
    return [SelectOption("", "Mọi khối"), *(SelectOption(str(grade), f"Khối {grade}") for grade in grades)]


def why(reason: ErrorCode) -> str:
    """Why something of a group waits."""
    if reason is ErrorCode.DOCUMENT_BUSY:
        return "Một số hồ sơ đang ở trong lượt ký phía trên."
    if reason is ErrorCode.RECORD_QUESTIONED:
        return "Hồ sơ có báo sai chờ sửa hoặc chờ văn phòng trả lời."
    return HocbaError(reason).sentence
