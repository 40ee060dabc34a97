"""Structure-aware fuzzing of the verdict: a file that shows other text than the signed one is never intact.

Records of ours and foreign signed files are taken apart by their grammar – updates, objects, dictionaries, tables, trailers, ends –
and put together wrongly, sometimes with every offset mended so that readers take it. Our verdict is compared with what poppler
(``pdftotext``) and MuPDF (``mutool draw``) show. ``python -m tests.fuzz_records --runs 5000`` is the long form; the suite runs a short one.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.sealed_record import Record, World, open_record, staff
from hocba_app.verification.judge_files import judge_files
from hocba_app.verification.report_model import FileReport
from tests.integration.verification.foreign_forms import FORGED, FORMS, object_90, signed
from tests.integration.verification.judging import ISSUERS, small_snapshot

_OBJECT = re.compile(rb"(?m)^(\d+) (\d+) obj\b.*?\bendobj\b[\r\n]*", re.DOTALL)
_OTHER_CONTENT = FORGED
KEYS = (
    b"/Contents 9990 0 R", b"/Annots []", b"/Kids []", b"/Fields []", b"/V null", b"/Length 7", b"/OpenAction [3 0 R]",
    b"/Type /ObjStm", b"/Parent 1 0 R", b"/AP <<>>", b"/Resources <<>>", b"/DSS <<>>", b"/Extends 1 0 R",
)  # fmt: skip
TRAILER_KEYS = (b"/XRefStm 15", b"/Prev 15", b"/Root 3 0 R", b"/Size 3", b"/Encrypt <<>>", b"/Prev 99999999", b"/ID []")
ENDS = (b"%%EOF\n", b"", b"%%EO", b"%EOF\n", b"%%EOF", b"%%EOF\n\n", b"%%EOF\nx\n", b"\n%%EOF\r\n", b"%%EOF\n%%EOF\n")


@dataclass(frozen=True)
class Subject:
    """An honest file and what it may show."""

    name: str
    file: bytes
    page: int
    """Object number of its first page."""
    ends: tuple[int, ...]
    """Where each signed revision ends: a file cut there is still one that was signed."""
    others: tuple[bytes, ...] = ()
    """Files to take parts from."""


Mutation = Callable[[random.Random, Subject, bytes], bytes]


def updates_of(file: bytes) -> list[bytes]:
    """The file cut behind each ``%%EOF``."""
    ends = [found.end() for found in re.finditer(rb"%%EOF[\r\n]*", file)]
    return [file[start:end] for start, end in zip([0, *ends], [*ends, len(file)], strict=False) if end > start]


def order_of_updates(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    parts = updates_of(file)
    at = dice.randrange(len(parts))
    how = dice.choice(("drop", "double", "swap", "append", "other"))
    if how == "drop":
        del parts[at]
    elif how == "double":
        parts.insert(at, parts[at])
    elif how == "swap" and at:
        parts[at - 1], parts[at] = parts[at], parts[at - 1]
    elif how == "append":
        parts.append(parts[at])
    elif subject.others:
        parts[at:] = updates_of(dice.choice(subject.others))[at:]
    return b"".join(parts)


def order_of_objects(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    found = list(_OBJECT.finditer(file))
    if len(found) < 2:
        return file
    one, two = sorted(dice.sample(found, 2), key=lambda each: each.start())
    how = dice.choice(("drop", "double", "swap", "renumber", "generation", "end"))
    first, second = one.group(0), two.group(0)
    if how == "swap":
        return file[: one.start()] + second + file[one.end() : two.start()] + first + file[two.end() :]
    if how == "end":
        return file + first
    changed = {
        "drop": b"",
        "double": second + first,
        "renumber": re.sub(rb"\A\d+", two.group(1), first),
        "generation": re.sub(rb"\A(\d+) \d+", rb"\1 1", first),
    }[how]
    return file[: one.start()] + changed + file[one.end() :]


def entry_of_a_dictionary(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    found = dice.choice(list(_OBJECT.finditer(file)))
    at = found.group(0).find(b"<<")
    if at < 0:
        return file
    at += found.start() + 2
    return file[:at] + dice.choice(KEYS) + b" " + file[at:]


def reference(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    found = dice.choice(list(re.finditer(rb"\b(\d+) 0 R\b", file)))
    number = dice.randrange(1, 60)
    return file[: found.start()] + b"%d 0 R" % number + file[found.end() :]


def trailer(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    found = list(re.finditer(rb"trailer\s*<<|/Type ?/XRef", file))
    if not found:
        return file
    at = dice.choice(found).end()
    return file[:at] + b" " + dice.choice(TRAILER_KEYS) + b" " + file[at:]


def entry_of_a_table(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    found = list(re.finditer(rb"\d{10} \d{5} [nf]", file))
    if not found:
        return file
    spot = dice.choice(found)
    objects = [each.start() for each in _OBJECT.finditer(file)]
    new = dice.choice(
        (b"%010d 00000 n" % dice.choice(objects), b"%010d 00001 n" % dice.choice(objects), b"0000000000 00001 f")
    )
    return file[: spot.start()] + new + file[spot.end() :]


def forged_update(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    """The page with other content, in an update any part of which may be wrong, at the end or between two updates."""
    parts = updates_of(file)
    at = dice.choice([len(parts), len(parts), dice.randrange(1, len(parts) + 1)])
    head, rest = b"".join(parts[:at]), b"".join(parts[at:])
    number, content = subject.page, dice.choice((9990, 4))
    bodies = [each.group(0) for each in _OBJECT.finditer(file) if int(each.group(1)) == number]
    honest = (
        bodies[-1]
        if bodies
        else b"3 0 obj\n<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R>>\nendobj\n"
    )
    generation = dice.choice((0, 0, 0, 1, 2))
    page = re.sub(
        rb"/Contents[^/>]*",
        b"/Contents %d 0 R " % content,
        re.sub(rb"\A\d+ \d+", b"%d %d" % (number, generation), honest),
    )
    shown = b"%d 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
        content,
        len(_OTHER_CONTENT),
        _OTHER_CONTENT,
    )
    first, second = len(head), len(head) + len(page)
    section = second + len(shown)
    tables = [int(found) for found in re.findall(rb"startxref\s+(\d+)", head)] or [0]
    previous = dice.choice((tables[-1], tables[-1], tables[-1], tables[0], section, 0))
    root = (re.findall(rb"/Root (\d+ \d+ R)", head) or [b"1 0 R"])[-1]
    entry = dice.choice((b"%010d %05d n \n", b"%010d %05d n \n", b"%010d %05d n\n", b"%010d %05d n\r\n"))
    table = b"xref\n%d 1\n" % number + entry % (first, generation) + b"%d 1\n" % content + entry % (second, 0)
    extra = dice.choice((b"", b"", b"", b" " + dice.choice(TRAILER_KEYS)))
    last = b"trailer\n<</Root %s /Size 9991 /Prev %d%s>>\nstartxref\n%d\n" % (
        root,
        previous,
        extra,
        dice.choice((section, section, section, 0)),
    )
    update = page + shown + (table + last if dice.random() < 0.9 else b"")
    return head + update + dice.choice(ENDS) + rest


def object_referred_to(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    """An update with one object and nothing that leads to it: something may have led there before."""
    if not (re.search(rb"startxref\s+\d", file) and re.search(rb"/Root \d+ 0 R", file)):
        return file
    number = dice.choice((b"90", b"90", b"4", b"9990"))
    made = object_90(file)
    return file + made.replace(b"90 0 obj", number + b" 0 obj", 1).replace(b"\n90 1\n", b"\n" + number + b" 1\n", 1)


def ends(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    how = dice.randrange(6)
    if how == 0:
        return file[: dice.randrange(len(file) // 2, len(file))]
    if how == 1:
        return file.rstrip()[: -dice.randrange(1, 40)]
    if how == 2:
        return dice.choice((b"\xef\xbb\xbf", b"\n", b"%PDF-1.4\n", b"HTTP/1.1 200 OK\r\n\r\n")) + file
    if how == 3:
        return file + dice.choice((b"\n", b"\0" * 9, b"% end\n", b"x", b"startxref\n0\n%%EOF\n"))
    if how == 4:
        return re.sub(rb"%%EOF[\r\n]*\Z", dice.choice(ENDS), file)
    return file.replace(b"\n", b"\r\n")


def some_bytes(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    at, count = dice.randrange(len(file)), dice.randrange(1, 9)
    new = dice.choice((dice.randbytes(count), b"", file[at : at + count] * 2))
    return file[:at] + new + file[at + count :]


def with_mended_tables(dice: random.Random, subject: Subject, file: bytes) -> bytes:
    """Every offset put right for the objects as they are: readers take such a file without complaint."""
    out, previous = b"", None
    for part in updates_of(file):
        place = part.rfind(b"xref\n", 0, max(part.rfind(b"startxref"), 0))
        if place < 0:
            out += part
            continue
        tail = part[place:]
        for each in _OBJECT.finditer(part):
            entry = rb"(?m)^%s 1\n\d{10}" % each.group(1)
            tail = re.sub(entry, b"%s 1\n%010d" % (each.group(1), len(out) + each.start()), tail)
        tail = re.sub(rb"startxref\s+\d+", b"startxref\n%d" % (len(out) + place), tail)
        if previous is not None:
            tail = re.sub(rb"/Prev \d+", b"/Prev %d" % previous, tail)
        previous = len(out) + place
        out += part[:place] + tail
    return out


MUTATIONS: tuple[Mutation, ...] = (
    forged_update, forged_update, forged_update, object_referred_to, order_of_updates, order_of_objects, entry_of_a_dictionary, reference,
    trailer, entry_of_a_table, ends, some_bytes,
)  # fmt: skip


def mutated(dice: random.Random, subject: Subject) -> tuple[bytes, list[str]]:
    """A hostile file and how it was made."""
    file, told = subject.file, []
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3))):
        mutation = dice.choice(MUTATIONS)
        file = mutation(dice, subject, file)
        told.append(mutation.__name__)
    if dice.random() < 0.2:
        file = with_mended_tables(dice, subject, file)
        told.append("mended")
    return file, told


def shown_by(tool: str, file: bytes) -> str | None:
    """The text a reader shows, without blanks; None where it shows nothing at all."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as given:
        given.write(file)
        given.flush()
        command = {
            "pdftotext": ["pdftotext", "-q", given.name, "-"],
            "mutool": ["mutool", "draw", "-q", "-F", "txt", given.name],
        }[tool]
        try:
            done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        except subprocess.TimeoutExpired:
            return None
    text = "".join(done.stdout.decode("utf-8", "replace").split())
    return text or None


