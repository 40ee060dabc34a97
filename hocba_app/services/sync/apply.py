"""Writing a data set: what is new, changed, gone, refused – rows and report, chunk by chunk in the caller's transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from hocba_app.domain.head_words import spoken
from hocba_app.domain.identifiers import near_key
from hocba_app.domain.leadership import LEFT, post_of
from hocba_app.domain.wording import position_name
from hocba_app.models import StudentResult
from hocba_app.models.base import new_id, utc_now
from hocba_app.models.repositories import find
from hocba_app.models.repositories.leadership import open_proposals
from hocba_app.models.repositories.signers import signs_here
from hocba_app.models.repositories.sync import enrolments_by_age, insert_rows, keys_of_ids, rows_by_source
from hocba_app.services.accounts.leadership import hold_back, propose
from hocba_app.services.sync.apply_report import Applied, Report
from hocba_app.services.sync.diff import changes, summary
from hocba_app.services.sync.fetch import Collected, Incoming, Refusal
from hocba_app.services.sync.mapping import TABLES, WORKBOOK_ID, Known, Refused, Table, known
from hocba_app.services.sync.odd_letters import odd_letters

NUMBERS = ("id_number", "old_id_number")
"""Columns with a personal id number."""
PHOTO_MISSING = "_photo"
"""Mark on a pupil's record whose photo could not be had: the pupil goes in, the photo is asked for again."""


def waits(post: str) -> str:
    """That a post of the leadership is proposed, and where it is confirmed."""
    return f"{position_name(post)}: chờ xác nhận ở trang {spoken().leaders}"


class _Clash(NamedTuple):
    """One reason why a record is for a person to decide."""

    column: str
    reason: str
    other: str
    """Source id of the record that has the value; the record's own where its number changed."""


def _own_ids(record: Incoming, row: Any) -> set[str]:
    return {record.id} | ({row.source_id} if row is not None else set())


