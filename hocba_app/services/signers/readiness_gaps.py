"""What would stop signing, found before anything is locked: each with whom it concerns and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.head_words import spoken
from hocba_app.domain.wording import GAP_OF_MANY, KIND_SHORT
from hocba_app.models import SEAL, Database, School, SigningKey, SigningSettings, Staff
from hocba_app.models.repositories import signers as rows
from hocba_app.models.repositories.leadership import open_proposals
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.signer_resolution import principal_slot
from hocba_app.services.signers.assignment_matrix import Matrix, read_matrix
from hocba_app.services.signers.key_views import KeyView, key_of_staff, seal_key

ASSIGNMENTS, ACCOUNTS, IMAGES, SETTINGS, SYNC, LEADERSHIP = (
    "/assignments",
    "/signing-accounts",
    "/signature-images",
    "/signing-settings",
    "/sync",
    "/leadership",
)


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing to mend before signing."""

    code: str
    """``no_teacher``, ``no_homeroom``, ``left``, ``no_id_number``, ``no_image``, ``no_account``, ``no_certificate``,
    ``certificate_problem``, ``certificate_expired``, ``certificate_expiring``, ``no_principal``, ``no_cover_signer``,
    ``no_seal_operator``, ``no_seal_image``, ``no_tax_code``."""
    severity: Literal["blocking", "warning"]
    """A warning does not stop signing today."""
    staff_id: str
    """Whom it concerns; ``seal`` for the school's seal, "" where nobody is known."""
    whom: str
    classes: tuple[str, ...]
    """Names of the classes it concerns; empty for the whole school."""
    text: str
    """What is missing and what to do, as a sentence."""
    page: str
    """Where to do it."""


@dataclass(frozen=True, slots=True)
class GapGroup:
    """One thing to do, with all whom it concerns: forty teachers without an image are one line."""

    code: str
    page: str
    severity: Literal["blocking", "warning"]
    text: str
    """One sentence for all of them."""
    gaps: tuple[Gap, ...]


def grouped(found: Iterable[Gap]) -> list[GapGroup]:
    """Gaps of one kind together, the blocking ones first."""
    groups: dict[tuple[str, str, Literal["blocking", "warning"]], list[Gap]] = {}
    for gap in found:
        groups.setdefault((gap.code, gap.page, gap.severity), []).append(gap)
    made = []
    for (code, page, severity), of_code in groups.items():
        texts = {gap.text for gap in of_code}
        text = texts.pop() if len(texts) == 1 else GAP_OF_MANY.get(code, of_code[0].text)
        made.append(GapGroup(code, page, severity, text, tuple(of_code)))
    return sorted(made, key=lambda group: group.severity != "blocking")


def gaps(db: Database, who: Identity, school_year: str) -> list[Gap]:
    """Every gap of a school year, the blocking ones first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    return matrix_and_gaps(db, who, school_year)[1]


def matrix_and_gaps(db: Database, who: Identity, school_year: str) -> tuple[Matrix, list[Gap]]:
    """Who signs what, and what is missing, in one look.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.ASSIGNMENTS)
    with db.read(who.school_id) as session:
        matrix = read_matrix(session, school_year)
        found = [*_places(matrix), *_leaders(session), *_people(session, matrix), *_seal(session)]
    return matrix, sorted(found, key=lambda gap: gap.severity != "blocking")


def _places(matrix: Matrix) -> Iterator[Gap]:
    """Rows and classes that nobody signs."""
    names = dict(matrix.subjects)
    empty: dict[str, list[str]] = {}
    for row in matrix.classes:
        for cell in row.cells():
            if cell.problem == "nobody":
                empty.setdefault(cell.subject_code, []).append(row.name)
    for code, classes in empty.items():
        what = f"dạy môn {names.get(code, code)}" if code else "chủ nhiệm"
        yield Gap(
            "no_teacher" if code else "no_homeroom",
            "blocking",
            "",
            names.get(code, "Giáo viên chủ nhiệm"),
            tuple(dict.fromkeys(classes)),
            f"Chưa có giáo viên {what}. Hãy phân công trên SMAS rồi đồng bộ lại, hoặc chọn người ký thay thế ở đây.",
            ASSIGNMENTS,
        )


def _leaders(session: Session) -> Iterator[Gap]:
    """The principal, and who signs covers."""
    proposed = [staff.full_name for proposal, staff in open_proposals(session) if proposal.proposed == "principal"]
    if proposed and rows.principal(session) is None:
        yield Gap(
            "no_principal",
            "blocking",
            "",
            proposed[0],
            (),
            f"{spoken().office} theo danh sách cán bộ, chờ xác nhận chức vụ.",
            LEADERSHIP,
        )
    elif rows.principal(session) is None:
        yield Gap(
            "no_principal",
            "blocking",
            "",
            spoken().office,
            (),
            f"Danh sách cán bộ chưa có {spoken().office}. Hãy cập nhật chức vụ trên SMAS, nộp và đồng bộ lại.",
            SYNC,
        )
        if principal_slot(session, "cover").staff_id is None:
            yield Gap(
                "no_cover_signer",
                "blocking",
                "",
                "Người ký bìa",
                (),
                "Chưa có người ký bìa. Hãy chọn người ký bìa.",
                SETTINGS,
            )


