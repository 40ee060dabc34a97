"""The school's SMAS: reading and writing its live records. Nothing here reaches the sector before it is submitted."""

from __future__ import annotations

import hashlib
import io
import secrets
from typing import Any

from PIL import Image, UnidentifiedImageError

from hocba_app.simulators.smas import decisions
from hocba_app.simulators.smas.fields import DEFAULTS, WRITABLE, check
from hocba_app.simulators.smas.generation.curriculum import GRADES
from hocba_app.simulators.smas.gradebook import Books, shown
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store

RESOURCES = (*WRITABLE, "results")
MAX_PHOTO = 2 * 1024 * 1024
_UNIQUE = {
    "staff": ("code", "id_number"),
    "students": ("code", "id_number"),
    "classes": ("code",),
    "subjects": ("code",),
}
"""Fields no two records of a resource may share; class codes within their year."""
_USED_BY = {
    "staff": (("classes", "homeroom_staff_id"), ("teaching_assignments", "staff_id"), ("school", "principal_staff_id")),
    "students": (("enrolments", "student_id"), ("results", "student_id")),
    "classes": (("enrolments", "class_id"), ("teaching_assignments", "class_id"), ("results", "class_id")),
    "subjects": (("teaching_assignments", "subject_id"),),
}  # fmt: skip
_FIXED = {"enrolments": ("student_id", "school_year"), "classes": ("school_year",)}
"""What a record is about; another is made instead."""


