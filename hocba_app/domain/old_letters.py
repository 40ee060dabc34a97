"""Vietnamese text in letters from before Unicode: TCVN3 (.VnTime) and VNI (VNI-Times) fonts, and UTF-8 read as something else.

Each is recognised by letters that no Vietnamese word has, and turned into Unicode; a person says whether that is right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

NAMES = {"tcvn3": "TCVN3 (phông .VnTime)", "vni": "VNI (phông VNI-Times)", "utf8": "UTF-8 bị đọc sai"}
"""Codings that are recognised, in a clerk's words."""
_TCVN3 = dict(zip(
    "¸µ¶·¹¨¾»¼½Æ©ÊÇÈÉË®ÐÌÎÏÑªÕÒÓÔÖÝ×ØÜÞãßáâä«èåæçé¬íêëìîóïñòô\u00adøõö÷ùýúûüþ¡¢§£¤¥¦",
    "áàảãạăắằẳẵặâấầẩẫậđéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵĂÂĐÊÔƠƯ",
    strict=True,
))  # fmt: skip
_VNI_MARKS = {
    "ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309", "ã": "\u0302\u0303", "ä": "\u0302\u0323",
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309", "ü": "\u0306\u0303", "ë": "\u0306\u0323",
}  # fmt: skip
"""What stands behind a vowel in VNI → the marks it carries."""
_VNI_ALONE = {
    "ô": "ơ",
    "ö": "ư",
    "ñ": "đ",
    "æ": "ỉ",
    "ó": "ĩ",
    "ò": "ị",
    "î": "ỵ",
    "Ô": "Ơ",
    "Ö": "Ư",
    "Ñ": "Đ",
    "Æ": "Ỉ",
    "Ó": "Ĩ",
    "Ò": "Ị",
    "Î": "Ỵ",
}
_VNI = re.compile(r"([aeouyôöAEOUYÔÖ])([ùøûõïâáàåãäêéèúüëÙØÛÕÏÂÁÀÅÃÄÊÉÈÚÜË])|([ôöñæóòîÔÖÑÆÓÒÎ])")
_RIME_WORDS = """
a ac ach ai am an ang anh ao ap at au ay ă ăc ăm ăn ăng ăp ăt â âc âm ân âng âp ât âu ây e ec em en eng eo ep et ê êch
êm ên êng ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu o oa oac oach oai oam oan oang oanh
oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn
ơp ơt u ua uân uâng uât uây uc uê uêch uên uênh uêt ui um un ung uôc uôi uôm uôn uông uôt up ut uy uya uych uyên uyêt
uynh uyp uyt uyu uơ ươc ươi ươm ươn ương ươp ươt ươu ư ưa ưc ưi ưm ưn ưng ưt ưu y yê yêm yên yêng yêt yêu
"""
"""Every vowel with what may follow it, tones aside."""
_RIMES = frozenset(_RIME_WORDS.split())
_SYLLABLE = re.compile(r"(?:ngh|ng|nh|kh|gh|gi|ch|th|tr|ph|qu|[bcdđghklmnpqrstvx])?([aăâeêioôơuưy]+[a-z]*)")
_TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_LATER = re.compile("[ăđĩũơưẠ-ỹĂĐĨŨƠƯ\u0300-\u0323]")
"""Letters that only Unicode has: text with one of them is in no old coding."""
_LEAST_LETTERS = 3
"""Of a text by which a coding is recognised: one letter alone may be anything."""
_LEVELS = ("Đ", "CĐ")


def coding_of(texts: Iterable[str]) -> str:
    """The old coding that most of some texts with strange letters are in; "" when they are in none.

    Args:
        texts: cells of one column, say.
    """
    strange = [text for text in texts if len(text) >= _LEAST_LETTERS and not text.isascii() and not is_unicode(text)]
    best, most = "", 0
    for coding, turned in _TURNED.items():
        count = sum(1 for text in strange if not is_vietnamese(text) and is_vietnamese(turned(text)))
        if count > most:
            best, most = coding, count
    return best


def to_unicode(text: str, coding: str) -> str:
    """A text of an old coding in Unicode; one that would not be Vietnamese then stays as it is."""
    if text.isascii() or is_unicode(text):
        return text
    turned = _TURNED[coding](text)
    return turned if is_vietnamese(turned) or turned in _LEVELS else text


def is_vietnamese(text: str) -> bool:
    """Whether every word of a text can be a Vietnamese syllable, signs and numbers aside."""
    words = re.findall(r"[^\W\d_]+", text)
    return bool(words) and all(map(_is_syllable, words))


def is_unicode(text: str) -> bool:
    """Whether a text has Vietnamese letters that no old coding has."""
    return _LATER.search(text) is not None


def lost_letters(text: str) -> bool:
    """Whether letters were lost when a text was saved: "Nguy?n V?n An"."""
    return "\ufffd" in text or re.search(r"[^\W\d_]\?+[^\W\d_]", text) is not None


def _is_syllable(word: str) -> bool:
    bare = unicodedata.normalize("NFC", _TONES.sub("", unicodedata.normalize("NFD", word.lower())))
    found = _SYLLABLE.fullmatch(bare)
    return found is not None and (found[1] in _RIMES or (bare[:2] in ("gi", "qu") and bare[1:] in _RIMES))


def _tcvn3(text: str) -> str:
    return "".join(_TCVN3.get(letter, letter) for letter in text)


def _vni(text: str) -> str:
    def turned(found: re.Match[str]) -> str:
        if found[3]:
            return _VNI_ALONE[found[3]]
        vowel = _VNI_ALONE.get(found[1], found[1])
        return unicodedata.normalize("NFC", vowel + _VNI_MARKS[found[2].lower()])

    return _VNI.sub(turned, text)


def _utf8(text: str) -> str:
    for coding in ("cp1252", "latin-1"):
        try:
            return text.encode(coding).decode("utf-8")
        except UnicodeError:
            continue
    return text


_TURNED: dict[str, Callable[[str], str]] = {"utf8": _utf8, "tcvn3": _tcvn3, "vni": _vni}


def examples(texts: Sequence[str], coding: str, most: int = 3) -> list[str]:
    """Some texts that change, each as "old → new"."""
    changed = [(text, turned) for text in texts if (turned := to_unicode(text, coding)) != text]
    return [f"{old} → {new}" for old, new in dict.fromkeys(changed)][:most]