class Applier:
    """Writes one data set. What it knows of the school is read once: nobody else writes these rows during a run.

    Args:
        session: of the school, only read here; each chunk comes with a write session of its own.
        job_id: the run the report's rows belong to.
        found: the data set.
        only: source ids to write, or None for all.
        decided: what a person chose about conflicts: (source id, version) → choice (`conflicts.CHOICES`).
        borrowed: the records' versions are not the sector's (a workbook's): rows keep the version they have, so that
            whatever the sector submits next wins.
        actor: account id of whoever brought it in; "" for the schedule.
        apart: codes that a person called another's although they differ from a known one by leading zeros only.
    """

    def __init__(
        self,
        session: Session,
        job_id: str,
        found: Collected,
        school_year: str,
        *,
        only: set[str] | None = None,
        decided: Mapping[tuple[str, int], str] | None = None,
        borrowed: bool = False,
        actor: str = "",
        apart: frozenset[str] = frozenset(),
    ) -> None:
        self._apart = apart
        self._session, self._found, self._only = session, found, only
        self._decided, self._borrowed = decided or {}, borrowed
        self._resource = self.resource = found.resource
        self._table: Table = TABLES[found.resource]
        self._known: Known = known(session, found.resource, school_year)
        self._report = Report(session.info["school_id"], job_id, found.resource, self._known)
        self._held = self._identities()
        self._unnamed = keys_of_ids(session, self._table.model, self._table.natural, WORKBOOK_ID)
        """Rows that only a workbook has told of, by what they are."""
        self._near = {near_key(code): code for code in self._held.get("code", ())}
        self._results: dict[str, str] = {}
        """Pupil → source id of the result he has in this year."""
        if found.resource == "results":
            columns = StudentResult.student_id, StudentResult.source_id
            self._results.update(find.columns_of(session, *columns, school_year=school_year))
        self._posts: dict[str, str] = {}
        """Post in the list, by source id, of those of a step whose post waits for an answer, or did so far."""
        self._actor = actor
        waiting = open_proposals(session) if found.resource == "staff" else []
        self._waiting = {staff.source_id: proposal.proposed for proposal, staff in waiting}
        self.pending: list[dict[str, Any]] = []
        """Records to try again with the next run."""

    def begin(self, session: Session) -> None:
        """Take what an earlier try of this run reported as refused out of the report."""
        self._session = session
        self._report.begin(session)

    def report_refused(self, session: Session, refused: Sequence[Refusal]) -> None:
        """Report what was refused when it was read."""
        self._session = session
        for refusal in refused:
            self._report.refuse(refusal, refusal.id)
        self._report.flush(session)

    def taken(self) -> Applied:
        """What was done since this was asked last."""
        done = self._report.taken()
        self.pending += done.pending
        return done

    def _hold_back(self, record: Incoming, row: Any, values: dict[str, Any], label: str) -> None:
        """A post of the leadership is not taken from the list: it is proposed once he is written."""
        if self._resource != "staff":
            return
        if (listed := hold_back(row, values)) is not None:
            self._proposed(record.id, listed, label, new=row is None)
        elif row is not None and row.source_id in self._waiting:
            self._posts[record.id] = post_of(values["position"], values["active"])

    def _proposed(self, source_id: str, listed: str, label: str, *, new: bool = False) -> None:
        self._posts[source_id] = listed
        if not new and self._waiting.get(source_id) != listed:
            self._report.note("changed", source_id, label, field="position", reason=waits(listed))

    def _propose_posts(self) -> None:
        for source_id, row in self._rows_of(list(self._posts)).items():
            propose(self._session, row, self._posts[source_id], self._actor)
        self._posts.clear()

    def _identities(self) -> dict[str, dict[str, str]]:
        """Per identifying column: its value in an active row → that row's source id."""
        model = self._table.model
        held: dict[str, dict[str, str]] = {}
        for column in self._table.identifying:
            rows = find.columns_of(self._session, getattr(model, column), model.source_id, active=True)
            held[column] = {value: source_id for value, source_id in rows if value}
        return held

    def _rows_of(self, source_ids: list[str]) -> dict[str, Any]:
        return rows_by_source(self._session, self._table.model, source_ids)

    def cancel(self, session: Session, source_ids: Sequence[str]) -> None:
        """Write that some records are gone."""
        self._session = session
        for row in self._rows_of(list(source_ids)).values():
            version = self._found.gone[row.source_id]
            if row.source_version >= version or (self._only is not None and row.source_id not in self._only):
                continue
            if self._resource == "results":
                self._results.pop(row.student_id, None)
                self._session.delete(row)
            elif self._resource == "staff" and hold_back(row, {"position": row.position, "active": False}):
                row.source_version = version
                self._proposed(row.source_id, LEFT, self._report.name_of(row))
                continue
            elif row.active and self._only_this_year_lost(row):
                row.source_version = version
                continue
            elif row.active:
                row.active, row.source_version = False, version
                for column, held in self._held.items():
                    held.pop(getattr(row, column), None)
            else:
                row.source_version = version
                continue
            self._report.touched(row)
            self._report.note("gone", row.source_id, self._report.name_of(row))
        self._propose_posts()
        self._report.flush(self._session)
        self._session.flush()

    def _only_this_year_lost(self, row: Any) -> bool:
        """Whether a pupil, or a row of his history, was cancelled only from the list of this year: he is a pupil of the years
        before all the same, and his records of them stay what they are."""
        if self._resource not in ("students", "history"):
            return False
        student_id = row.id if self._resource == "students" else row.student_id
        this_year, before = enrolments_by_age(self._session, student_id, self._known.school_year)
        if not before or (self._resource == "history" and this_year):
            return False
        for enrolment in this_year:
            enrolment.active = False
            self._session.add(enrolment)
        if this_year:
            self._report.touched(row)
            self._report.note("gone", row.source_id, self._report.name_of(row))
        return True

    def write(self, session: Session, chunk: Sequence[Incoming]) -> None:
        """Write some records of the data set."""
        self._session = session
        chunk = [record for record in chunk if self._only is None or record.id in self._only]
        rows = self._rows_of([record.id for record in chunk])
        rows |= {
            record.id: row
            for record in chunk
            if record.id not in rows and (row := self._same_person(record) or self._of_workbook(record)) is not None
        }
        fresh: list[dict[str, Any]] = []
        for record in chunk:
            row = rows.get(record.id)
            if row is not None and row.source_id == record.id and row.source_version >= record.version:
                continue
            label = self._table.label(record.data or {}, self._known)[:200]
            values = self._acceptable(record, row, label)
            if values is None:
                continue
            self._settle(record, row, values)
            self._hold_back(record, row, values, label)
            version = self._version(record, label)
            if row is None:
                fresh.append(self._new(record, values, version))
                post = self._posts.get(record.id)
                self._report.note(
                    "new",
                    record.id,
                    label,
                    field="position" if post else None,
                    reason=waits(post) if post else odd_letters(self._resource, values) or None,
                )
            else:
                self._change(row, record, values, version, label)
            self._hold(record, values)
        insert_rows(self._session, self._table.model, fresh)
        self._session.flush()
        self._propose_posts()
        for row in rows.values():
            self._session.expunge(row)
        self._report.flush(self._session)

    def _acceptable(self, record: Incoming, row: Any, label: str) -> dict[str, Any] | None:
        """The columns of a record that may go in; None when it was refused, or a person must decide."""
        data = record.data or {}
        try:
            values = self._table.convert(data, self._known)
            if PHOTO_MISSING in data:
                values["photo_sha256"] = row.photo_sha256 if row is not None else None
            return None if self._undecided(record, self._clashes(record, row, values), label) else values
        except Refused as refused:
            self._report.refuse(Refusal(record.id, refused.field, refused.reason, record.raw), label)
            return None

    def _hold(self, record: Incoming, values: dict[str, Any]) -> None:
        for column, held in self._held.items():
            if values[column] and values.get("active", True):
                held[values[column]] = record.id
                if column == "code":
                    self._near.setdefault(near_key(values[column]), values[column])

    def _same_person(self, record: Incoming) -> Any:
        """The row of the person this record is, where somebody decided that SMAS gave him a new id. Nothing is written yet."""
        if self._decided.get((record.id, record.version)) != "same":
            return None
        try:
            values = self._table.convert(record.data or {}, self._known)
        except Refused:
            return None  # refused again, with the reason, when it is written
        others = {held[values[column]] for column, held in self._held.items() if values[column] in held}
        if len(others) != 1:
            return None  # two people: not one and the same; it stays a conflict
        return self._rows_of(list(others)).get(next(iter(others)))

    def _of_workbook(self, record: Incoming) -> Any:
        """The row that a workbook made of what the source now names itself: one thing, not a second one."""
        if not self._unnamed or record.id.startswith(WORKBOOK_ID):
            return None
        try:
            values = self._table.convert(record.data or {}, self._known)
        except Refused:
            return None  # refused again, with the reason, when it is written
        other = self._unnamed.pop(tuple(values[column] for column in self._table.natural), None)
        return self._rows_of([other]).get(other) if other is not None else None

    def _settle(self, record: Incoming, row: Any, values: dict[str, Any]) -> None:
        """What was decided takes effect: only now that everything is checked."""
        for clash in self._clashes(record, row, values):
            if clash.other not in _own_ids(record, row):
                self._give_up_number(clash.other, clash.column)
        if row is not None and row.source_id != record.id:
            before, row.source_id = row.source_id, record.id
            self._session.add(row)
            for held in self._held.values():
                held.update({value: record.id for value, other in held.items() if other == before})

    def _version(self, record: Incoming, label: str) -> int:
        """The version to remember: one less where the photo is missing, so that the next run looks at the record again."""
        problem = (record.data or {}).get(PHOTO_MISSING)
        if self._borrowed:
            return record.version - 1
        if not problem:
            return record.version
        self._report.refuse(Refusal(record.id, "photo_sha256", problem, record.raw), label)
        return record.version - 1

    def _new(self, record: Incoming, values: dict[str, Any], version: int) -> dict[str, Any]:
        row = {
            "school_id": self._session.info["school_id"],
            "id": new_id(),
            "source_id": record.id,
            "source_version": version,
        } | values
        if hasattr(self._table.model, "updated_at"):
            row["updated_at"] = utc_now()
        if self._resource == "results":
            self._results[values["student_id"]] = record.id
        if student_id := values.get("student_id"):
            self._report.done.student_ids.add(student_id)
        return row

    def _change(self, row: Any, record: Incoming, values: dict[str, Any], version: int, label: str) -> None:
        before = {column: getattr(row, column) for column in values}
        row.source_version = version
        if before == values:
            return
        if "student_id" in values:
            self._report.done.student_ids.add(row.student_id)
        for column, value in values.items():
            if before[column] != value:
                setattr(row, column, value)
        if hasattr(row, "updated_at"):
            row.updated_at = utc_now()
        for column, held in self._held.items():
            if before[column] != values[column]:
                held.pop(before[column], None)
        self._report.touched(row)
        left = before.get("active") is True and values.get("active") is False
        found = changes(self._resource, before, values, self._known)
        self._report.note(
            "gone" if left else "changed",
            record.id,
            label,
            field=str(found[0]["field"])[:60] if found else None,
            reason=odd_letters(self._resource, values) or summary(found),
            details={"changes": found},
        )

    def _clashes(self, record: Incoming, row: Any, values: dict[str, Any]) -> list[_Clash]:
        """What a person must decide: a personal id that changed, or what another record has too.

        Raises:
            Refused: what nobody can decide.
        """
        mine = _own_ids(record, row)
        if self._resource == "results" and (other := self._results.get(values["student_id"])) not in (None, *mine):
            raise Refused("student_id", f"học sinh đã có kết quả khác trong năm học ({other})")
        if self._resource == "subjects" and row is not None and row.code != values["code"]:
            # Results, signature fields and signing assignments name subjects by code.
            raise Refused("code", f"mã môn đã nhận là {row.code}, không đổi được; hãy sửa lại trên SMAS")
        found = []
        for column, held in self._held.items():
            value, other = values[column], held.get(values[column])
            if column == "code" and row is None and other is None and value not in self._apart:
                other = held.get(self._near.get(near_key(value), ""))  # never silently a second one
            before = getattr(row, column) if row is not None else None
            if value and values.get("active", True) and other is not None and other not in _own_ids(record, row):
                near = "" if value in held else "mã chỉ khác ở số 0 đứng đầu, chữ hoa hay ký tự ẩn: "
                found.append(_Clash(column, f"{near}trùng với bản ghi {other}", other))
            elif column in NUMBERS and value and value != before and before:
                found.append(_Clash(column, "số định danh khác số đã nhận trước đây", record.id))
            elif (
                column in self._table.signing
                and value
                and value != before
                and row is not None
                and signs_here(self._session, row.id)
            ):
                found.append(
                    _Clash(column, "số định danh đầu tiên của người đã có tài khoản, khóa ký hoặc chữ ký", record.id)
                )
        return found

    def _undecided(self, record: Incoming, clashes: Sequence[_Clash], label: str) -> bool:
        """Whether the record must wait for a person: one clash that nobody settled keeps all of it out."""
        choice = self._decided.get((record.id, record.version))
        left = [
            clash
            for clash in clashes
            if not (clash.column in NUMBERS and (choice == "accept" or (choice == "same" and clash.other == record.id)))
        ]
        if left:
            self._report.conflict(record, left[0].column, left[0].reason, label, left[0].other)
        return bool(left)

    def _give_up_number(self, source_id: str, column: str) -> None:
        """The other record's personal id was decided to be wrong: it has none until SMAS corrects it."""
        row = self._rows_of([source_id])[source_id]
        setattr(row, column, None)
        self._session.add(row)
        self._session.flush()
        self._report.touched(row)
        self._report.note(
            "changed",
            source_id,
            self._report.name_of(row),
            field=column,
            reason="Số định danh thuộc về người khác (đã xem xét)",
        )
