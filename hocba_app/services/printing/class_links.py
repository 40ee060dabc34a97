"""Links for a whole class in one act: one for each pupil of whom something is sealed, on slips to cut apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import segno

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School, SchoolClass, Student
from hocba_app.models.repositories import find, membership
from hocba_app.models.repositories.printing import finished_counts
from hocba_app.services.accounts.authority import Right, require, require_class
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.printing.share_link import Secret, add_link, checked_recipient


@dataclass(frozen=True, slots=True)
class LinkSlip:
    """One pupil's link: the only time its address and PIN can be shown."""

    pupil: str
    code: str
    url: str
    qr: str
    """The address as a picture, a ``data:`` address of SVG."""
    pin: str


@dataclass(frozen=True, slots=True)
class LinkSheet:
    """The slips of a class, in the order of the class list."""

    school: str
    class_name: str
    expires_at: datetime
    slips: tuple[LinkSlip, ...]
    without: tuple[str, ...]
    """Pupils of whom nothing is sealed yet."""


def create_class_links(
    db: Database, who: Identity, class_id: str, *, recipient: str, days: int, kinds: Sequence[str] = KINDS
) -> LinkSheet:
    """A link for each pupil of the class who has sealed documents; all of them or, where one fails, none.

    Links made earlier stay as they are: they end by time, by hand or when a record in them is replaced.

    Args:
        recipient, days, kinds: as :func:`share_link.create_link`, the same for all.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, NOTHING_TO_DO when nobody has a sealed document.
    """
    require(who, Right.PRINT)
    recipient = checked_recipient(recipient, days)
    if not kinds or set(kinds) - set(KINDS):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="chọn ít nhất một loại hồ sơ")
    with db.read(who.school_id) as session:
        school_class = session.get(SchoolClass, (who.school_id, class_id))
        if school_class is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
        require_class(session, who, class_id)
        school = session.get_one(School, who.school_id).name
        pupils = membership.present_in(session, class_id, school_class.school_year)
        people = find.by_ids(session, Student, pupils)
        able = finished_counts(session, pupils)
    secrets = {pupil: Secret.new() for pupil in pupils if able.get(pupil)}
    slips, without = [], []
    with db.write(who.school_id) as session:
        expires_at = None
        for pupil in pupils:
            made = None
            if pupil in secrets:
                try:
                    made = add_link(session, who, pupil, secrets[pupil], recipient=recipient, days=days, kinds=kinds)
                except HocbaError as error:
                    if error.code is not ErrorCode.NOTHING_TO_DO:
                        raise
            if made is None:
                without.append(people[pupil].full_name)
                continue
            expires_at = made.expires_at
            slips.append(LinkSlip(people[pupil].full_name, people[pupil].code, made.url, _qr(made.url), made.pin))
        if expires_at is None:
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
    return LinkSheet(school, school_class.name, expires_at, tuple(slips), tuple(without))


def _qr(url: str) -> str:
    return segno.make(url, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