class Live:
    """The live side of one school.

    Args:
        store: of all schools.
        code: the school a token belongs to; nothing of another can be named.
    """

    def __init__(self, store: Store, code: str) -> None:
        self.store, self.code = store, code

    @property
    def year(self) -> str:
        """The school year that is being worked on."""
        return str((self.store.school(self.code) or {})["school_year"])

    def records(self, resource: str, year: str = "", owner: str = "") -> list[dict[str, Any]]:
        """Records with their ids.

        Args:
            owner: class id (of classes' resources) or student id (of history) to narrow the list by.
        """
        found = self.store.records(self.code, resource, year, owner)
        subjects = Books(self.store, self.code).subjects() if resource == "results" else {}
        return [
            {"id": key, "data": shown(data, subjects) if resource == "results" else data} for key, data in found.items()
        ]

    def get(self, resource: str, identity: str) -> dict[str, Any]:
        """One record.

        Raises:
            Refused: there is none.
        """
        data = self._existing(resource, identity)
        if resource == "results":
            data = shown(data, Books(self.store, self.code).subjects())
        return {"id": identity, "data": data}

    def create(self, resource: str, values: Any) -> dict[str, Any]:
        """Make a record; a pupil may come with ``class_id``, and is then enrolled in it.

        Raises:
            Refused: a field is wrong, or the resource is not made this way.
        """
        values = self._object(values)
        if resource in ("school", "results"):
            raise Refused(405, {"error": "method_not_allowed"})
        class_id = values.pop("class_id", None) if resource == "students" else None
        values = {**dict.fromkeys(WRITABLE[resource]), **DEFAULTS.get(resource, {}), **values}
        with self.store.transaction():
            errors = check(resource, values, self._exists, whole=True)
            if class_id is not None and not (isinstance(class_id, str) and self._exists("classes", class_id)):
                errors.append({"field": "class_id", "code": "unknown", "message": "Không có lớp này."})
            errors.extend(self._clashes(resource, "", values))
            errors.extend(self._misfits(resource, "", {}, values))
            if errors:
                raise Refused.fields(errors)
            identity = self._new_id(resource, values)
            if resource == "students":
                values["photo_sha256"] = None
            self.store.put(self.code, resource, identity, values)
            if class_id is not None:
                self._enrol(identity, class_id, values)
        return {"id": identity, "data": values}

    def change(self, resource: str, identity: str, values: Any) -> dict[str, Any]:
        """Change some fields of a record.

        Raises:
            Refused: a field is wrong, or there is no such record.
        """
        values = self._object(values)
        with self.store.transaction():
            if resource == "results":
                decisions.change(Books(self.store, self.code), identity, self._existing(resource, identity), values)
                return self.get(resource, identity)
            current = self._existing(resource, identity)
            errors = check(resource, values, self._exists, whole=False)
            errors.extend(self._clashes(resource, identity, {**current, **values}))
            errors.extend(self._misfits(resource, identity, current, values))
            if errors:
                raise Refused.fields(errors)
            changed = {**current, **values}
            self.store.put(self.code, resource, identity, changed)
            if resource == "enrolments" and values.get("class_id") not in (None, current["class_id"]):
                self._move_result(identity, values["class_id"])
            if "circumstances" in values and (result := self.store.record(self.code, "results", identity)) is not None:
                Books(self.store, self.code).write(identity, result)
        return {"id": identity, "data": changed}

    def delete(self, resource: str, identity: str) -> None:
        """Take a record away; it is cancelled in the sector at the next submission.

        Raises:
            Refused: there is none, or others refer to it (409).
        """
        if resource == "school":
            raise Refused(405, {"error": "method_not_allowed"})
        with self.store.transaction():
            self._existing(resource, identity)
            if resource == "subjects" and self._has_results(identity):
                raise Refused(409, {"error": "in_use", "message": "Còn kết quả của môn này.", "resource": "results"})
            for other, name in _USED_BY.get(resource, ()):
                if any(data.get(name) == identity for data in self.store.records(self.code, other).values()):
                    raise Refused(
                        409,
                        {"error": "in_use", "message": f"Còn dữ liệu dùng đến mục này: {other}.", "resource": other},
                    )
            self.store.remove(self.code, resource, identity)

    def set_marks(self, values: Any) -> list[dict[str, Any]]:
        """One mark, or ``{"marks": [...]}``: all of them or none."""
        return self._many(values, "marks", Books.set_mark)

    def set_comments(self, values: Any) -> list[dict[str, Any]]:
        """One comment, or ``{"comments": [...]}``: all of them or none."""
        return self._many(values, "comments", Books.set_comment)

    def _many(self, values: Any, name: str, act: Any) -> list[dict[str, Any]]:
        values = self._object(values)
        items = values.get(name, [values])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items) or len(items) > 10_000:
            raise Refused.field(name, "wrong_type", "Mục này là một danh sách.")
        changed: dict[str, dict[str, Any]] = {}
        errors: list[dict[str, str]] = []
        with self.store.transaction():
            books, year = Books(self.store, self.code), self.year
            for number, item in enumerate(items):
                try:
                    identity, result = act(books, item, str(item.get("school_year") or year))
                    changed[identity] = result
                except Refused as refused:
                    prefix = f"{name}.{number}." if name in values else ""
                    errors.extend(
                        {**error, "field": prefix + error["field"]} for error in refused.body.get("errors", [])
                    )
            if errors:
                raise Refused.fields(errors)
        return [{"id": key, "data": shown(result, books.subjects())} for key, result in changed.items()]

    # --- photos ----------------------------------------------------------------------------------------------------

    def set_photo(self, student_id: str, jpeg: bytes) -> dict[str, Any]:
        """A pupil's photo.

        Raises:
            Refused: no JPEG, too large, or no such pupil.
        """
        data = self._existing("students", student_id)
        try:
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
                too_large = picture.width * picture.height > 25_000_000
        except (UnidentifiedImageError, OSError, ValueError):
            raise Refused.field("photo", "wrong_format", "Ảnh phải là tệp JPEG.") from None
        if too_large or len(jpeg) > MAX_PHOTO:
            raise Refused.field("photo", "too_large", "Ảnh quá lớn.")
        digest = hashlib.sha256(jpeg).hexdigest()
        with self.store.transaction():
            self.store.run("insert or ignore into photo (school, sha256, jpeg) values (?,?,?)", self.code, digest, jpeg)
            self.store.put(self.code, "students", student_id, {**data, "photo_sha256": digest})
        return {"photo_sha256": digest}

    def remove_photo(self, student_id: str) -> None:
        """A pupil without a photo; what was submitted stays in the sector.

        Raises:
            Refused: no such pupil.
        """
        with self.store.transaction():
            self.store.put(
                self.code, "students", student_id, {**self._existing("students", student_id), "photo_sha256": None}
            )

    def photo(self, digest: str) -> bytes:
        """A photo as it is in SMAS."""
        row = self.store.one("select jpeg from photo where school = ? and sha256 = ?", self.code, digest)
        if row is None:
            raise Refused.unknown("ảnh")
        return bytes(row["jpeg"])

    # --- inside ----------------------------------------------------------------------------------------------------

    def _object(self, values: Any) -> dict[str, Any]:
        if not isinstance(values, dict):
            raise Refused.field("", "wrong_type", "Nội dung phải là một đối tượng JSON.")
        return dict(values)

    def _exists(self, resource: str, identity: str) -> bool:
        return self.store.record(self.code, resource, identity) is not None

    def _existing(self, resource: str, identity: str) -> dict[str, Any]:
        data = self.store.record(self.code, resource, identity)
        if data is None:
            raise Refused.unknown("mục")
        return data

    def _clashes(self, resource: str, identity: str, values: dict[str, Any]) -> list[dict[str, str]]:
        errors = []
        for name in _UNIQUE.get(resource, ()):
            if not values.get(name):
                continue
            for key, other in self.store.records(self.code, resource, str(values.get("school_year") or "")).items():
                if key != identity and other.get(name) == values[name]:
                    errors.append(
                        {"field": name, "code": "duplicate", "message": "Đã có người hoặc mục khác dùng giá trị này."}
                    )
                    break
        return errors

    def _misfits(
        self, resource: str, identity: str, old: dict[str, Any], values: dict[str, Any]
    ) -> list[dict[str, str]]:
        """Values that are right by themselves, but not in this school or for this record."""
        errors = [
            {"field": name, "code": "fixed", "message": "Không đổi được mục này: tạo bản ghi khác."}
            for name in _FIXED.get(resource, ()) if old and name in values and values[name] != old[name]
        ]  # fmt: skip
        grades = GRADES[(self.store.school(self.code) or {})["level"]]
        if resource == "classes" and type(values.get("grade")) is int and values["grade"] not in grades:
            errors.append(
                {"field": "grade", "code": "unknown", "message": f"Trường có các khối {grades[0]} đến {grades[-1]}."}
            )
        if (
            resource == "subjects"
            and old
            and values.get("kind", old["kind"]) != old["kind"]
            and self._has_results(identity)
        ):
            errors.append(
                {"field": "kind", "code": "in_use", "message": "Môn đã có điểm: không đổi được cách đánh giá."}
            )
        return errors

    def _has_results(self, subject_id: str) -> bool:
        return any(subject_id in result["subjects"] for result in self.store.records(self.code, "results").values())

    def _new_id(self, resource: str, values: dict[str, Any]) -> str:
        if resource == "enrolments":
            identity = f"{values['student_id']}-{values['school_year']}"
            if self._exists(resource, identity):
                raise Refused.field("student_id", "duplicate", "Học sinh đã ở một lớp trong năm học này.")
            return identity
        return f"{self.code}-{secrets.token_hex(8)}"

    def _enrol(self, student_id: str, class_id: str, student: dict[str, Any]) -> None:
        year = self._existing("classes", class_id)["school_year"]
        status = "moved_in" if (student.get("admission_date") or "") > f"{year[:4]}-09-30" else "studying"
        self.store.put(self.code, "enrolments", f"{student_id}-{year}", {
            "student_id": student_id, "class_id": class_id, "school_year": year, "status": status,
            "from_date": student.get("admission_date"),
            "to_date": None, "note": None,
        })  # fmt: skip

    def _move_result(self, identity: str, class_id: str) -> None:
        result = self.store.record(self.code, "results", identity)
        if result is not None:
            result["class_id"] = class_id
            Books(self.store, self.code).write(identity, result)


def known_errors(store: Store) -> list[dict[str, Any]]:
    """The results that are wrong on purpose and not mended yet, of every school."""
    found = []
    for school in store.all("select code from school order by code"):
        code = school["code"]
        books = Books(store, code)
        students = store.records(code, "students")
        for row in store.all(
            "select id from live where school = ? and resource = 'results' and data not like '%\"wrong\":{}%'", code
        ):
            result = store.record(code, "results", row["id"]) or {}
            right, wrong = shown({**result, "wrong": {}}, books.subjects()), result["wrong"]
            for path, submitted in wrong.items():
                found.append({
                    "school": code, "student_id": result["student_id"],
                    "student_code": students[result["student_id"]]["code"],
                    "school_year": result["school_year"], "field": path, "submitted": submitted,
                    "correct": _at(right, path, books.subjects()),
                })  # fmt: skip
    return found


def _at(result: dict[str, Any], path: str, subjects: dict[str, dict[str, Any]]) -> Any:
    first, *rest = path.split(".")
    if first == "subjects":
        row = next(row for row in result["subjects"] if subjects[row["subject_id"]]["code"] == rest[0])
        return row[rest[1]]
    return result[first][rest[0]] if rest else result[first]
