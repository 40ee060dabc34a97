"""What a request is refused with."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The answer to a request that is not carried out.

    Args:
        status: HTTP status.
        body: JSON.
        headers: besides.
    """

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}

    @classmethod
    def field(cls, name: str, code: str, message: str) -> Refused:
        """One field of the request is wrong (422)."""
        return cls.fields([{"field": name, "code": code, "message": message}])

    @classmethod
    def fields(cls, errors: list[dict[str, str]]) -> Refused:
        """Several are."""
        return cls(422, {"errors": errors})

    @classmethod
    def unknown(cls, what: str) -> Refused:
        """There is no such thing, or it is another school's (404)."""
        return cls(404, {"error": "not_found", "message": f"Không có {what} này."})
