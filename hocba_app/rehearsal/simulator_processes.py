"""The world outside as processes of its own: certificate authority and time stamps, MySign with its phone, SMAS."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.processes import Child, Family
from hocba_app.services.signing.providers.registry import PROVIDERS

READY_SECONDS = 90.0
"""A school of 3,000 pupils is generated on the first start."""
PIN = "123456"


@dataclass(frozen=True)
class Ports:
    """Where the simulators listen; 0 lets the system choose."""

    trust: int = 0
    mysign: int = 0
    smas: int = 0


@dataclass(frozen=True)
class Outside:
    """Running simulators."""

    trust_url: str
    root: Path
    mysign_url: str
    mysign_client: dict[str, str]
    smas_url: str
    schools: list[dict[str, Any]]
    """Per school: code, name, level, tax_code, client_id, client_secret, school_year."""
    children: tuple[Child, ...]

    def settings(self) -> dict[str, str]:
        """The ``HOCBA_*`` settings that point the product at them."""
        return {
            "HOCBA_SMAS_URL": self.smas_url,
            "HOCBA_MYSIGN_URL": self.mysign_url,
            "HOCBA_TSA_URL": f"{self.trust_url}/tsa",
            "HOCBA_TRUST_ROOTS": str(self.root),
        }


def start_simulators(family: Family, data: Path, schools: Sequence[str], ports: Ports = Ports()) -> Outside:
    """Start all three; what they hold stays under ``data`` from one start to the next.

    Args:
        schools: specs for the SMAS simulator, ``lower_secondary:students=135,seed=1,…``.

    Raises:
        HocbaError: CHILD_FAILED.
    """
    smas = family.start(
        "smas",
        "hocba_app.simulators.smas",
        "--data",
        str(data / "smas"),
        "--port",
        str(ports.smas),
        *(part for spec in schools for part in ("--schools", spec)),
    )
    trust = family.start(
        "trust", "hocba_app.simulators.trust", "--data", str(data / "trust"), "--port", str(ports.trust)
    )
    trust_line = trust.ready_line(READY_SECONDS)
    mysign = family.start(
        "mysign",
        PROVIDERS["mysign"].simulator,
        "--data",
        str(data / "mysign"),
        "--trust-data",
        str(data / "trust"),
        "--trust-url",
        trust_line["url"],
        "--port",
        str(ports.mysign),
    )
    mysign_line, smas_line = mysign.ready_line(READY_SECONDS), smas.ready_line(READY_SECONDS)
    client = json.loads((data / "mysign" / "credentials.json").read_text(encoding="utf-8"))
    return Outside(
        trust_line["url"],
        Path(trust_line["root"]),
        mysign_line["url"],
        {"client_id": client["client_id"], "client_secret": client["client_secret"]},
        smas_line["url"],
        smas_line["schools"],
        (trust, mysign, smas),
    )


class Smas:
    """The school's own work in SMAS: time goes by, data are submitted to the sector.

    Args:
        school: one entry of :attr:`Outside.schools`.
    """

    def __init__(self, url: str, school: dict[str, Any]) -> None:
        self.school = school
        self._http = httpx.Client(base_url=url, timeout=120, trust_env=False)
        form = {
            "grant_type": "client_credentials",
            "client_id": school["client_id"],
            "client_secret": school["client_secret"],
        }
        token = _checked(self._http.post("/oauth2/token", data=form))["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def move_to(self, moment: str) -> None:
        """The school enters what it enters by then: ``september``, ``term1``, ``year_end``, ``summer``."""
        _checked(self._http.post("/_time", json={"school": self.school["code"], "moment": moment}))

    def submit(self, kind: str, term: str | None = None) -> int:
        """Submit and wait.

        Returns:
            Number of the snapshot.

        Raises:
            HocbaError: SECTOR_REFUSED with the first row error.
        """
        body = {"kind": kind, "school_year": self.school["school_year"], "term": term}
        identity = _checked(self._http.post("/smas/v1/submissions", json=body))["id"]
        while (job := _checked(self._http.get(f"/smas/v1/submissions/{identity}")))["state"] == "running":
            time.sleep(0.1)
        if job["state"] != "accepted":
            raise HocbaError(ErrorCode.SECTOR_REFUSED, detail=str(job["errors"][:1]))
        return int(job["snapshot"])

    def declare(self, school_year: str) -> dict[str, Any]:
        """Carry classes and pupils on into the next year; from now on that is the year worked on."""
        answer = _checked(self._http.post("/smas/v1/years", json={"school_year": school_year, "roll_over": True}))
        self.school["school_year"] = school_year
        return dict(answer)

    def admit(self, students: int, **more: str) -> list[str]:
        """New pupils. Returns their ids."""
        return list(_checked(self._http.post("/smas/v1/intake", json={"students": students, **more}))["students"])

    def strike(self, trouble: str) -> None:
        """Something happens to the school (`simulators.smas.troubles`)."""
        _checked(self._http.post("/_faults", json={"kind": trouble, "school": self.school["code"]}))

    def take_in(self, other: str) -> None:
        """Another school, by its code, goes into this one."""
        answer = _checked(self._http.post("/_merge", json={"from": other, "into": self.school["code"]}))
        self.school |= {"level": answer["level"], "name": answer["name"]}

    def part(self, level: str, code: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """One of its levels goes to a new school. Returns what goes, and how that school is reached."""
        asked = {"from": self.school["code"], "into": code, "level": level}
        answer = _checked(self._http.post("/_split", json=asked))
        self.school["level"] = answer["left"]
        schools = _checked(self._http.get("/_schools"))["schools"]
        return answer, next(entry for entry in schools if entry["code"] == code)

    def practise(self, term: str) -> None:
        """Teachers are assigned and enter what the term asks for."""
        _checked(self._http.post("/smas/v1/trial", json={"term": term}))

    def records(self, resource: str) -> dict[str, dict[str, Any]]:
        """Live records by id; of the year worked on, where they belong to one."""
        found: dict[str, dict[str, Any]] = {}
        page: str | None = ""
        while page is not None:
            query = {"limit": 500, "school_year": self.school["school_year"]} | ({"page": page} if page else {})
            answer = _checked(self._http.get(f"/smas/v1/{resource}", params=query))
            found |= {item["id"]: item["data"] for item in answer["items"]}
            page = answer["next_page"]
        return found

    def make(self, resource: str, **values: Any) -> str:
        """A new live record. Returns its id."""
        return str(_checked(self._http.post(f"/smas/v1/{resource}", json=values))["id"])

    def change(self, resource: str, identity: str, **values: Any) -> None:
        """Change a live record."""
        _checked(self._http.patch(f"/smas/v1/{resource}/{identity}", json=values))

    def names(self) -> list[tuple[str, str]]:
        """Code and name of every pupil, letter for letter as SMAS has them."""
        found: list[tuple[str, str]] = []
        page: str | None = ""
        while page is not None:
            answer = _checked(
                self._http.get("/smas/v1/students", params={"limit": 500} | ({"page": page} if page else {}))
            )
            found += [(item["data"]["code"], item["data"]["full_name"]) for item in answer["items"]]
            page = answer["next_page"]
        return found

    def known_errors(self) -> list[dict[str, Any]]:
        """What this school's results have wrong on purpose: ``student_code`` and ``field``."""
        return [error for error in _checked(self._http.get("/_known_errors")) if error["school"] == self.school["code"]]

    def recompute(self, result_id: str, awards: list[str]) -> None:
        """Somebody opens a pupil's result and saves it: SMAS computes it again."""
        _checked(self._http.patch(f"/smas/v1/results/{result_id}", json={"awards": awards}))

    def close(self) -> None:
        self._http.close()


