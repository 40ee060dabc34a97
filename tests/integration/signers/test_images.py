"""Signature images: the upload of many, matched to staff codes, hostile files, what the office sees, who may."""

from __future__ import annotations

import hashlib
import io
import random
import threading
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.ink.signature_image import AS_IT_IS
from hocba_app.models import SEAL, AuditEvent, Database, Job, SignatureImage
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.signers import image_draft, image_store, images
from hocba_app.services.storage import blobs, waiting_files
from hocba_app.settings import settings
from tests.integration.signers.people import staff_id
from tests.refusals import refused
from tests.school import SmallSchool, small_school


@pytest.fixture
def small(db: Database, school_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallSchool:
    """The school without MySign and without images."""
    monkeypatch.setenv("HOCBA_DOCUMENTS_URL", str(tmp_path / "documents"))
    monkeypatch.setenv("HOCBA_SECRET_KEY", "một khóa để thử, 8Jq2Lr5Tz0")
    settings.cache_clear()
    return small_school(db, school_id, None)


def paper(
    seed: int = 1, *, ink: tuple[int, int, int] = (30, 50, 160), kind: str = "JPEG", size: tuple[int, int] = (900, 600)
) -> bytes:
    """A photographed signature: grey paper with a shadow, a blue stroke."""
    picture = Image.new("RGB", size, (205, 203, 198))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0] // 3, size[1]), fill=(170, 168, 165))
    pen = random.Random(seed)
    points = [(size[0] * (0.2 + 0.06 * number), size[1] * pen.uniform(0.3, 0.7)) for number in range(10)]
    draw.line(points, fill=ink, width=9, joint="curve")
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def packed(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def save(small: SmallSchool, who: Identity, owner: str, data: bytes) -> None:
    """One image, looked at and used."""
    image_draft.use(small.db, who, image_draft.begin(small.db, who, owner, data), AS_IT_IS)


def upload(small: SmallSchool, *files: tuple[str, bytes]) -> images.UploadView:
    job_id = image_store.start_bulk(small.db, small.people["admin"], files)
    assert advance(small.db, RunningJobs(), small.school_id, job_id, "w0", threading.Event()) == "ended"
    found = images.last_upload(small.db, small.people["admin"])
    assert found is not None and found.job_id == job_id
    return found


def test_many_files_and_a_zip_at_once(small: SmallSchool) -> None:
    done = upload(
        small,
        ("GV001.png", paper(1, kind="PNG")),
        (
            "chu ky.zip",
            packed(
                ("khoi 6/gv002 - Nguyễn Thị Ánh.jpg", paper(2)),
                ("GV777.jpg", paper(3)),
                ("__MACOSX/._GV003.jpg", b"x"),
                ("GV003.gif", b"GIF89a"),
            ),
        ),
        ("GV004.jpg", paper(4, ink=(205, 203, 198))),
    )
    assert [(row.file, row.outcome) for row in done.files] == [
        ("GV001.png", "ready"),
        ("gv002 - Nguyễn Thị Ánh.jpg", "ready"),
        ("GV777.jpg", "unmatched"),
        ("GV003.gif", "failed"),
        ("GV004.jpg", "failed"),
    ]
    assert done.files[0].whose == small.people["principal"].full_name and done.files[0].after.startswith(
        "data:image/png;base64,"
    )
    assert (
        "mã giáo viên" in done.files[2].reason
        and "PNG, JPG hoặc HEIC" in done.files[3].reason
        and "nét ký" in done.files[4].reason
    )
    assert images.images_page(small.db, small.people["admin"]).missing == 6, "nothing is stored before somebody looked"
    assert images.use_upload(small.db, small.people["admin"], done.job_id) == 2
    page = images.images_page(small.db, small.people["admin"])
    assert (page.staff, page.missing, page.total, page.seal.preview) == (6, 4, 6, "")
    assert {row.code for row in images.images_page(small.db, small.people["admin"], missing=True).rows} == {
        "GV003",
        "GV004",
        "GV005",
        "GV006",
    }
    assert [row.code for row in images.images_page(small.db, small.people["admin"], "anh 2").rows] == ["GV002"]
    again = upload(small, ("GV001.png", paper(1, kind="PNG")), ("GV002.jpg", paper(22)))
    images.use_upload(small.db, small.people["admin"], again.job_id)
    assert outcomes(small) == ["matched", "replaced"]


def test_an_upload_is_taken_back(small: SmallSchool, stranger: Identity) -> None:
    admin, van = small.people["admin"], staff_id(small, "VAN")
    save(small, admin, van, paper(9))
    before = preview_of(small, "GV004")
    done = upload(
        small, ("GV001.png", paper(1)), ("GV004.png", paper(2)), ("GV003.png", paper(3)), ("scan.png", paper(4))
    )
    images.leave_file(small.db, admin, done.job_id, 2, True)
    assert images.use_upload(small.db, admin, done.job_id) == 2
    images.give_file(small.db, admin, done.job_id, 3, staff_id(small, "TOAN"))
    assert outcomes(small) == ["matched", "replaced", "left", "given"] and preview_of(small, "GV004") != before
    assert refused(lambda: images.use_upload(small.db, admin, done.job_id)) is ErrorCode.NOTHING_TO_DO
    assert images.take_back_upload(small.db, admin, done.job_id, 3) == 1
    save(small, admin, staff_id(small, "principal"), paper(11))
    assert images.take_back_upload(small.db, admin, done.job_id) == 1, "what was replaced since stays"
    assert outcomes(small) == ["matched", "ready", "left", "unmatched"] and preview_of(small, "GV004") == before
    assert refused(lambda: images.take_back_upload(small.db, admin, done.job_id)) is ErrorCode.UNDO_TOO_LATE
    for call in (
        lambda: images.use_upload(small.db, stranger, done.job_id),
        lambda: images.take_back_upload(small.db, stranger, done.job_id),
        lambda: images.leave_file(small.db, stranger, done.job_id, 0, True),
        lambda: images.leave_file(small.db, admin, done.job_id, 9, True),
    ):
        assert refused(call) is ErrorCode.NOT_FOUND
    with small.db.read(small.school_id) as session:
        assert session.exec(select(AuditEvent.action)).all().count("signature.image_taken_back") == 2


def test_the_same_images_once_more_are_undone_too(small: SmallSchool) -> None:
    admin = small.people["admin"]
    files = (("GV001.png", paper(1)), ("GV002.png", paper(2)))
    images.use_upload(small.db, admin, upload(small, *files).job_id)
    again = upload(small, *files).job_id
    images.use_upload(small.db, admin, again)
    assert images.take_back_upload(small.db, admin, again) == 2 and outcomes(small) == ["ready", "ready"]
    assert preview_of(small, "GV001") != "", "the upload before keeps what it stored"


def outcomes(small: SmallSchool) -> list[str]:
    found = images.last_upload(small.db, small.people["admin"])
    assert found is not None
    return [row.outcome for row in found.files]


def preview_of(small: SmallSchool, code: str) -> str:
    return images.images_page(small.db, small.people["admin"], code).rows[0].preview


def test_the_original_beside_what_became_of_it(small: SmallSchool, stranger: Identity) -> None:
    done = upload(small, ("GV001.png", paper(1, kind="PNG", size=(3000, 2000))))
    small_copy = Image.open(io.BytesIO(images.original_thumbnail(small.db, small.people["admin"], done.job_id, 0)))
    assert small_copy.format == "PNG" and small_copy.width <= 360 and small_copy.height <= 240
    for number in (1, -1):
        assert (
            refused(
                lambda number=number: images.original_thumbnail(small.db, small.people["admin"], done.job_id, number)
            )
            is ErrorCode.NOT_FOUND
        )
    assert refused(lambda: images.original_thumbnail(small.db, stranger, done.job_id, 0)) is ErrorCode.NOT_FOUND


def test_an_unmatched_file_is_given_by_hand(small: SmallSchool, stranger: Identity) -> None:
    admin, owner = small.people["admin"], staff_id(small, "VAN")
    done = upload(small, ("scan0001.jpg", paper(5)))
    assert refused(lambda: images.give_file(small.db, stranger, done.job_id, 0, owner)) is ErrorCode.NOT_FOUND
    assert refused(lambda: images.give_file(small.db, admin, done.job_id, 0, "z" * 26)) is ErrorCode.NOT_FOUND
    images.give_file(small.db, admin, done.job_id, 0, owner)
    after = images.last_upload(small.db, admin)
    assert after is not None
    assert (after.files[0].outcome, after.files[0].whose, after.files[0].after != "") == (
        "given",
        small.people["VAN"].full_name,
        True,
    )
    assert images.own_image(small.db, small.people["VAN"]).preview == after.files[0].after
    with small.db.read(small.school_id) as session:
        assert session.exec(select(AuditEvent.action)).all() == ["signature.image_saved"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ErrorCode.FILE_TYPE),
        (b"%PDF-1.7", ErrorCode.FILE_TYPE),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, ErrorCode.FILE_TYPE),
        (b"\xff\xd8\xff" + b"\x00" * 40, ErrorCode.FILE_TYPE),
        (b"\xff\xd8\xff" + b"\x00" * (10 * 1024 * 1024), ErrorCode.FILE_TOO_LARGE),
        (paper(ink=(205, 203, 198)), ErrorCode.IMAGE_EMPTY),
    ],
    ids=["nothing", "pdf", "broken png", "broken jpg", "too long", "no ink"],
)
def test_what_is_no_signature(small: SmallSchool, data: bytes, code: ErrorCode) -> None:
    assert refused(lambda: save(small, small.people["VAN"], staff_id(small, "VAN"), data)) is code
    with small.db.read(small.school_id) as session:
        assert session.exec(select(SignatureImage)).all() == []


