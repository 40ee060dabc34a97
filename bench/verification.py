"""How long one verdict on a sealed record takes: seventeen signatures with time stamps, archived; replay beside pyHanko.

Both make the whole verdict, without giving up a check: structure, digests, signatures, chains, time stamps, revocation and
the record's rules. ``ours_cold`` is the first verdict of a process, with every certificate and answer read anew.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.records import snapshot_of
from bench.sealed_record import Record, World, open_record, staff
from hocba_app.forms.header_footer import qr_modules
from hocba_app.pki import chain_validation, revocation, tsp_validation
from hocba_app.verification import signature_result
from hocba_app.verification.pyhanko_verifier import examine_file
from hocba_app.verification.replay_verifier import examine_fast

OURS, PYHANKO = 60, 5


def run(as_json: bool = False) -> dict[str, float]:
    """Measure on one core.

    Args:
        as_json: print one line of JSON.

    Returns:
        Medians in milliseconds of processor time (the machine may be busy with other work): ``ours`` (as a process that verifies many has it), ``ours_cold``, ``pyhanko``.
    """
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        records = [_sealed(world, number) for number in range(3)]
        issuers = [{"tax_code": records[0].manifest.school.tax_code}]

        def ours(record: Record) -> None:
            # No record's tokens and code come twice to a process that verifies many.
            tsp_validation.forget()
            qr_modules.cache_clear()
            assert examine_fast("", record.file, [world.root], issuers).verdict == "valid"

        def cold(record: Record) -> None:
            _forget()
            ours(record)

        def pyhanko(record: Record) -> None:
            assert examine_file("", record.file, [world.root], issuers).verdict == "valid"

        numbers = {
            "ours": _median(ours, records, OURS),
            "ours_cold": _median(cold, records, OURS // 3),
            "pyhanko": _median(pyhanko, records, PYHANKO),
        }
        size, signatures = len(records[0].file), len(records[0].manifest.slots)
        world.close()
    if as_json:
        sys.stdout.write(json.dumps(numbers) + "\n")
    else:
        sys.stdout.write(
            f"{signatures} chữ ký + dấu thời gian lưu trữ, {size // 1024} KB: {numbers['ours']} ms "
            f"(lần đầu {numbers['ours_cold']} ms) · pyHanko {numbers['pyhanko']} ms\n"
        )
    return numbers


def _sealed(world: World, number: int) -> Record:
    snapshot = snapshot_of(number)
    record = open_record(world, snapshot, staff(world, snapshot))
    record.sign_all()
    record.archive()
    return record


def _median(judge: Callable[[Record], None], records: list[Record], times: int) -> float:
    judge(records[0])
    taken = []
    for turn in range(times):
        begun = time.process_time()
        judge(records[turn % len(records)])
        taken.append((time.process_time() - begun) * 1000)
    return round(statistics.median(taken), 2)


def _forget() -> None:
    """As if the process had just begun."""
    for module in (chain_validation, signature_result, revocation, tsp_validation):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


if __name__ == "__main__":
    run("--json" in sys.argv)
