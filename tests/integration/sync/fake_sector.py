"""A sector database of a few lines that says what a test tells it to: for records no school's SMAS lets through."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CODE = "79770001"


class FakeSector:
    """``records``: resource → id → ``{"id", "version", "event", "data"}`` or anything at all."""

    def __init__(self) -> None:
        self.number = 1
        self.records: dict[str, dict[str, Any]] = {}
        self.changed: dict[tuple[str, str], int] = {}
        self.photos: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.years: dict[tuple[str, str], str] = {}
        self.by_year = False  # whether a list holds only its own year's records, as a sector without faults has them
        self.know_cursors = True
        self.put("school", "S", SCHOOL)

    def put(self, resource: str, identity: str, data: dict[str, Any] | None, *, version: int | None = None) -> None:
        """A record new or changed; data None cancels it. Counted as submitted at once."""
        of = self.records.setdefault(resource, {})
        newest = of[identity]["version"] if isinstance(of.get(identity), dict) and "version" in of[identity] else 0
        of[identity] = {
            "id": identity,
            "version": version or newest + 1,
            "event": "CANCEL" if data is None else "UPDATE" if newest else "NEW",
            "updated_at": "2025-10-01T00:00:00Z",
            "data": data,
        }
        if data is not None and resource != "history" and "school_year" in data:
            self.years[resource, identity] = data["school_year"]
        self.mark(resource, identity)

    def mark(self, resource: str, identity: str) -> None:
        self.number += 1
        self.changed[resource, identity] = self.number

    def raw(self, resource: str, identity: str, row: Any) -> None:
        self.records.setdefault(resource, {})[identity] = row
        self.mark(resource, identity)

    def photo(self, content: bytes, *, named: str | None = None) -> str:
        name = named or hashlib.sha256(content).hexdigest()
        self.photos[name] = content
        return name

    def app(self, _url: str = "") -> Starlette:
        async def token(_request: Request) -> Response:
            return JSONResponse({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})

        async def snapshots(_request: Request) -> Response:
            return JSONResponse(
                {
                    "items": [
                        {
                            "number": self.number,
                            "kind": "results",
                            "school_year": "2025-2026",
                            "term": "II",
                            "accepted_at": "2026-05-30T00:00:00Z",
                        }
                    ]
                }
            )

        async def page(request: Request) -> Response:
            resource, since = request.path_params["resource"], request.query_params.get("since", "")
            self.asked.append(resource)
            if since and not self.know_cursors:
                return JSONResponse({"error": "invalid_cursor"}, 400)
            after = int(since or 0)
            year = request.query_params.get("school_year", "")
            rows = [
                row
                for key, row in self.records.get(resource, {}).items()
                if self.changed[resource, key] > after
                and not (self.by_year and self.years.get((resource, key), year) != year)
            ]
            # Escaped: half a surrogate pair has no UTF-8.
            text = json.dumps({"items": rows, "next_page": None, "cursor": str(self.number), "snapshot": self.number})
            return Response(text, media_type="application/json")

        async def photo(request: Request) -> Response:
            content = self.photos.get(request.path_params["sha256"])
            return Response(content, media_type="image/jpeg") if content is not None else JSONResponse({}, 404)

        return Starlette(
            routes=[
                Route("/oauth2/token", token, methods=["POST"]),
                Route("/sector/v1/snapshots", snapshots),
                Route("/sector/v1/photos/{sha256}", photo),
                Route("/sector/v1/{resource}", page),
            ]
        )


SCHOOL = {
    "code": CODE,
    "name": "Trường THCS Trần Văn Ơn",
    "level": "lower_secondary",
    "commune": "Phường Bến Thành",
    "province": "TP. Hồ Chí Minh",
    "department": "Sở Giáo dục và Đào tạo",
    "tax_code": "0312345678",
    "principal_staff_id": None,
}


def teacher(number: int, **other: Any) -> dict[str, Any]:
    return {
        "code": f"GV{number:03d}",
        "full_name": "Lê Thị Hồng Nhung",
        "id_number": f"0791800000{number:02d}",
        "old_id_number": None,
        "birth_date": "1980-01-01",
        "sex": "Nữ",
        "position": "teacher",
        "email": None,
        "phone": None,
        "status": "working",
    } | other


def room(**other: Any) -> dict[str, Any]:
    return {
        "code": "6A1",
        "name": "6A1",
        "grade": 6,
        "regime": "TT22",
        "school_year": "2025-2026",
        "homeroom_staff_id": "T1",
    } | other


def pupil(number: int, **other: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("birth_place", "nationality", "home_town", "address", "register_number", "admission_date", "priority_category", "father_name",
         "father_job", "mother_name", "mother_job", "guardian_name", "guardian_job", "photo_sha256")
    )  # fmt: skip
    return (
        empty
        | {
            "code": f"HS{number:03d}",
            "full_name": "Nguyễn Văn Ân",
            "birth_date": "2014-03-02",
            "sex": "Nam",
            "ethnic_group": "Kinh",
            "id_number": f"0792140000{number:02d}",
        }
        | other
    )


def subject(code: str, **other: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": "Toán",
        "kind": "marked",
        "order": 1,
        "periods_per_year": 140,
        "grades": [6, 7, 8, 9],
    } | other


def enrolment(student: str, **other: Any) -> dict[str, Any]:
    return {
        "student_id": student,
        "class_id": "L1",
        "school_year": "2025-2026",
        "status": "studying",
        "from_date": None,
        "to_date": None,
        "note": None,
    } | other


def result(student: str, year: str = "8.0", **other: Any) -> dict[str, Any]:
    level = {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None}
    return {
        "student_id": student,
        "class_id": "L1",
        "school_year": "2025-2026",
        "regime": "TT22",
        "subjects": [
            {
                "subject_id": "M1",
                "term1": "8.0",
                "term2": "8.0",
                "year": year,
                "reassessed": None,
                "comment": "Tốt",
                "note": None,
                "marks": None,
            }
        ],
        "learning": level,
        "training": level,
        "absences": {"term1": 0, "term2": 1, "year": 1},
        "promotion": "promoted",
        "promotion_note": None,
        "title": None,
        "awards": [],
        "certificates": None,
        "homeroom_comment": "Ngoan",
        "homeroom_comment_after_summer": None,
        "programme_completed": None,
    } | other


def filled(sector: FakeSector, pupils: int = 2) -> FakeSector:
    """A class with its teacher, subject, pupils and results."""
    sector.put("staff", "T1", teacher(1))
    sector.put("classes", "L1", room())
    sector.put("subjects", "M1", subject("TOAN"))
    sector.put(
        "teaching_assignments",
        "A1",
        {"class_id": "L1", "subject_id": "M1", "staff_id": "T1", "term": "year", "position": 1},
    )
    for number in range(1, pupils + 1):
        sector.put("students", f"P{number}", pupil(number))
        sector.put("enrolments", f"E{number}", enrolment(f"P{number}"))
        sector.put("results", f"R{number}", result(f"P{number}"))
    return sector