def test_fifty_megapixels_are_refused_by_the_header(small: SmallSchool) -> None:
    out = io.BytesIO()
    Image.new("1", (10_000, 5_000), 1).save(out, "PNG")
    assert (
        refused(lambda: save(small, small.people["VAN"], staff_id(small, "VAN"), out.getvalue()))
        is ErrorCode.IMAGE_TOO_LARGE
    )


def test_a_hostile_zip(small: SmallSchool) -> None:
    admin = small.people["admin"]
    bomb = packed(("GV001.png", b"\x00" * (30 * 1024 * 1024)))
    crowd = packed(*[(f"{number}.png", b"x") for number in range(401)])
    for data in (bomb, crowd):
        assert (
            refused(lambda data=data: image_store.start_bulk(small.db, admin, [("a.zip", data)]))
            is ErrorCode.TOO_MANY_FILES
        )
    assert (
        refused(lambda: image_store.start_bulk(small.db, admin, [("a.zip", b"PK\x03\x04broken")]))
        is ErrorCode.FILE_TYPE
    )
    done = upload(
        small, ("a.zip", packed(("../../GV001.png", paper(1, kind="PNG")), ("C:\\x\\GV002.png", paper(2, kind="PNG"))))
    )
    assert [row.outcome for row in done.files] == ["ready", "ready"], "folders in names mean nothing"


