"""The six steps of a school's year (the guide's own): what is done, what is next, what blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from hocba_app.domain.glossary import PAGE
from hocba_app.domain.head_words import spoken
from hocba_app.models import Database, School
from hocba_app.models.repositories import year_guide as counts
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity

StepState = Literal["done", "now", "elsewhere", "later"]
"""``now``: can be done here and now. ``elsewhere``: to be done on SMAS. ``later``: not open yet."""


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step, in the guide's wording."""

    number: int
    title: str
    when: str
    state: StepState
    text: str
    """Its progress, or what is missing."""
    button: str = ""
    href: str = ""
    is_next: bool = False
    """The one step to take now: its button is the page's."""


@dataclass(frozen=True, slots=True)
class YearFacts:
    """What the steps are judged by."""

    pupils: int
    synced: bool
    connected: bool
    """The school's credentials of the sector database are there."""
    without_code: int
    """People who were never given a code to log in with."""
    without_image: int
    without_key: int
    seal_ready: bool
    concluded: int
    documents: Mapping[tuple[str, str], int]

    def locked(self, kind: str) -> int:
        """Documents of a kind that are locked, signed or sealed."""
        return sum(count for (of, state), count in self.documents.items() if of == kind and state != "open")

    def reached(self, kind: str, *states: str) -> int:
        """Documents of a kind in one of these states."""
        return sum(self.documents.get((kind, state), 0) for state in states)


def year_guide(db: Database, who: Identity) -> list[GuideStep]:
    """The six steps of the school's current year, for the office.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.LOCK)
    with db.installation() as session:
        school = session.get_one(School, who.school_id)
        year, connected = school.current_year, bool(school.smas_secret_encrypted)
    with db.read(who.school_id) as session:
        without_image, without_key = counts.signers_without(session, year)
        facts = YearFacts(
            pupils=counts.pupils(session, year),
            synced=counts.has_begun(session, year),
            connected=connected,
            without_code=counts.accounts_without_code(session),
            without_image=without_image,
            without_key=without_key,
            seal_ready=counts.seal_is_ready(session),
            concluded=counts.concluded_results(session, year),
            documents=counts.documents_by_state(session, year),
        )
    return steps_from(facts)


def steps_from(facts: YearFacts) -> list[GuideStep]:
    """The six steps as the facts have them; pure, so that every situation can be tested."""
    synced = facts.synced and facts.pupils > 0
    covers = facts.reached("cover", "signed", "sealed")
    sealed = facts.reached("results", "sealed")
    concluded = synced and facts.concluded >= facts.pupils
    steps = [
        GuideStep(
            1,
            "Nhập dữ liệu trên SMAS",
            "Tháng 9, 10",
            "done" if synced else "elsewhere",
            "Năm học, học sinh và ảnh, giáo viên, lớp, phân công giảng dạy: nhập trên SMAS.",
        ),
        GuideStep(
            2,
            "Nộp dữ liệu đầu năm từ SMAS",
            "Tháng 9, 10",
            "done" if synced else "elsewhere",
            "Cán bộ, lớp học, học sinh đã nộp lên CSDL ngành."
            if synced
            else "Nộp cán bộ, lớp học, học sinh lên CSDL ngành, rồi đồng bộ về đây.",
        ),
        _start_of_year(facts, synced, covers),
        GuideStep(
            4,
            "Nộp kết quả học tập từ SMAS",
            "Tháng 12, 5",
            "done" if concluded else "elsewhere" if synced else "later",
            "Đã có kết quả cả năm của mọi học sinh."
            if concluded
            else f"Đã có kết luận cả năm của {facts.concluded}/{facts.pupils} học sinh."
            if synced
            else "Nộp khi hết học kì và hết năm học.",
        ),
        GuideStep(
            5,
            "Đồng bộ kết quả học tập",
            "Tháng 12, 5",
            "done" if concluded else "now" if synced else "later",
            "Kết quả cả năm đã về đủ." if concluded else "Sau mỗi lần nộp trên SMAS, đồng bộ lại ở đây.",
            "" if concluded or not synced else "Đồng bộ",
            "" if concluded or not synced else "/sync",
        ),
        _end_of_year(facts, sealed),
    ]
    first = next((step for step in steps if step.state == "now" and step.href), None)
    return [replace(step, is_next=step is first) for step in steps]


def _start_of_year(facts: YearFacts, synced: bool, covers: int) -> GuideStep:
    title, when = "Đồng bộ, chữ ký, con dấu; chốt và ký bìa", "Tháng 9, 10"
    if not synced:
        return (
            GuideStep(
                3,
                title,
                when,
                "now",
                "Trường đã nộp dữ liệu đầu năm từ SMAS thì đồng bộ về đây: lớp, học sinh, giáo viên, phân công.",
                "Đồng bộ",
                "/sync",
            )
            if facts.connected
            else GuideStep(
                3,
                title,
                when,
                "now",
                "Chưa có thông tin kết nối CSDL ngành: nhờ người quản trị hệ thống nhập. Trong khi chờ, nhập được từ tệp Excel.",
                "Nhập từ Excel",
                "/sync",
            )
        )
    if facts.without_code:
        return GuideStep(
            3,
            title,
            when,
            "now",
            f"{facts.without_code} người chưa được cấp mã kích hoạt tài khoản.",
            "Cấp mã kích hoạt",
            "/accounts?state=inactive",
        )
    if facts.without_image:
        return GuideStep(
            3,
            title,
            when,
            "now",
            f"{facts.without_image} người ký chưa có ảnh chữ ký.",
            "Tải ảnh chữ ký",
            "/signature-images",
        )
    if facts.without_key:
        return GuideStep(
            3,
            title,
            when,
            "now",
            f"{facts.without_key} người ký chưa có tài khoản ký số.",
            "Tài khoản ký số",
            "/signing-accounts",
        )
    if not facts.seal_ready:
        return GuideStep(
            3,
            title,
            when,
            "now",
            "Con dấu chưa đủ ảnh hoặc chứng thư số của trường.",
            PAGE["/signing-settings"],
            "/signing-settings",
        )
    locked = facts.locked("cover")
    if locked < facts.pupils:
        return GuideStep(
            3, title, when, "now", f"Đã chốt bìa {locked}/{facts.pupils} học sinh.", "Chốt bìa", "/lock?kind=cover"
        )
    if covers < locked:
        return GuideStep(
            3, title, when, "now", f"{spoken().head} đã ký {covers}/{locked} bìa.", "Xem bìa", "/records?kind=cover"
        )
    return GuideStep(3, title, when, "done", f"{covers} bìa đã ký.")


def _end_of_year(facts: YearFacts, sealed: int) -> GuideStep:
    title, when = f"Chốt học bạ, ký GVBM ⇒ GVCN ⇒ {spoken().head}, đóng dấu, in", "Tháng 5"
    locked = min(facts.locked("results"), facts.locked("history"))
    if not facts.concluded:
        return GuideStep(6, title, when, "later", "Chốt được khi đã có kết quả cả năm.")
    if locked < facts.concluded:
        return GuideStep(
            6,
            title,
            when,
            "now",
            f"Đã chốt QTHT và học bạ của {locked}/{facts.concluded} học sinh có kết quả.",
            "Chốt học bạ",
            "/lock?kind=results",
        )
    if sealed < locked:
        return GuideStep(
            6, title, when, "now", f"Đã đóng dấu {sealed}/{locked} học bạ.", "Xem tiến độ ký", "/records?kind=results"
        )
    return GuideStep(6, title, when, "done", f"{sealed} học bạ đã đóng dấu. Có thể in và phát.", "In học bạ", "/print")
