"""A signature image is looked at before it is stored: the draft, its adjustments, who may open it, the undo."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.ink.signature_image import AS_IT_IS, Adjust
from hocba_app.models import SEAL, AuditEvent, Database
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import image_draft, images
from hocba_app.settings import settings
from tests.integration.signers.people import staff_id
from tests.integration.signers.test_images import paper
from tests.refusals import refused
from tests.school import SmallSchool, small_school


@pytest.fixture
def small(db: Database, school_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallSchool:
    monkeypatch.setenv("HOCBA_DOCUMENTS_URL", str(tmp_path / "documents"))
    monkeypatch.setenv("HOCBA_SECRET_KEY", "một khóa để thử, 8Jq2Lr5Tz0")
    settings.cache_clear()
    return small_school(db, school_id, None)


def _size(url: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).size


def test_looked_at_turned_used_and_taken_back(small: SmallSchool) -> None:
    van = small.people["VAN"]
    owner = van.staff_id or ""
    slip = image_draft.begin(small.db, van, owner, paper(1))
    lying = image_draft.view(small.db, van, slip, AS_IT_IS)
    standing = image_draft.view(small.db, van, slip, Adjust(turns=1))
    assert (lying.owner, lying.name, lying.now, lying.problem) == (owner, van.full_name, "", "")
    (wide, low), (narrow, tall) = _size(lying.after), _size(standing.after)
    assert wide > low and tall > narrow, "a quarter turn stands it up"
    assert not images.own_image(small.db, van).preview, "nothing is stored by looking"
    assert Image.open(io.BytesIO(image_draft.original(van, slip))).format == "PNG"

    first = image_draft.use(small.db, van, slip, AS_IT_IS)
    assert first.image_id and not first.replaced and images.own_image(small.db, van).preview == lying.after
    assert image_draft.use(small.db, van, slip, AS_IT_IS).image_id == "", "twice changes nothing"
    second = image_draft.use(small.db, van, slip, Adjust(turns=1))
    assert second.replaced and images.own_image(small.db, van).preview == standing.after
    assert refused(lambda: images.take_back_one(small.db, van, owner, first.image_id)) is ErrorCode.UNDO_TOO_LATE
    images.take_back_one(small.db, van, owner, second.image_id)
    assert images.own_image(small.db, van).preview == lying.after, "the image before counts again"
    assert refused(lambda: images.take_back_one(small.db, van, owner, second.image_id)) is ErrorCode.UNDO_TOO_LATE
    with small.db.read(small.school_id) as session:
        actions = list(session.exec(select(AuditEvent.action).order_by(AuditEvent.seq)).all())
    assert actions == ["signature.image_saved", "signature.image_saved", "signature.image_taken_back"]


def test_faint_ink_is_found_by_the_lighter_strength(small: SmallSchool) -> None:
    van = small.people["VAN"]
    slip = image_draft.begin(small.db, van, van.staff_id or "", paper(ink=(180, 178, 173)))
    none = image_draft.view(small.db, van, slip, AS_IT_IS)
    assert none.after == "" and "nét ký" in none.problem
    assert refused(lambda: image_draft.use(small.db, van, slip, AS_IT_IS)) is ErrorCode.IMAGE_EMPTY
    assert image_draft.view(small.db, van, slip, Adjust(strength="light")).after
    assert image_draft.view(small.db, van, slip, Adjust(strength="no such thing")).problem == none.problem


def test_the_solid_star_of_a_seal_keeps_its_middle(small: SmallSchool) -> None:
    admin = small.people["admin"]
    picture = Image.new("RGB", (1000, 1000), (225, 214, 190))  # warm light
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 60, 940, 940), outline=(200, 20, 30), width=24)
    draw.ellipse((300, 300, 700, 700), fill=(200, 20, 30))
    out = io.BytesIO()
    picture.save(out, "PNG")
    shown = image_draft.view(small.db, admin, image_draft.begin(small.db, admin, SEAL, out.getvalue()), AS_IT_IS)
    seal = Image.open(io.BytesIO(base64.b64decode(shown.after.partition(",")[2]))).convert("RGB")
    middle, between = (
        seal.getpixel((seal.width // 2, seal.height // 2)),
        seal.getpixel((seal.width // 2, seal.height // 6)),
    )
    assert middle[0] > 150 and middle[1] < 90, middle
    assert between == (255, 255, 255), "tinted paper is no ink"


def test_a_slip_opens_for_its_maker_alone_and_for_an_hour(
    small: SmallSchool, stranger: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    van, admin = small.people["VAN"], small.people["admin"]
    slip = image_draft.begin(small.db, admin, staff_id(small, "VAN"), paper(1))
    for who in (van, stranger):
        assert refused(lambda who=who: image_draft.view(small.db, who, slip, AS_IT_IS)) is ErrorCode.NOT_FOUND
        assert refused(lambda who=who: image_draft.use(small.db, who, slip, AS_IT_IS)) is ErrorCode.NOT_FOUND
    for broken in ("", "x", slip[:-4] + "AAAA", "v1." + "A" * 2000):
        assert refused(lambda broken=broken: image_draft.view(small.db, admin, broken, AS_IT_IS)) is ErrorCode.NOT_FOUND
    later = utc_now() + timedelta(minutes=61)
    monkeypatch.setattr(image_draft, "utc_now", lambda: later)
    assert refused(lambda: image_draft.use(small.db, admin, slip, AS_IT_IS)) is ErrorCode.NOT_FOUND


def test_whose_image_one_may_change(small: SmallSchool, stranger: Identity) -> None:
    van, admin, other = small.people["VAN"], small.people["admin"], staff_id(small, "TOAN")
    assert refused(lambda: image_draft.begin(small.db, van, other, paper())) is ErrorCode.FORBIDDEN
    assert refused(lambda: image_draft.begin(small.db, van, SEAL, paper())) is ErrorCode.FORBIDDEN
    assert refused(lambda: image_draft.begin(small.db, stranger, other, paper())) is ErrorCode.NOT_FOUND
    assert refused(lambda: image_draft.begin(small.db, admin, other, b"%PDF-1.7")) is ErrorCode.FILE_TYPE
    sealed = image_draft.use(
        small.db, admin, image_draft.begin(small.db, admin, SEAL, paper(7, ink=(200, 30, 40))), AS_IT_IS
    )
    assert images.images_page(small.db, admin).seal.preview
    assert refused(lambda: images.take_back_one(small.db, van, SEAL, sealed.image_id)) is ErrorCode.FORBIDDEN
    assert refused(lambda: images.take_back_one(small.db, admin, other, sealed.image_id)) is ErrorCode.UNDO_TOO_LATE
    images.take_back_one(small.db, admin, SEAL, sealed.image_id)
    assert not images.images_page(small.db, admin).seal.preview
