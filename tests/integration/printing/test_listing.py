"""What the print page shows, to whom."""

from __future__ import annotations

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import School
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.printing import print_job, print_page
from hocba_app.services.printing.options import PacketOptions
from tests import samples
from tests.integration.printing.conftest import SealedSchool
from tests.integration.printing.test_packet import work_on
from tests.refusals import refused


def test_classes_pupils_and_packets_are_counted(sealed: SealedSchool) -> None:
    who = sealed.person("management")
    assert [(row.name, row.pupils, row.finished) for row in print_page.print_classes(sealed.db, who)] == [
        ("7A1", 2, 10)
    ]
    assert [(row.name, row.finished) for row in print_page.print_pupils(sealed.db, who, sealed.class_id)] == [
        (samples.NAMES[0], 5),
        (samples.NAMES[1], 5),
    ]
    assert print_page.class_of_pupil(sealed.db, who, sealed.students[1]) == sealed.class_id
    assert print_page.class_of_pupil(sealed.db, who, "nobody") == ""
    first = print_job.print_packet(sealed.db, who, PacketOptions(), class_id=sealed.class_id)
    second = print_job.print_packet(sealed.db, who, PacketOptions(paper="A3"), student_id=sealed.students[1])
    work_on(sealed, first)
    print_page.cancel_packet(sealed.db, who, second)
    newest, older = print_page.packets(sealed.db, who)
    assert (newest.title, newest.state, newest.kept, newest.options.paper) == (
        f"{samples.NAMES[1]} (HS1)",
        "cancelled",
        False,
        "A3",
    )
    assert (older.title, older.state, older.kept, older.documents, older.problem) == ("Lớp 7A1", "done", True, 8, None)
    assert older.size > 100_000


def test_only_the_office_of_this_school(sealed: SealedSchool) -> None:
    job_id = print_job.print_packet(sealed.db, sealed.person("admin"), PacketOptions(), class_id=sealed.class_id)
    teacher = sealed.person("teacher")
    for call in (
        lambda: print_page.print_classes(sealed.db, teacher),
        lambda: print_page.print_pupils(sealed.db, teacher, sealed.class_id),
        lambda: print_page.packets(sealed.db, teacher),
        lambda: print_page.cancel_packet(sealed.db, teacher, job_id),
    ):
        assert refused(call) is ErrorCode.FORBIDDEN
    with sealed.db.installation(write=True) as session:
        other = School(code="other", name="Trường khác", current_year="2025-2026")
        session.add(other)
    stranger = Identity("b1", other.id, None, "b", "B", frozenset({"admin"}))
    assert print_page.print_classes(sealed.db, stranger) == [] and print_page.packets(sealed.db, stranger) == []
    assert print_page.print_pupils(sealed.db, stranger, sealed.class_id) == []
    assert print_page.class_of_pupil(sealed.db, stranger, sealed.students[0]) == ""
    assert refused(print_page.cancel_packet, sealed.db, stranger, job_id) is ErrorCode.NOT_FOUND
