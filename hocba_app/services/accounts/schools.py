"""Schools of the installation and their first admin: the work of the operator at the server's console."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.levels import LEVELS, are_levels
from hocba_app.domain.roles import Role
from hocba_app.models import Account, Database, LoginName, School
from hocba_app.models.base import new_id, utc_now
from hocba_app.models.repositories import find
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.login_names import login_name
from hocba_app.services.accounts.one_time_codes import VALID_FOR, code_hash, new_code
from hocba_app.services.audit.log import record
from hocba_app.services.credential_cipher import decrypt, encrypt

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,31}")
_YEAR = re.compile(r"(\d{4})-(\d{4})")


@dataclass(frozen=True, slots=True)
class NewSchool:
    """A school just made, and how its first admin gets in."""

    school_id: str
    username: str
    code: str
    """One-time code, valid for 14 days; it cannot be shown again."""


def operator(school_id: str) -> Identity:
    """Whoever has the server's console acts as an admin of any school; in the audit log he is the system."""
    return Identity(
        account_id="", school_id=school_id, staff_id=None, username="", full_name="", roles=frozenset({str(Role.ADMIN)})
    )


def add_school(
    db: Database,
    *,
    code: str,
    name: str,
    admin_name: str,
    current_year: str,
    level: str = "lower_secondary",
    commune: str = "",
    province: str = "",
    department: str = "",
    tax_code: str = "",
) -> NewSchool:
    """Make a school and its first admin, ``admin@<code>``, in one transaction.

    Args:
        current_year: the school year it starts with, "2025-2026".
        tax_code: MST, which the school's certificate must carry.

    Raises:
        HocbaError: INVALID_INPUT – also when the code is taken.
    """
    code, name = code.strip(), name.strip()
    require_new_school(code, name, current_year, level)
    school = School(
        id=new_id(),
        code=code,
        name=name,
        level=level,
        commune=commune,
        province=province,
        department=department,
        tax_code=tax_code,
        current_year=current_year,
    )
    one_time, username = new_code(), login_name(f"admin@{code}")
    try:
        with db.write(school.id) as session:
            session.add(school)
            session.flush()
            account = Account(
                username=username,
                full_name=admin_name,
                granted_roles=[Role.ADMIN.value],
                code_hash=code_hash(one_time),
                code_expires_at=utc_now() + VALID_FOR,
            )
            session.add(account)
            session.flush()
            session.add(LoginName(name=username, school_id=school.id, account_id=account.id))
            session.flush()
            record(session, actor="", action=Action.SCHOOL_CREATED, subject=f"school:{school.id}")
            record(
                session,
                actor="",
                action=Action.ACCOUNT_CREATED,
                subject=f"account:{account.id}",
                data={"role": "admin"},
            )
    except IntegrityError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"mã trường {code} đã có") from error
    return NewSchool(school.id, username, one_time)


def require_new_school(code: str, name: str, current_year: str, level: str) -> None:
    """Refuse what no school may be made with; whether the code is taken is not asked.

    Raises:
        HocbaError: INVALID_INPUT.
    """
    if not _CODE.fullmatch(code):
        raise HocbaError(
            ErrorCode.INVALID_INPUT, detail="mã trường chỉ gồm chữ không dấu, số, gạch nối, từ 2 đến 32 ký tự"
        )
    if not name:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="tên trường")
    if not are_levels(level):
        raise HocbaError(
            ErrorCode.INVALID_INPUT,
            detail=f"cấp học phải là một trong {', '.join(LEVELS)}, hoặc nhiều cấp liền nhau nối bằng dấu +",
        )
    years = _YEAR.fullmatch(current_year)
    if years is None or int(years[2]) != int(years[1]) + 1:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")


def set_credentials(
    db: Database,
    who: Identity,
    *,
    smas_client_id: str | None = None,
    smas_secret: str | None = None,
    mysign_client_id: str | None = None,
    mysign_secret: str | None = None,
) -> None:
    """Store what the school logs in with at SMAS and at MySign; secrets are encrypted under ``HOCBA_SECRET_KEY``.

    None leaves a value as it is; "" removes it. The log says what was changed, never to what.

    Raises:
        HocbaError: FORBIDDEN, SECRET_KEY_MISSING.
    """
    require(who, Right.SETTINGS_WRITE)
    given = {
        "smas_client_id": smas_client_id,
        "smas_secret_encrypted": None if smas_secret is None else encrypt(smas_secret),
        "mysign_client_id": mysign_client_id,
        "mysign_secret_encrypted": None if mysign_secret is None else encrypt(mysign_secret),
    }
    changes = {column: value for column, value in given.items() if value is not None}
    if not changes:
        return
    with db.write(who.school_id) as session:
        school = session.get_one(School, who.school_id, with_for_update={"key_share": True})
        for column, value in changes.items():
            setattr(school, column, value)
        session.add(school)
        record(
            session,
            actor=who.account_id,
            action=Action.SCHOOL_CREDENTIALS_SET,
            subject=f"school:{school.id}",
            data={"changed": sorted(column.removesuffix("_encrypted") for column in changes)},
        )


def rotate_key(db: Database) -> int:
    """Encrypt every school's credentials anew, with the key of now; running it again is harmless.

    Returns:
        How many schools had any.

    Raises:
        HocbaError: SECRET_KEY_MISSING, SECRET_KEY_WEAK; SECRET_KEY_WRONG when neither key opens what is stored.
    """
    done = 0
    for school in schools(db):
        smas, mysign = decrypt(school.smas_secret_encrypted), decrypt(school.mysign_secret_encrypted)
        if smas or mysign:
            set_credentials(db, operator(school.id), smas_secret=smas or None, mysign_secret=mysign or None)
            done += 1
    return done


def schools(db: Database) -> list[School]:
    """Every school of the installation, by code."""
    with db.installation() as session:
        return find.all_of(session, School, School.code)


def school_with_code(db: Database, code: str) -> School:
    """The school with this code.

    Raises:
        HocbaError: NOT_FOUND.
    """
    with db.installation() as session:
        school = find.first_of(session, School, code=code.strip())
    if school is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what=f"trường có mã {code}")
    return school


def account_with_name(db: Database, username: str) -> Account:
    """The account that logs in with this name, whichever school it belongs to.

    Raises:
        HocbaError: NOT_FOUND.
    """
    with db.installation() as session:
        known = session.get(LoginName, login_name(username))
    if known is not None:
        with db.read(known.school_id) as session:
            account = session.get(Account, (known.school_id, known.account_id))
        if account is not None:
            return account
    raise HocbaError(ErrorCode.NOT_FOUND, what=f"tài khoản {username}")
