"""The signatures of a file, field by field: one that cannot be read is named as such and hides none of the others.

pyHanko's own enumeration gives up on the whole file at the first broken signature, and passes over signatures of a kind
it does not know; a verdict must do neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.pdf_embedded import extract_contents

from hocba_app.verification.signature_result import Judged, Problem
from hocba_app.verification.signer_contents import RSA_SHA1, one_for_each_signer, with_contents

MAX_FIELDS = 5000
DEEPEST = 32
PKCS7_SHA1 = "/adbe.pkcs7.sha1"
_KINDS = {PKCS7_SHA1, RSA_SHA1, *(kind.value for kind in SigSeedSubFilter)}


class ReadableSignature(EmbeddedPdfSignature):
    """A signature whose own date may be anything: it is a claim, and no reason not to judge the rest.

    Args:
        reader: of the file.
        body: the field's.
        name: the field's; with a number where it has several signers.
        alone: the CMS of one signer, where the contents are not that.
    """

    def __init__(
        self, reader: PdfFileReader, body: generic.DictionaryObject, name: str, alone: bytes | None = None
    ) -> None:
        super().__init__(reader, body if alone is None else with_contents(body, alone), name)
        if alone is not None:
            self.pkcs7_content = extract_contents(body["/V"])  # what the byte range leaves out

    @property
    def self_reported_timestamp(self) -> datetime | None:
        """The claimed time; None where it is none."""
        try:
            return super().self_reported_timestamp
        except Exception:
            # Whatever the entry makes its reader raise.
            return None


@dataclass(slots=True)
class SignatureFields:
    """The contents of the signature fields."""

    readable: list[EmbeddedPdfSignature] = field(default_factory=list)
    """In the order of their revisions. That one can be read says nothing of whether it holds."""
    others: list[Judged] = field(default_factory=list)
    """Those that cannot be read, or are of an unknown kind: nothing can be said of them but their names."""
    complete: bool = True
    """Whether the whole tree of fields could be walked: otherwise there may be more signatures than these."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: object
    body: generic.DictionaryObject


def signature_fields(reader: PdfFileReader) -> SignatureFields:
    """Find every filled signature field.

    Raises:
        Exception: whatever pyHanko raises, when not even the catalog can be read.
    """
    found = SignatureFields()
    try:
        roots = reader.root["/AcroForm"]["/Fields"]  # a reference is followed by every look-up with brackets
    except KeyError:
        return found
    except Exception:
        # Nothing is known of the form at all; the caller says so.
        found.complete = False
        return found
    for each in _walk(roots, found):
        if each.type == "/Sig" and _value(each.body) is not None:
            _add(reader, each, found)
    found.readable.sort(key=lambda signature: signature.signed_revision)
    return found


def _walk(roots: object, found: SignatureFields) -> Iterator[_Field]:
    """Every field with a name once; what cannot be followed leaves ``found`` incomplete.

    A field listed twice is walked once; one that contains itself is no tree.
    """
    seen: set[object] = set()
    pending: list[tuple[object, str, object, tuple[object, ...]]] = [(roots, "", None, ())]
    while pending:
        kids, path, kind, above = pending.pop()
        if not isinstance(kids, generic.ArrayObject) or len(above) > DEEPEST:
            found.complete = False
            continue
        for entry in kids:
            reference = entry.reference if isinstance(entry, generic.IndirectObject) else id(entry)
            if reference in seen and reference not in above:
                continue
            if reference in seen or len(seen) >= MAX_FIELDS:
                found.complete = False
                continue
            seen.add(reference)
            try:
                body = entry.get_object()
                if not isinstance(body, generic.DictionaryObject):
                    raise TypeError(type(body).__name__)
                if "/T" not in body:
                    continue  # a bare widget of the field above
                name = f"{path}.{body['/T']}" if path else str(body["/T"])
                own = entry_of(body, "/FT", kind)
                below = entry_of(body, "/Kids")
            except Exception:
                # Hostile input raises whatever it likes; what hangs below this entry is not known.
                found.complete = False
                continue
            yield _Field(name, own, body)
            if below is not None:
                pending.append((below, name, own, (*above, reference)))


def entry_of(body: generic.DictionaryObject, key: str, default: object = None) -> object:
    """An entry with its reference followed, which pyHanko's ``get`` does not do."""
    try:
        return body[key]
    except KeyError:
        return default


def _value(body: generic.DictionaryObject) -> generic.PdfObject | None:
    """The field's value as it is written, a reference or not; None where there is none."""
    try:
        value = body.raw_get("/V")
    except KeyError:
        return None
    return None if isinstance(value, generic.NullObject) else value


def _add(reader: PdfFileReader, each: _Field, found: SignatureFields) -> None:
    problem: Problem = "broken"
    try:
        dictionary = each.body["/V"]
        for key in ("/Type", "/SubFilter", "/M", "/Reference"):
            if isinstance(dictionary.get(key), generic.IndirectObject):
                dictionary[pdf_name(key)] = dictionary[key]  # pyHanko expects these in place
        if str(entry_of(dictionary, "/SubFilter")) in _KINDS:
            problem = "unknown_kind" if str(dictionary["/SubFilter"]) == RSA_SHA1 else "broken"
            found.readable += _signers(reader, each, dictionary)
            return
        if "/SubFilter" in dictionary:
            problem = "unknown_kind"
    except Exception:
        # Whatever a broken object raises.
        _stand_in(reader, each.body)
    found.others.append(
        Judged(
            field=each.name,
            is_timestamp=False,
            certificate=None,
            claimed=None,
            stamped=None,
            coverage="partial",
            integrity="unknown",
            trust="unknown",
            modified=False,
            revision=_revision(reader, each.body),
            problem=problem,
        )
    )


def _signers(reader: PdfFileReader, each: _Field, dictionary: generic.DictionaryObject) -> list[EmbeddedPdfSignature]:
    """The signature in a field; each signer's where there are several, which PDF does not provide for (ISO 32000-2, 12.8.3.3.1)."""
    found = one_for_each_signer(dictionary, extract_contents(dictionary))
    if not found:
        return [ReadableSignature(reader, each.body, each.name)]
    names = [each.name, *(f"{each.name} ({number})" for number in range(2, len(found) + 1))]
    return [ReadableSignature(reader, each.body, name, alone) for name, alone in zip(names, found, strict=True)]


def _stand_in(reader: PdfFileReader, body: generic.DictionaryObject) -> None:
    """Give the difference analysis an empty dictionary where it cannot read the object, so that it can judge the rest.

    The file cannot become valid by it: the signature itself is reported as broken.
    """
    value = _value(body)
    if isinstance(value, generic.IndirectObject):
        try:
            value.get_object()
        except Exception:
            empty = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Sig")})
            empty.container_ref = value.reference
            reader.cache_indirect_object(value.generation, value.idnum, empty)


def _revision(reader: PdfFileReader, body: generic.DictionaryObject) -> int:
    value = _value(body)
    try:
        return int(reader.xrefs.get_last_change(value.reference)) if isinstance(value, generic.IndirectObject) else 0
    except KeyError:
        return 0
