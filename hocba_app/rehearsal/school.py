"""A generated school in the product: added, connected, synced, everybody with account, signature image and MySign.

Only what an operator, an admin and the people themselves can do: public services, and HTTP to the outside.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlmodel import col, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.ink.signature_image import AS_IT_IS
from hocba_app.models import SEAL, Account, Database, Job, School, SchoolClass, SigningKey, Staff
from hocba_app.models.repositories.leadership import leads
from hocba_app.rehearsal.sample_images import drawn_seal, zipped_signatures
from hocba_app.rehearsal.simulator_processes import Outside, Phones, Smas
from hocba_app.services.accounts import activation, leadership, school_identity, schools
from hocba_app.services.accounts.identity import Identity, identity_of
from hocba_app.services.jobs.enqueue import LIVE
from hocba_app.services.signers import image_draft, keys
from hocba_app.services.signers import settings as signing_settings
from hocba_app.services.signers.image_store import start_bulk
from hocba_app.services.signers.images import use_upload
from hocba_app.services.sync.commands import start_sync

T = TypeVar("T")
JOB_SECONDS = 1800.0
MAX_CONCURRENT = 4
"""People who do their own part (activate an account, pick a certificate) at the same time."""


class PlayedSchool:
    """One school of the simulators, as its people use the product.

    Args:
        entry: of :attr:`Outside.schools`.
        password: everybody's, once accounts are activated.
    """

    def __init__(
        self,
        db: Database,
        outside: Outside,
        entry: dict[str, Any],
        password: str,
        check: Callable[[], None] = lambda: None,
        office: str = "principal",
    ) -> None:
        self.check, self._office = check, office
        self.db, self.outside, self.entry, self.password = db, outside, entry, password
        number = int(entry["code"][-5:])
        self.address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        """Of the school's network: another school's people wait for nothing that happens there."""
        self.smas = Smas(outside.smas_url, entry)
        self.phones = Phones(outside.mysign_url)
        self.school_id = ""
        self.admin_name = ""
        self.people: dict[str, Identity] = {}
        """Identity of everybody with an active account, by staff id."""
        self.staff: dict[str, Staff] = {}
        self._admin: Identity | None = None

    # --- founding ------------------------------------------------------------------------------------------------

    def found(self) -> None:
        """The operator adds the school with its credentials; its first admin sets his password. May be repeated."""
        entry = self.entry
        try:
            self.school_id = schools.school_with_code(self.db, entry["code"]).id
        except HocbaError:
            self.school_id = schools.add_school(
                self.db,
                code=entry["code"],
                name=entry["name"],
                admin_name="Quản trị hệ thống",
                current_year=entry["school_year"],
                level=entry["level"],
                tax_code=entry["tax_code"],
            ).school_id
        operator = schools.operator(self.school_id)
        schools.set_credentials(
            self.db,
            operator,
            smas_client_id=entry["client_id"],
            smas_secret=entry["client_secret"],
            mysign_client_id=self.outside.mysign_client["client_id"],
            mysign_secret=self.outside.mysign_client["client_secret"],
        )
        if self._office != "principal":
            school_identity.set_head_office(self.db, operator, self._office)
        admin = schools.account_with_name(self.db, f"admin@{entry['code']}")
        self.admin_name = admin.username
        if admin.password_hash is None:
            [(name, _, code)] = activation.issue_codes(self.db, operator, [admin.id])
            activation.activate(self.db, name, code, self.password, address=self.address)

    @property
    def admin(self) -> Identity:
        """The first admin."""
        if self._admin is None:
            account = schools.account_with_name(self.db, self.admin_name)
            with self.db.read(self.school_id) as session:
                self._admin = identity_of(session, account.id)
            assert self._admin is not None, "activated in found()"
        return self._admin

    # --- jobs ----------------------------------------------------------------------------------------------------

    def done(self, *job_ids: str) -> list[Job]:
        """Wait for jobs to end well.

        Raises:
            HocbaError: the job's own reason; CHILD_FAILED when the worker cannot live.
        """
        deadline = time.monotonic() + JOB_SECONDS
        jobs: dict[str, Job] = {}
        while len(jobs) < len(job_ids):
            if time.monotonic() > deadline:
                raise HocbaError(ErrorCode.INTERNAL, reference=job_ids[0])
            self.check()
            time.sleep(0.1)
            jobs |= {job.id: job for job in self.ended(*(job_id for job_id in job_ids if job_id not in jobs))}
        return [jobs[job_id] for job_id in job_ids]

    def ended(self, *job_ids: str) -> list[Job]:
        """Those of some jobs that have ended.

        Raises:
            HocbaError: the reason of one that has not ended well.
        """
        with self.db.read(self.school_id) as session:
            jobs = session.exec(select(Job).where(col(Job.id).in_(job_ids), col(Job.state).not_in(LIVE))).all()
        for job in jobs:
            if job.state != "done":
                raise HocbaError(
                    ErrorCode(job.error_code or ErrorCode.INTERNAL), **{"reference": job.id, **job.error_params}
                )
        return list(jobs)

    def sync(self) -> Job:
        """The admin syncs and waits; the operator confirms who leads the school, as with ``hocba school confirm-leadership``."""
        try:
            job = self.done(start_sync(self.db, self.admin, school_year=self.entry["school_year"]))[0]
        except HocbaError as error:
            if error.code is not ErrorCode.SECTOR_REFUSED or not self.confirm_school():
                raise
            job = self.done(start_sync(self.db, self.admin, school_year=self.entry["school_year"]))[0]
        self.confirm_leadership()
        return job

    def confirm_leadership(self) -> None:
        """The operator confirms what the school is called and who leads it; where nothing waits, nothing happens."""
        self.confirm_school()
        leadership.confirm_all(self.db, schools.operator(self.school_id))

    def confirm_school(self) -> bool:
        """The operator confirms what the school is called now, as with ``hocba school change``. Whether there was anything."""
        operator = schools.operator(self.school_id)
        waiting = [view for view in school_identity.changes(self.db, operator) if view.state == "open"]
        for view in waiting:
            school_identity.confirm(self.db, operator, view.id, decision="2606/QĐ-UBND")
        return bool(waiting)

    # --- people --------------------------------------------------------------------------------------------------

    def read_staff(self) -> None:
        """Who works at the school now."""
        with self.db.read(self.school_id) as session:
            self.staff = {row.id: row for row in session.exec(select(Staff).where(col(Staff.active).is_(True))).all()}

    def activate_everybody(self) -> int:
        """Everybody who is new uses his one-time code and chooses the password. Returns how many."""
        with self.db.read(self.school_id) as session:
            new = session.exec(
                select(Account.id).where(
                    col(Account.staff_id).is_not(None),
                    col(Account.password_hash).is_(None),
                    col(Account.disabled).is_(False),
                )
            ).all()
            leaders = {
                account_id
                for account_id in new
                if leads(session, session.get_one(Account, (self.school_id, account_id)).staff_id)
            }
        # The leaders' codes come from the operator: nobody of the school may know how to log in as the principal.
        operator = schools.operator(self.school_id)
        slips = [
            slip
            for giver, chosen in ((operator, leaders), (self.admin, set(new) - leaders))
            if chosen
            for slip in activation.issue_codes(self.db, giver, sorted(chosen))
        ]
        with ThreadPoolExecutor(MAX_CONCURRENT) as pool:
            list(
                pool.map(
                    lambda slip: activation.activate(self.db, slip[0], slip[2], self.password, address=self.address),
                    slips,
                )
            )
        return len(slips)

    def read_identities(self) -> None:
        """Everybody's roles as they are today."""
        with self.db.read(self.school_id) as session:
            accounts = session.exec(select(Account).where(col(Account.staff_id).is_not(None))).all()
            for account in accounts:
                if (who := identity_of(session, account.id)) is not None and account.staff_id:
                    self.people[account.staff_id] = who

    def upload_images(self) -> int:
        """The office uploads one zip of signatures, and the seal. Returns the number of people."""
        count = self._take_signatures(row.code for row in self.staff.values())
        seal = self._when_free(lambda: image_draft.begin(self.db, self.admin, SEAL, drawn_seal()))
        self._when_free(lambda: image_draft.use(self.db, self.admin, seal, AS_IT_IS))
        return count

    def _take_signatures(self, codes: Iterable[str]) -> int:
        """One zip of these people's signatures. Returns how many there were."""
        files = [("chu-ky.zip", zipped_signatures(list(codes)))]
        job = self.done(self._when_free(lambda: start_bulk(self.db, self.admin, files)))[0]
        self._when_free(lambda: use_upload(self.db, self.admin, job.id))
        return len(job.report["files"])

    def _when_free(self, work: Callable[[], T]) -> T:
        """Whoever is told that the system is busy tries again, as the sentence asks him to."""
        deadline = time.monotonic() + JOB_SECONDS
        while True:
            try:
                return work()
            except HocbaError as error:
                if error.code is not ErrorCode.BUSY or time.monotonic() > deadline:
                    raise
            self.check()
            time.sleep(2.0)

    def connect_signers(self) -> int:
        """:meth:`connect_keys`, and the seal gets its operator."""
        count = self.connect_keys()
        self.appoint_seal_operator()
        self.read_identities()
        return count

    def welcome(self, staff_ids: set[str]) -> None:
        """Image and key of people who have just come to the school."""
        self._take_signatures(self.staff[key].code for key in staff_ids)
        self.connect_keys(staff_ids)

    def renew_keys(self, owners: set[str]) -> None:
        """Certificates are renewed at the authority; the office's check takes the new ones over."""
        with self.db.read(self.school_id) as session:
            users = dict(session.exec(select(SigningKey.owner, SigningKey.provider_user)).all())
        for owner in sorted(owners):
            self.phones.renew(users[owner])
            keys.check_key(self.db, self.admin, owner)

    def connect_keys(self, only: set[str] | None = None) -> int:
        """MySign enters everybody and the school, they activate the app, the office picks their certificates.

        Args:
            only: these people alone.

        Returns:
            How many can sign now.
        """
        signers = self._mysign_entries(only)
        if only is not None:
            return self._connect(signers | (self._seal_user() if SEAL in only else {}))
        return self._connect(signers | self._seal_user())

    def order_accounts(self, people: set[str]) -> None:
        """These people get accounts at MySign, which nobody connects."""
        self.phones.provision(list(self._mysign_entries(people).values()))

    def _mysign_entries(self, only: set[str] | None) -> dict[str, dict[str, str]]:
        return {
            row.id: {
                "user_id": f"CCCD_{row.id_number}",
                "full_name": row.full_name,
                "id_number": _certified_number(row),
                "phone": row.phone or "0900000000",
                "kind": "person",
            }
            for row in self.staff.values()
            if row.id_number and (only is None or row.id in only)
        }

    def _seal_user(self) -> dict[str, dict[str, str]]:
        with self.db.read(self.school_id) as session:
            school = session.get_one(School, self.school_id)
        return {
            SEAL: {
                "user_id": f"MST_{school.tax_code}",
                "full_name": school.name,
                "id_number": school.tax_code,
                "phone": "0900000001",
                "kind": "organisation",
            }
        }

    def _connect(self, signers: dict[str, dict[str, str]]) -> int:
        with ThreadPoolExecutor(MAX_CONCURRENT) as pool:
            list(pool.map(lambda entry: self.phones.provision([entry]), signers.values()))
            list(pool.map(lambda item: keys.connect(self.db, self.admin, item[0], item[1]["user_id"]), signers.items()))
        return len(signers)

    def appoint_seal_operator(self) -> None:
        """The admin says who keeps the seal."""
        signing_settings.set_seal_operator(self.db, self.admin, self.seal_operator().id)

    def principal(self) -> Staff:
        """The head of the school."""
        return next(row for row in self._by_code() if row.position == "principal")

    def seal_operator(self) -> Staff:
        """A clerk keeps the seal; without one, a vice-principal or the principal."""
        rank = {"clerk": 0, "vice_principal": 1, "principal": 2}
        return min(self._by_code(), key=lambda row: rank.get(row.position, 3))

    def classes(self) -> list[SchoolClass]:
        """Classes of the current year, in order."""
        with self.db.read(self.school_id) as session:
            return list(
                session.exec(
                    select(SchoolClass)
                    .where(col(SchoolClass.school_year) == self.entry["school_year"], col(SchoolClass.active).is_(True))
                    .order_by(col(SchoolClass.grade), col(SchoolClass.name))
                ).all()
            )

    def close(self) -> None:
        self.smas.close()
        self.phones.close()

    def _by_code(self) -> list[Staff]:
        return sorted(self.staff.values(), key=lambda row: row.code)


def fresh_password() -> str:
    """A password nobody needs to know."""
    return secrets.token_urlsafe(18)


def _certified_number(row: Staff) -> str:
    """The number in a person's certificate: many were issued before the holder got his 12 digits, and still carry the old ones."""
    carries_old = bool(row.old_id_number) and row.code[-1:] in "02468"
    return (row.old_id_number if carries_old else row.id_number) or ""
