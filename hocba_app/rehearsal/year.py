"""A school's year, played stage by stage against simulators over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlmodel import col, select

from hocba_app.domain.document_lifecycle import ALL_STAGES
from hocba_app.models import SEAL, Job
from hocba_app.processes import say
from hocba_app.rehearsal import records
from hocba_app.rehearsal.export_pipeline import HandingOver
from hocba_app.rehearsal.plan import Plan
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.rehearsal.signing_load import Desk
from hocba_app.rehearsal.timings import Stages
from hocba_app.services.jobs.enqueue import LIVE
from hocba_app.services.printing import link_visit
from hocba_app.services.printing.share_link import create_link
from hocba_app.services.records.lock import start_lock

LOCK_LOOK_SECONDS = 0.1


class Year:
    """The months in which something happens."""

    def __init__(self, plan: Plan, school: PlayedSchool, stages: Stages, check: Callable[[], None]) -> None:
        self.plan, self.school, self.stages, self.check = plan, school, stages, check
        self.desk = Desk(school.db, school.school_id, school.phones, stages, check)
        self.problems: list[dict[str, str]] = []
        self.handed_over: set[str] = set()
        """Pupils whose sealed record left with them."""
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="covers")
        self._covers: Future[None] | None = None
        self._handing_over: HandingOver | None = None

    def september(self) -> None:
        """Submit and sync the beginning of the year; people, images, MySign; lock and sign the covers."""
        school, stages = self.school, self.stages
        with stages.part("found", 1):
            school.found()
        self.desk = Desk(school.db, school.school_id, school.phones, stages, self.check)
        self._submit_and_sync("september", "beginning_of_year", None)
        school.read_staff()
        # Nobody waits for another: people activate their accounts while the office uploads, connects and locks.
        parts = {
            "accounts": school.activate_everybody,
            "images": school.upload_images,
            "signing_accounts": school.connect_keys,
        }
        with ThreadPoolExecutor(len(parts)) as pool:
            running = [pool.submit(self._counted, name, work) for name, work in parts.items()]
            self._lock("cover")
            for each in running:
                each.result()
        school.appoint_seal_operator()
        school.read_identities()
        self._begin_covers()

    def _begin_covers(self) -> None:
        # Nobody waits for the covers: the school goes on teaching, and whoever signs next waits for this desk.
        self._covers = self._aside.submit(self._sign_now, "cover", ("principal",))

    def december(self) -> None:
        """Term I: submitted and synced; nothing is locked."""
        self._submit_and_sync("term1", "results", "I")

    def may(self) -> None:
        """The year's results: lock, sign in order, seal; a class is signed as soon as it is locked. Pupils to be re-assessed are left out."""
        self._begin_handing_over()
        self._submit_and_sync("year_end", "results", "II")
        self._meet_newcomers()
        self._sign("sign", *ALL_STAGES, coming=self._locking("cover", "history", "results"))

    def august(self) -> None:
        """Pupils re-assessed in summer: the same for them alone."""
        self._submit_and_sync("summer", "results", "summer")
        if records.unsealed(self.school.db, self.school.school_id, self.plan.year):
            self._lock("history", "results")
            self._sign("august", *ALL_STAGES)

    def finish(self) -> dict[str, Any]:
        """Archive, export, verify what is left; report."""
        school = self.school
        with self.stages.part("archive") as part:
            part.count = self._await_archives()
        paths, wrong, analysed = self._begin_handing_over().finish(self.stages)
        say(f"pyHanko đã kiểm {analysed} tệp. / pyHanko judged {analysed} files.")
        failures = [
            *records.unsealed(school.db, school.school_id, self.plan.year),
            *wrong,
            *self.problems,
            *({"slot": entry["slot"], "reason": entry["reason"]} for entry in self.desk.failures),
        ]
        at_end = records.codes_at_end(school.db, school.school_id, self.plan.year)
        students = len({path.parent.name for path in paths} & at_end)
        if students != self.plan.students:
            failures.append({"reason": f"{students} pupils with records, {self.plan.students} asked for"})
        report = {
            "students": students,
            "documents": len(paths),
            "signatures": records.signature_count(school.db, school.school_id),
            "seconds": round(self.stages.seconds, 2),
            "stages": self.stages.as_json(),
            "failures": failures,
        }
        records.write_report(self.plan.out.resolve(), report)
        return report

    def close(self) -> None:
        """Nothing of the year runs on."""
        self._aside.shutdown(cancel_futures=True)
        if self._handing_over is not None:
            self._handing_over.close()

    # --- steps ---------------------------------------------------------------------------------------------------

    def _counted(self, name: str, work: Callable[[], int]) -> None:
        with self.stages.part(name) as part:
            part.count = work()

    def _begin_handing_over(self) -> HandingOver:
        if self._handing_over is None:
            self._handing_over = HandingOver(
                self.school.db,
                self.school.school_id,
                self.plan.year,
                self.plan.out.resolve(),
                self.school.outside.root,
                full=self.plan.full,
            )
        return self._handing_over

    def _enter(self, moment: str) -> None:
        """The school enters in SMAS what it enters by then."""
        self.school.smas.move_to(moment)

    def _meet_newcomers(self) -> None:
        """Who is new at the school gets his account; everybody's roles as they are today."""
        self.school.read_staff()
        self.school.activate_everybody()
        self.school.read_identities()

    def _submit_and_sync(self, moment: str, kind: str, term: str | None) -> None:
        self.check()
        with self.stages.part("smas", 1):
            self._enter(moment)
            self.school.smas.submit(kind, term)
        with self.stages.part("sync", 1):
            self.school.sync()

    def _hand_over_leavers(self) -> None:
        """Workflow rule 7: locked alone on the data there is, signed, sealed, and given to the family behind a PIN."""
        school = self.school
        leaving = set(records.leavers(school.db, school.school_id, self.plan.year))
        if not leaving:
            return
        for kind in ("history", "results"):
            with self.stages.part("leaving_lock") as part:
                jobs = [
                    start_lock(school.db, school.admin, kind=kind, class_id=class_id, student_ids=pupils)
                    for class_id, pupils in self._by_class(leaving).items()
                ]
                part.count += sum(self._locked(kind, job) for job in school.done(*jobs))
        self._sign("leaving", *ALL_STAGES)
        for student_id in sorted(leaving):
            link = create_link(school.db, school.admin, student_id, recipient="Gia đình học sinh", days=30)
            token = link.url.rpartition("/")[2]
            package = link_visit.package_of(
                school.db, token, link_visit.enter(school.db, token, link.pin, school.address)
            )
            if len(package.version_ids) == 3:
                self.handed_over.add(student_id)

    def _by_class(self, student_ids: set[str]) -> dict[str, list[str]]:
        from hocba_app.models import Enrolment

        found: dict[str, list[str]] = {}
        with self.school.db.read(self.school.school_id) as session:
            for row in session.exec(
                select(Enrolment).where(
                    col(Enrolment.student_id).in_(student_ids), col(Enrolment.school_year) == self.plan.year
                )
            ).all():
                found.setdefault(row.class_id, []).append(row.student_id)
        return found

    def _lock(self, *kinds: str) -> None:
        """The office locks class by class and waits."""
        for _ in self._locking(*kinds):
            time.sleep(LOCK_LOOK_SECONDS)

    def _locking(self, *kinds: str) -> Iterator[set[str]]:
        """The office locks class by class; who is left out by default stays out.

        Yields:
            The kinds that were locked since the last look, until everything is.
        """
        school = self.school
        began = time.monotonic()
        classes = school.classes()
        waiting = {
            start_lock(school.db, school.admin, kind=kind, class_id=each.id): kind for each in classes for kind in kinds
        }
        counts = dict.fromkeys(kinds, 0)
        while waiting:
            ended = school.ended(*waiting)
            for job in ended:
                counts[waiting[job.id]] += self._locked(waiting[job.id], job)
            yield {waiting.pop(job.id) for job in ended}
        for kind, count in counts.items():
            self.stages.add(f"lock_{kind}", count, time.monotonic() - began)

    def _locked(self, kind: str, job: Job) -> int:
        rows = job.report.get("students", [])  # a class may have nobody
        self.problems += [
            {"student": row["student"], "document": kind, "reason": row.get("reason", row["outcome"])}
            for row in rows
            if row["outcome"] in ("blocked", "failed")
        ]
        return sum(row["outcome"] == "locked" for row in rows)

    def _sign(self, prefix: str, *chain: str, coming: Iterable[object] = ()) -> None:
        if self._covers is not None:
            self._covers.result()
            self._covers = None
        self._sign_now(prefix, chain, coming)

    def _sign_now(self, prefix: str, chain: Sequence[str], coming: Iterable[object] = ()) -> None:
        school = self.school
        principal, operator = school.principal().id, school.seal_operator().id
        signers = {"principal": [principal], SEAL: [operator]}
        people = [
            (school.people[staff_id], stage)
            for stage in chain
            for staff_id in signers.get(stage, sorted(school.people))
            if staff_id in school.people
        ]
        self.desk.sign_all(people, prefix, coming)

    def _await_archives(self) -> int:
        """Archive jobs follow the seals by themselves. Returns how many records they archived."""
        from hocba_app.models import Revision

        while True:
            self.check()
            with self.school.db.read(self.school.school_id) as session:
                live = session.exec(
                    select(col(Job.id)).where(col(Job.kind) == "archive", col(Job.state).in_(LIVE))
                ).all()
                if not live:
                    archived: Sequence[str] = session.exec(
                        select(Revision.version_id).where(Revision.kind == "archive")
                    ).all()
                    return len(set(archived))
            time.sleep(0.2)