def test_a_cancelled_upload_keeps_what_it_stored(small: SmallSchool) -> None:
    admin = small.people["admin"]
    job_id = image_store.start_bulk(small.db, admin, [("GV001.png", paper(1, kind="PNG"))])
    images.cancel_upload(small.db, admin, job_id)
    with small.db.read(small.school_id) as session:
        assert session.get_one(Job, (small.school_id, job_id)).state == "cancelled"
    assert refused(lambda: images.cancel_upload(small.db, admin, "z" * 26)) is ErrorCode.NOT_FOUND


def test_who_may_and_another_school(small: SmallSchool, stranger: Identity) -> None:
    van, own = small.people["VAN"], staff_id(small, "TOAN")
    save(small, van, staff_id(small, "VAN"), paper(6))
    save(small, small.people["admin"], SEAL, paper(7, ink=(200, 30, 40)))
    assert images.images_page(small.db, small.people["admin"]).seal.preview != ""
    for call in (
        lambda: save(small, van, own, paper()),
        lambda: save(small, van, SEAL, paper()),
        lambda: image_store.start_bulk(small.db, van, [("GV001.png", paper())]),
        lambda: images.images_page(small.db, van),
        lambda: images.last_upload(small.db, van),
        lambda: images.cancel_upload(small.db, van, "x"),
        lambda: images.give_file(small.db, van, "x", 0, own),
        lambda: images.use_upload(small.db, van, "x"),
        lambda: images.leave_file(small.db, van, "x", 0, True),
        lambda: images.take_back_upload(small.db, van, "x"),
        lambda: images.original_thumbnail(small.db, van, "x", 0),
        lambda: images.own_image(small.db, small.people["admin"]),
    ):
        assert refused(call) is ErrorCode.FORBIDDEN
    assert refused(lambda: save(small, stranger, own, paper())) is ErrorCode.NOT_FOUND
    page = images.images_page(small.db, stranger)
    assert (page.staff, page.seal.preview, images.last_upload(small.db, stranger)) == (0, "", None)
    with small.db.read(small.school_id) as session:
        assert {row.owner for row in session.exec(select(SignatureImage)).all()} == {staff_id(small, "VAN"), SEAL}


def test_a_picture_that_fails_after_its_header_is_not_stored(small: SmallSchool) -> None:
    """Its header is sound, its pixels are not: nothing of it stays, neither in the store nor beside it."""
    whole = paper(7, kind="PNG")
    broken = whole[:60] + bytes(len(whole) - 60)
    done = upload(small, ("GV001.png", broken), ("GV002.png", paper(8, kind="PNG")))
    assert [(row.outcome, row.readable) for row in done.files] == [("failed", False), ("ready", True)]
    assert not blobs.exists(hashlib.sha256(broken).hexdigest())
    assert blobs.exists(hashlib.sha256(paper(8, kind="PNG")).hexdigest()), "what is looked at beside its cleaned form"
    assert not any(path.is_file() for path in (blobs.folder() / ".waiting").rglob("*"))


def test_uploads_that_no_job_came_to_are_gone_after_a_day(small: SmallSchool) -> None:
    image_store.start_bulk(small.db, small.people["admin"], [("GV001.png", paper(1, kind="PNG"))])
    assert waiting_files.sweep() == 0
    assert waiting_files.sweep(utc_now() + 2 * waiting_files.KEPT) == 1
