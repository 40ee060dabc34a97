"""What the check before a lock passes is laid out, what the layout refuses is named by it; letters of every people are printed."""

from __future__ import annotations

import copy
import io
import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.fonts import FACES, FONT_FOLDER, letter_words
from hocba_app.forms.letters import missing_letters
from hocba_app.forms.render import draw_pages, layout_faults, render
from hocba_app.forms.wording import printable
from tests import samples

PEOPLES = {
    "Ê Đê": "Y Ngông Niê Kdăm, H’Yuôm Êban, HʼBia; ƀuôn Ƀuôn ê̆ Ê̆ ô̆ ơ̆ Ơ̆ ư̆ Ư̆ č Č ñ ĕ ĭ ŏ ŭ Ĕ Ĭ Ŏ Ŭ",
    "Gia Rai": "Rơ Châm Hʼphik, Siu Blêk, Kpă Klơng; ơ̆ ư̆ ĭ ŭ č ƀ ñ",
    "Ba Na": "Đinh Yơh, Ƀok Tơ; ê̆ ô̆ ơ̆ ŭ ĭ ă̆ â̆",
    "Xơ Đăng": "A Thŭt, Y Ƀut; ŏ ŭ ê̆ ô̆",
    "Mông": "Giàng A Páo, Hʼmông, Hʻmoob; Sùng Thị Mỷ, Vàng Seo Chứ",
    "Cơ Ho, Mạ": "K’Brêm, Ka Să K’Ƀin; à ù ồ̆ ơ̆",
    "Chăm": "Quảng Đại Cẩn, Po Klaong Girai; ḍ ṇ ṭ ā ī ū ē ō ñ",
    "Cơ Tu, Bru": "Pơloong Thị Ngiơ̆, Hồ Văn Ỡ̆; ŏ ĕ ợ̆",
    "Tày, Nùng, Thái": "Nông Thị Bjoóc, Lò Văn Ín, Quàng Văn Ọp; sl rj ỉ",
    "Khmer": "Thạch Sa Phên, Sơn Thị Sà Ranh",
}
WORD = "• ▪ ■ □ ● ○ ◦ ✓ ✔ ✗ ✘ ☐ ☑ ☒ √ → ⇒ ➢ ➤ ❖ – — … “ ” ‘ ’ ½ ≥ ≤ ± × ÷ ° ² ³"


def with_comment(text: str) -> Snapshot:
    snapshot = samples.results_snapshot()
    snapshot["results"]["subjects"][0]["comment"] = text
    return snapshot


@pytest.mark.parametrize("people", [*PEOPLES, "Word"])
def test_every_peoples_letters_are_printed_and_read_back(people: str) -> None:
    """But for the letters with three marks, which no name list known to us has."""
    text = WORD if people == "Word" else PEOPLES[people]
    text = unicodedata.normalize("NFC", text)
    rare = missing_letters(text)
    assert set(rare) <= {unicodedata.normalize("NFC", each) for each in ("ồ̆", "Ỡ̆", "ợ̆")}, [*map(letter_words, rare)]
    for letter in rare:
        text = text.replace(letter, "")
    pages = PdfReader(io.BytesIO(render(with_comment(text)).pdf)).pages
    read = "".join(unicodedata.normalize("NFC", "".join(page.extract_text() for page in pages)).split())
    assert all(word in read for word in text.split()), [word for word in text.split() if word not in read]


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_a_letter_with_two_marks_is_one_letter_as_wide_as_its_base(face: Any) -> None:
    assert list(face.letters("mê̆p")) == ["m", "ê̆", "p"]
    assert face.width("ê̆", 10) == face.width("ê", 10) and face.width("ơ̆", 10) == face.width("ơ", 10)
    assert len(face.encode("ê̆")) == 4
    assert face.missing("\u0306x") == ["\u0306"], "a mark without a letter"


