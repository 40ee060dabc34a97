"""Submission: what the school has live becomes an immutable, numbered snapshot in the sector database, or errors."""

from __future__ import annotations

import json
import secrets
import threading
from datetime import UTC, datetime
from typing import Any

from hocba_app.simulators.smas.gradebook import BY_PLAN, Books, shown
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store, dumps

KINDS = {"beginning_of_year": (None,), "results": ("I", "II", "summer")}
_STEP = 250
"""Records between two reports of progress."""


def now() -> str:
    """The instant, ISO 8601 UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Submissions:
    """Submission jobs of every school; one thread each, one at a time a school.

    Args:
        store: of all schools. Jobs that a stop interrupted are run again: nothing of them was kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads: list[threading.Thread] = []
        self._progress: dict[str, tuple[int, int]] = {}  # seen while the job's transaction is still open
        for row in store.all("select * from submission where state = 'running'"):
            self._start(row["school"], row["id"], row["kind"], row["school_year"], row["term"])

    def submit(self, school: str, values: Any, default_year: str) -> str:
        """Begin a submission.

        Returns:
            Its id.

        Raises:
            Refused: kind or term unknown (422), or another one is running (409).
        """
        values = values if isinstance(values, dict) else {}
        kind, term = values.get("kind"), values.get("term")
        if not isinstance(kind, str) or kind not in KINDS:
            raise Refused.field("kind", "unknown", f"Loại là một trong {', '.join(KINDS)}.")
        if term not in KINDS[kind]:
            raise Refused.field(
                "term", "unknown", "Học kì của kết quả là I, II hoặc summer; dữ liệu đầu năm không có học kì."
            )
        year = values.get("school_year") or default_year
        if not isinstance(year, str) or not self._store.records(school, "classes", year):
            raise Refused.field("school_year", "unknown", "Năm học này chưa khai báo lớp nào.")
        identity = secrets.token_hex(8)
        with self._store.transaction():
            if self._store.one("select 1 from submission where school = ? and state = 'running'", school):
                raise Refused(409, {"error": "running", "message": "Một lần nộp khác đang chạy."})
            self._store.run(
                "insert into submission values (?,?,?,?,?,'running',0,0,null,'[]')", school, identity, kind, year, term
            )
        self._start(school, identity, kind, year, term)
        return identity

    def get(self, school: str, identity: str) -> dict[str, Any]:
        """How far it is.

        Raises:
            Refused: there is none.
        """
        row = self._store.one("select * from submission where school = ? and id = ?", school, identity)
        if row is None:
            raise Refused.unknown("lần nộp")
        if row["state"] == "running":
            row["progress"], row["total"] = self._progress.get(identity, (0, 0))
        return {**{key: value for key, value in row.items() if key != "school"}, "errors": json.loads(row["errors"])}

    def list(self, school: str) -> list[dict[str, Any]]:
        """All of a school, the newest first."""
        rows = self._store.all("select id from submission where school = ? order by rowid desc", school)
        return [self.get(school, row["id"]) for row in rows]

    def close(self) -> None:
        """Wait for those that run."""
        for thread in self._threads:
            thread.join(30)

    def _start(self, school: str, identity: str, kind: str, year: str, term: str | None) -> None:
        self._progress[identity] = (0, 0)
        job = _Job(self._store, self._progress, school, identity, kind, year, term)
        thread = threading.Thread(target=job.run, daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        thread.start()


class _Job:
    def __init__(
        self,
        store: Store,
        progress: dict[str, tuple[int, int]],
        school: str,
        identity: str,
        kind: str,
        year: str,
        term: str | None,
    ) -> None:
        self._store, self._progress, self._done, self._total = store, progress, 0, 0
        self._school, self._id, self._kind, self._year, self._term = school, identity, kind, year, term

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:  # the job must end, whatever happened to it
            problem = {
                "resource": "",
                "id": "",
                "field": "",
                "message": f"Lỗi hệ thống khi nộp: {type(error).__name__}",
            }
            self._end("rejected", None, [problem])
            raise

    def _run(self) -> None:
        with self._store.transaction():  # what is submitted is one state of the live data
            records = self._records()
            self._total = sum(len(found) for found in records.values())
            errors = self._errors(records)
            if errors:
                self._end("rejected", None, errors)
                return
            self._keep(records)

    def _keep(self, records: dict[str, dict[str, dict[str, Any]]]) -> None:
        at = now()
        newest = self._store.one(
            "select coalesce(max(number), 0) as number from snapshot where school = ?", self._school
        )
        number = (newest["number"] if newest else 0) + 1
        changes = [row for resource, found in records.items() for row in self._changes(resource, found, number, at)]
        self._store.many(
            "update sector set until = ? where school = ? and resource = ? and year = ? and id = ? and until is null",
            ((number, *row[:4]) for row in changes),
        )
        self._store.many("insert into sector values (?,?,?,?,?,null,?,?,?,?)", changes)
        photos = {
            (self._school, data["photo_sha256"]) for data in records["students"].values() if data.get("photo_sha256")
        }
        self._store.many("update photo set submitted = 1 where school = ? and sha256 = ?", photos)
        self._store.run(
            "insert into snapshot values (?,?,?,?,?,?)", self._school, number, self._kind, self._year, self._term, at
        )
        self._done = self._total
        self._end("accepted", number, [])

    def _end(self, state: str, number: int | None, errors: list[dict[str, Any]]) -> None:
        self._store.run(
            "update submission set state = ?, progress = ?, total = ?, snapshot = ?, errors = ? where id = ?",
            state, self._done, self._total, number, dumps(errors), self._id,
        )  # fmt: skip

    def _records(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Everything that goes into the snapshot, by resource and id."""
        store, school, year = self._store, self._school, self._year
        enrolments = store.records(school, "enrolments", year)
        here = {data["student_id"] for data in enrolments.values()}
        found = {
            "school": store.records(school, "school"), "staff": store.records(school, "staff"),
            "classes": store.records(school, "classes", year),
            "students": {key: data for key, data in store.records(school, "students").items() if key in here},
            "enrolments": enrolments,
            "subjects": store.records(school, "subjects"),
            "teaching_assignments": store.records(school, "teaching_assignments", year),
            "history": {
                key: data for key, data in store.records(school, "history").items() if data["student_id"] in here and data["school_year"] < year
            },
        }  # fmt: skip
        if self._kind == "results":
            subjects = Books(store, school).subjects()
            results = store.records(school, "results", year)
            found["results"] = {
                key: shown(data, subjects) for key, data in results.items() if data["student_id"] in here
            }
        return found

    def _errors(self, records: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
        """What the sector refuses, row by row."""
        errors = []

        def refuse(resource: str, identity: str, field: str, message: str) -> None:
            errors.append({"resource": resource, "id": identity, "field": field, "message": message})

        for key, data in records["classes"].items():
            if not data.get("homeroom_staff_id"):
                refuse("classes", key, "homeroom_staff_id", f"Lớp {data['name']} chưa có giáo viên chủ nhiệm.")
        for key, data in records["students"].items():
            if not (data.get("full_name") or "").strip() or not data.get("birth_date"):
                refuse("students", key, "full_name", "Thiếu họ tên hoặc ngày sinh.")
        if self._kind == "results":
            by_student = {data["student_id"]: data for data in records["results"].values()}
            for key, enrolment in records["enrolments"].items():
                for field, message in _gaps(by_student.get(enrolment["student_id"]), enrolment, self._term):
                    refuse("results", key, field, message)
        return errors

    def _changes(self, resource: str, found: dict[str, dict[str, Any]], number: int, at: str) -> list[tuple[Any, ...]]:
        """Rows of what is new, other than before, or gone."""
        current = {
            row["id"]: row for row in self._store.all(
                "select id, version, event, data from sector where school = ? and resource = ? and year = ? and until is null",
                self._school, resource, self._year,
            )
        }  # fmt: skip
        newest = {
            row["id"]: row["version"] for row in self._store.all(
                "select id, max(version) as version from sector where school = ? and resource = ? group by id", self._school, resource
            )
        }  # fmt: skip
        rows = []
        for identity, data in found.items():
            text, old = dumps(data), current.get(identity)
            if old is None or old["event"] == "CANCEL" or old["data"] != text:
                event = "UPDATE" if old is not None and old["event"] != "CANCEL" else "NEW"
                rows.append(
                    (self._school, resource, self._year, identity, number, newest.get(identity, 0) + 1, event, at, text)
                )
            self._done += 1
            if self._done % _STEP == 0:
                self._progress[self._id] = (self._done, self._total)
        for identity, old in current.items():
            if identity not in found and old["event"] != "CANCEL":
                rows.append(
                    (self._school, resource, self._year, identity, number, newest[identity] + 1, "CANCEL", at, "null")
                )
        return rows


def _gaps(result: dict[str, Any] | None, enrolment: dict[str, Any], term: str | None) -> list[tuple[str, str]]:
    """What is missing in a pupil's results for a term's submission; a pupil who has left owes nothing more."""
    if enrolment["status"] in ("moved_out", "left"):
        return []
    if result is None:
        return [] if term == "I" and enrolment["status"] == "moved_in" else [("", "Chưa có kết quả.")]
    column = "term1" if term == "I" else "year"
    flags = enrolment.get("circumstances") or []
    exempt = {code for flag in flags for code in flag.get("subjects") or ()}
    gaps = []
    if any(flag["kind"] in BY_PLAN for flag in flags):
        return []
    if not (term == "I" and enrolment["status"] == "moved_in"):
        open_rows = [row["subject_id"].rpartition("-")[2] for row in result["subjects"] if row[column] is None]
        missing = [code for code in open_rows if code not in exempt]
        if missing:
            gaps.append(("subjects", f"Thiếu kết quả môn {', '.join(missing)}."))
        if result["training"][column] is None and result["regime"] != "TT27":
            gaps.append(("training", "Thiếu kết quả rèn luyện."))
        elif term != "I" and not missing and result["learning"]["year"] is None:
            gaps.append(("learning", "Chưa đủ bài kiểm tra, phẩm chất, năng lực để xếp loại cả năm."))
    if term != "I" and not result["homeroom_comment"]:
        gaps.append(("homeroom_comment", "Thiếu nhận xét của giáo viên chủ nhiệm."))
    return gaps