@dataclass
class Outcome:
    """What a run saw."""

    runs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    shown_otherwise: int = 0
    """Files that some reader shows differently; only counted where every file is shown."""
    failures: list[str] = field(default_factory=list)


def subjects(folder: Path) -> tuple[World, list[Subject]]:
    """Finished records of ours, and foreign files signed twice."""
    world = World(folder)
    records = []
    for _ in range(2):
        record = open_record(world, small_snapshot(), staff(world, small_snapshot()))
        record.sign_all()
        record.archive()
        records.append(record)
    made = [_ours(records[0], records[1])]
    for form in (
        "classic",
        "linearised",
        "packed objects",
        "hybrid",
        "one key twice",
        "a reference that leads nowhere",
    ):
        file = signed(world, FORMS[form](), "Mot", "Hai")
        cuts = tuple(found.end() for found in re.finditer(rb"%%EOF[\r\n]*", file))
        made.append(Subject(form, file, 3, cuts))
    return world, made


def _ours(record: Record, other: Record) -> Subject:
    page = next(iter(record.tip.fields.values())).page
    return Subject("ours", record.file, page, tuple(record.after), (other.file,))


def run(
    subject_files: Sequence[Subject],
    world: World,
    runs: int,
    seed: int,
    tools: Sequence[str],
    *,
    show_all: bool = False,
) -> Outcome:
    """Judge ``runs`` files and compare each that is called intact with what readers show.

    Args:
        tools: ``pdftotext``, ``mutool``.
        show_all: let readers show every file, to count how many attacks work somewhere.
    """
    dice, outcome = random.Random(seed), Outcome()
    honest = {
        (subject.name, tool): {shown_by(tool, subject.file[:end]) for end in subject.ends}
        for subject in subject_files
        for tool in tools
    }
    for number in range(runs):
        subject = subject_files[0] if dice.random() < 0.5 else dice.choice(subject_files)
        file, told = mutated(dice, subject)
        if file == subject.file:
            continue
        (report,) = judge_files([(f"{seed}-{number}", file)], roots=[world.root], issuers=ISSUERS)
        outcome.runs += 1
        outcome.verdicts[f"{report.verdict}/{report.integrity}"] += 1
        if report.integrity != "intact" and not show_all:
            continue
        texts = {tool: shown_by(tool, file) for tool in tools}
        other = [tool for tool in tools if texts[tool] is not None and texts[tool] not in honest[subject.name, tool]]
        outcome.shown_otherwise += bool(other)
        if (other and report.integrity == "intact") or _is_wrongly_valid(report, subject, file):
            outcome.failures.append(
                f"{subject.name} seed {seed} run {number}: {', '.join(told)}; {report.verdict}; {other}"
            )
            if show_all:
                Path(f"fuzz-{seed}-{number}.pdf").write_bytes(file)
    return outcome


def _is_wrongly_valid(report: FileReport, subject: Subject, file: bytes) -> bool:
    """No file but the honest one is valid, and its packed streams may not even be packed otherwise here."""
    return report.verdict == "valid" and file not in (subject.file, *subject.others)


def main() -> int:
    """The long form."""
    parser = argparse.ArgumentParser(description="Fuzz the verdict against poppler and MuPDF.")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world, files = subjects(Path(folder))
        outcome = run(files, world, chosen.runs, chosen.seed, ("pdftotext", "mutool"), show_all=True)
        world.close()
    sys.stdout.write(
        f"seed {chosen.seed}: {outcome.runs} files, {outcome.shown_otherwise} shown otherwise by a reader\n"
    )
    sys.stdout.writelines(f"  {count:6d} {verdict}\n" for verdict, count in outcome.verdicts.most_common())
    sys.stdout.writelines(f"FAILED {line}\n" for line in outcome.failures)
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