def _people(session: Session, matrix: Matrix) -> Iterator[Gap]:
    """Whoever signs anything: id number, image, account and certificate."""
    staff = {person.id: person for person in rows.staff_of(session, active=False)}
    kept, images = rows.keys(session), rows.image_times(session)
    for staff_id, classes in _signers(session, matrix).items():
        person = staff.get(staff_id)
        if person is not None:
            yield from _person(person, tuple(classes), kept.get(staff_id), staff_id in images)


def _signers(session: Session, matrix: Matrix) -> dict[str, list[str]]:
    """Who signs, with the classes he signs in (empty: all)."""
    found: dict[str, list[str]] = {}
    for row in matrix.classes:
        for cell in row.cells():
            if cell.staff_id and row.name not in found.setdefault(cell.staff_id, []):
                found[cell.staff_id].append(row.name)
    for kind in KIND_SHORT:
        signer = principal_slot(session, kind).staff_id
        if signer is not None:
            found[signer] = []
    return found


def _person(person: Staff, classes: tuple[str, ...], key: SigningKey | None, image: bool) -> Iterator[Gap]:
    def gap(code: str, text: str, page: str, severity: Literal["blocking", "warning"] = "blocking") -> Gap:
        return Gap(code, severity, person.id, person.full_name, classes, text, page)

    if not person.active:
        yield gap(
            "left",
            "Không còn trong danh sách cán bộ. Hãy phân công người ký khác, hoặc sửa trên SMAS rồi đồng bộ lại.",
            ASSIGNMENTS,
        )
        return
    if not (person.id_number or person.old_id_number):
        yield gap("no_id_number", HocbaError(ErrorCode.SIGNER_NO_ID_NUMBER, name=person.full_name).sentence, SYNC)
    if not image:
        yield gap(
            "no_image", "Chưa có ảnh chữ ký. Hãy tải ảnh lên, hoặc nhắc thầy cô tự tải ở mục Chữ ký của tôi.", IMAGES
        )
    found = _of_key(key_of_staff(person, key))
    # Without an id number no certificate can be judged: one thing to do, said once.
    if found is not None and not (found[0] == "certificate_problem" and not (person.id_number or person.old_id_number)):
        yield gap(found[0], found[1], ACCOUNTS, found[2])


def _of_key(view: KeyView) -> tuple[str, str, Literal["blocking", "warning"]] | None:
    """What is wrong with a key: code, sentence, severity."""
    if view.state == "ok":
        return None
    if view.state == "no_account":
        return "no_account", view.sentence, "blocking"
    if view.state == "expiring":
        return "certificate_expiring", view.sentence, "warning"
    # Whether it was revoked could not be learnt at the last test: signing asks again by itself.
    passing = view.problem == ErrorCode.REVOCATION_UNKNOWN
    code = {"expired": "certificate_expired", "no_certificate": "no_certificate"}.get(view.state, "certificate_problem")
    return code, view.sentence, "warning" if passing else "blocking"


def _seal(session: Session) -> Iterator[Gap]:
    """Operator, image, key, and the tax code that the seal's certificate must carry."""
    school = session.get_one(School, session.info["school_id"])
    settings = rows.settings_row(session) or SigningSettings()
    operator = next((person for person in rows.staff_of(session) if person.id == settings.seal_operator_id), None)

    def gap(code: str, text: str, page: str, severity: Literal["blocking", "warning"] = "blocking") -> Gap:
        return Gap(code, severity, SEAL, "Con dấu nhà trường", (), text, page)

    if not school.tax_code:
        yield gap(
            "no_tax_code",
            "Chưa có mã số thuế của trường nên chưa thể đóng dấu. Hãy bổ sung trên SMAS rồi đồng bộ lại.",
            SYNC,
        )
    if operator is None:
        left = settings.seal_operator_id is not None
        yield gap(
            "no_seal_operator",
            "Người đóng dấu không còn trong danh sách cán bộ. Hãy chọn người khác."
            if left
            else "Chưa phân công người đóng dấu. Hãy chọn người đóng dấu.",
            SETTINGS,
        )
    if SEAL not in rows.image_times(session):
        yield gap("no_seal_image", "Chưa có ảnh con dấu. Hãy tải ảnh con dấu lên.", IMAGES)
    found = _of_key(seal_key(session))
    if found is not None:
        yield gap(found[0], found[1], SETTINGS, found[2])