def test_words_private_bullets_are_the_signs_they_show() -> None:
    assert printable("\uf0b7 Đọc tốt \uf0fc") == "• Đọc tốt ✓"
    assert not layout_faults(with_comment("\uf0b7 Đọc tốt \uf0fc"))
    (fault,) = layout_faults(with_comment("Đọc \uf099 tốt"))
    assert "U+F099" in fault.sentence


def test_place_and_letter_are_named_both_ways() -> None:
    snapshot = with_comment("Rất tốt 🌟 và 🎉")
    snapshot["results"]["homeroom_comment"] = "Ngoan \u0e01"
    first, second = layout_faults(snapshot)
    assert first.params["place"] == "Nhận xét môn Ngữ văn" and first.params["character"] == "«🌟» U+1F31F, «🎉» U+1F389"
    assert second.params["place"] == "Nhận xét của giáo viên chủ nhiệm" and "U+0E01" in second.sentence
    with pytest.raises(HocbaError) as refused:
        render(snapshot)
    assert refused.value.sentence == first.sentence and "SMAS" in first.sentence


def snapshots() -> list[Snapshot]:
    first = [
        samples.cover_snapshot(),
        samples.history_snapshot(),
        samples.results_snapshot(),
        samples.primary_snapshot(),
    ]
    newest = [*copy.deepcopy(first), samples.primary_history(), samples.primary_cover()]
    return [*first, *map(samples.in_newest_form, newest)]


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of the texts that a school writes."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in (
                "slots",
                "verification",
                "kind",
                "regime",
                "level",
                "sex",
                "photo_sha256",
                "promotion",
                "outcome",
                "form",
            ):
                yield from texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from texts(item, (*path, number))
    elif isinstance(value, str) and path[-1] not in ("code", "school_year", "tax_code", "row"):
        yield path


PLACES = [(number, path) for number, snapshot in enumerate(snapshots()) for path in texts(snapshot)]
ODD = "ăê\u0306\u0302\u0323ʼƀßŉﬁ✓🌟\u200b\u0000\t\n\x0b\x85\u2028\u00a0\ufeff\uf0b7\ue000\ud83dW中กǰẖ"
TEXTS = st.one_of(
    st.text(st.sampled_from(ODD + "aW "), max_size=30),
    st.text(st.characters(), max_size=30),
    st.builds(
        lambda word, times: word * times,
        st.sampled_from(["W", "Wa ", "W\n", "Ặ", "MMMMMMMMMMMMMMMM "]),
        st.integers(1, 900),
    ),
)


@given(place=st.sampled_from(PLACES), text=TEXTS)
def test_what_the_check_passes_is_laid_out_and_what_the_layout_refuses_is_named(place: Any, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()  # lone surrogates never come out of JSON that was read
    snapshot: Any = copy.deepcopy(snapshots()[place[0]])
    inside = snapshot
    for key in place[1][:-1]:
        inside = inside[key]
    inside[place[1][-1]] = text
    found = {fault.code for fault in layout_faults(snapshot)}
    try:
        draw_pages(printable(snapshot), has_photo=False)
    except HocbaError as error:
        assert error.code in found, (place, text, error.sentence)
    else:  # a text that this form does not print may be named all the same
        assert found <= {ErrorCode.FORM_TEXT_UNSUPPORTED}, (place, text)
    if not found:
        render(snapshot)


def test_only_texts_are_looked_at_twice() -> None:
    """Ordinary records are passed without being laid out."""
    for snapshot in snapshots():
        assert layout_faults(snapshot) == []
    assert HocbaError(ErrorCode.FORM_TEXT_UNSUPPORTED, place="x", character="y").sentence.startswith("Mục x")


def test_every_cut_of_a_typeface_is_known_to_the_verifier() -> None:
    """Whoever cuts a face anew adds its line to ``cuts.json``; older lines stay, for the records made with them."""
    known = json.loads((FONT_FOLDER / "cuts.json").read_text(encoding="ascii"))
    for face in FACES:
        assert face.cut in known[face.name], f"add to cuts.json: {json.dumps(face.cut)}"
        assert len(known[face.name]) >= 2
        assert face.is_subset(face.subset({face.glyph("A")}), {face.glyph("A")})