class Phones:
    """Everybody's MySign app, over the API behind the phone's page."""

    def __init__(self, url: str, pin: str = PIN) -> None:
        self.pin = pin
        self._http = httpx.Client(base_url=url, timeout=120, trust_env=False)

    def provision(self, people: Sequence[dict[str, str]]) -> None:
        """MySign's own staff enter people, who then activate the app with the code from the text message.

        Args:
            people: ``user_id``, ``full_name``, ``id_number``, ``phone``, ``kind`` each; who is there already is left alone.
        """
        for made in _checked(self._http.post("/_admin/users", json=list(people))):
            if made["activation_code"]:
                self._act("activate", user_id=made["user_id"], code=made["activation_code"], pin=self.pin)

    def renew(self, user_id: str) -> None:
        """The authority gives a new certificate under the same credential."""
        _checked(self._http.post("/_admin/renew", json={"user_id": user_id}))

    def confirm(self, user_id: str) -> int:
        """Confirm every request on one phone with the PIN.

        Returns:
            How many there were.
        """
        waiting = self._act("pending", user_id=user_id)["requests"]
        for request in waiting:
            self._act("confirm", user_id=user_id, transactionId=request["transactionId"], pin=self.pin)
        return len(waiting)

    def close(self) -> None:
        self._http.close()

    def _act(self, action: str, **values: str) -> dict[str, Any]:
        return dict(_checked(self._http.post(f"/phone/api/{action}", json=values)))


def _checked(answer: httpx.Response) -> Any:
    """The body, or a refusal that quotes what the simulator said (it never names a pupil)."""
    if answer.is_error:
        raise HocbaError(
            ErrorCode.SIMULATOR_REFUSED,
            path=answer.request.url.path,
            status=answer.status_code,
            detail=answer.text[:300],
        )
    return answer.json()
