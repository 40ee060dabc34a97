"""Archive data after the seal: a DSS update with all evidence, then a document time stamp over everything (PAdES B-LTA).

Core decision 11: after the seal exactly the sequence (DSS, document time stamp) is ours, repeated at each renewal. Both are
written by our own writer, so that verification can replay them.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki.revocation import carried_certificates
from hocba_app.pki.signer_certificate import Evidence
from hocba_app.pki.tsa_client import TimestampClient
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.incremental_hash import prefix_hashes
from hocba_app.recordfile.pdf_reader import ClassicFile, dictionary_entry
from hocba_app.recordfile.pdf_syntax import Update, obj, ref, stream

_REF = re.compile(rb"(\d+) 0 R")
_RANGE_WIDTH = 44
_MARGIN = 1.15
_FIRST_TOKEN = 8192


def archive(
    file: bytes, tip: AppendState, evidence: Sequence[Evidence], authority: TimestampClient
) -> tuple[bytes, AppendState]:
    """Evidence and one document time stamp, as two updates; called again later it renews.

    Args:
        file: the sealed file.
        tip: its end.
        evidence: what was checked about each signer and about the authority.
        authority: where the stamp comes from.

    Returns:
        The bytes to append, and the tip after them.

    Raises:
        HocbaError: TIMESTAMP_UNAVAILABLE, FILE_STRUCTURE.
    """
    reader = ClassicFile(file)
    dss, tip = security_store(file, tip, evidence, authority.certificates, reader=reader)
    stamped, tip = document_timestamp(file + dss, tip, authority, reader=reader)
    return dss + stamped, tip


def security_store(
    file: bytes,
    tip: AppendState,
    evidence: Iterable[Evidence],
    extra: Iterable[bytes] = (),
    *,
    reader: ClassicFile | None = None,
) -> tuple[bytes, AppendState]:
    """The DSS update: every certificate, OCSP response and CRL once, those of an earlier DSS kept by reference.

    Args:
        reader: of ``file``, when it is read already.
    """
    reader = reader or ClassicFile(file)
    root = reader.body(tip.root)
    kept = _kept(reader, root)
    listed = list(evidence)
    # Responders' certificates too: other validators look for the proof that they existed only here (EN 319 142-1, 5.4.2.2).
    responders = [item for entry in listed for answer in entry.ocsps for item in carried_certificates(answer)]
    new = {
        b"/Certs": dict.fromkeys([item for entry in listed for item in entry.chain] + list(extra) + responders),
        b"/OCSPs": dict.fromkeys(item for entry in listed for item in entry.ocsps),
        b"/CRLs": dict.fromkeys(item for entry in listed for item in entry.crls),
    }
    update = Update(tip.length)
    store = tip.size
    following = store + 1
    entries = []
    for key, values in new.items():
        references = list(kept.get(key, []))
        have = {hashlib.sha256(_stream(reader, number)).digest() for number in references}
        for value in values:
            if hashlib.sha256(value).digest() in have:
                continue
            update.add(following, stream(following, b"/Filter /FlateDecode", _packed(value)))
            references.append(following)
            following += 1
        if references:
            entries.append(b"%s [%s]" % (key, b" ".join(ref(number) for number in references)))
    update.add(store, obj(store, b"<</Type /DSS %s>>" % b" ".join(entries)))
    update.add(tip.root, obj(tip.root, _with_entry(root, b"/DSS", ref(store))))
    return _finish(file, tip, update, following)


def document_timestamp(
    file: bytes, tip: AppendState, authority: TimestampClient, *, reader: ClassicFile | None = None
) -> tuple[bytes, AppendState]:
    """The document time stamp update over the whole file so far.

    Args:
        reader: of the file without its last DSS update, when it is read already: that changes no page, form or field.
    """
    reader = reader or ClassicFile(file)
    page = _first_page(reader, tip)
    name = b"archive%d" % (1 + sum(b"archive" in reader.body(number)[:80] for number in _form_fields(reader, tip)))
    field, value = tip.size, tip.size + 1
    reserved = int((authority.largest_token or _FIRST_TOKEN) * _MARGIN) + 64
    update = Update(tip.length)
    head = b"%d 0 obj\n<</Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange " % value
    contents = len(head) + _RANGE_WIDTH + len(b" /Contents <")
    update.add(value, head + b" " * _RANGE_WIDTH + b" /Contents <" + b"0" * (2 * reserved) + b">>>\nendobj\n")
    update.add(
        field,
        obj(
            field,
            b"<</Type /Annot /Subtype /Widget /FT /Sig /T (%s) /F 132 /Rect [0 0 0 0] /P %s /V %s>>"
            % (name, ref(page), ref(value)),
        ),
    )
    form = reader.body(tip.form)
    fields = (dictionary_entry(form, b"/Fields") or b"[]")[1:-1]
    update.add(tip.form, obj(tip.form, _with_entry(form, b"/Fields", b"[%s %s]" % (fields, ref(field)))))
    body = reader.body(page)
    annotations = (dictionary_entry(body, b"/Annots") or b"[]")[1:-1]
    update.add(
        page, obj(page, _with_entry(body, b"/Annots", b"[%s]" % b" ".join(filter(None, (annotations, ref(field))))))
    )
    startxref = update.xref_offset
    finished = bytearray(
        update.finish(
            size=tip.size + 2,
            root=tip.root,
            info=tip.info.encode(),
            file_id=tip.file_id.encode("latin-1"),
            previous=tip.startxref,
        )
    )
    hole, after = tip.length + contents - 1, tip.length + contents + 2 * reserved + 1
    span = b"[0 %d %d %d]" % (hole, after, tip.length + len(finished) - after)
    finished[len(head) : len(head) + _RANGE_WIDTH] = span.ljust(_RANGE_WIDTH)
    digest = prefix_hashes.after(file, tip.sha256)
    digest.update(finished[: contents - 1])
    digest.update(finished[contents + 2 * reserved + 1 :])
    token = authority.token_over(digest.digest())
    if len(token) > reserved:
        raise HocbaError(ErrorCode.CMS_TOO_LARGE)
    finished[contents : contents + 2 * len(token)] = token.hex().encode()
    update_bytes = bytes(finished)
    whole = prefix_hashes.after(file, tip.sha256)
    whole.update(update_bytes)
    return update_bytes, tip.after(update_bytes, whole.hexdigest(), startxref=startxref, size=tip.size + 2)


@lru_cache(maxsize=1024)
def _packed(value: bytes) -> bytes:
    """The certificates and answers about a teacher are the same in every record of his classes."""
    return zlib.compress(value, 9)


def _finish(file: bytes, tip: AppendState, update: Update, size: int) -> tuple[bytes, AppendState]:
    startxref = update.xref_offset
    data = update.finish(
        size=size, root=tip.root, info=tip.info.encode(), file_id=tip.file_id.encode("latin-1"), previous=tip.startxref
    )
    whole = prefix_hashes.after(file, tip.sha256)
    whole.update(data)
    prefix_hashes.keep(whole, len(file) + len(data))
    return data, tip.after(data, whole.hexdigest(), startxref=startxref, size=size)


def _kept(reader: ClassicFile, root: bytes) -> dict[bytes, list[int]]:
    found = dictionary_entry(root, b"/DSS")
    if found is None:
        return {}
    body = reader.body(int(_REF.match(found).group(1)))  # type: ignore[union-attr] # the writer's own syntax
    return {
        key: [int(number) for number in _REF.findall(dictionary_entry(body, key) or b"")]
        for key in (b"/Certs", b"/OCSPs", b"/CRLs")
    }


def _stream(reader: ClassicFile, number: int) -> bytes:
    return zlib.decompress(reader.stream_data(number))


def _form_fields(reader: ClassicFile, tip: AppendState) -> list[int]:
    return [int(number) for number in _REF.findall(dictionary_entry(reader.body(tip.form), b"/Fields") or b"")]


def _first_page(reader: ClassicFile, tip: AppendState) -> int:
    tree = int(_REF.match(dictionary_entry(reader.body(tip.root), b"/Pages") or b"").group(1))  # type: ignore[union-attr] # the writer's own syntax
    return int(_REF.findall(dictionary_entry(reader.body(tree), b"/Kids") or b"")[0])


def _with_entry(body: bytes, key: bytes, value: bytes) -> bytes:
    """The dictionary with one entry replaced in its place, or added at its end."""
    old = dictionary_entry(body, key)
    if old is None:
        return body[:-2].rstrip() + b" " + key + b" " + value + b">>"
    at = body.index(old, body.index(key))
    return body[:at] + value + body[at + len(old) :]
