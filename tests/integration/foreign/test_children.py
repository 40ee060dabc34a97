"""Children with limits, over a real fork server: what hostile files may make of a decoder stays in its child."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign import decoding
from hocba_app.foreign.admission import ADMISSION, Abandoned, holding
from hocba_app.foreign.decoding import LimitExceeded, Limits, decode, decode_one
from tests.integration.foreign import decoders

SMALL = Limits(seconds=2, memory=200 << 20, output=3 << 20)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/status").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def gone(pid: int) -> bool:
    until = time.monotonic() + 30
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


def test_answers_come_one_by_one_with_their_bytes() -> None:
    large = io.BytesIO(b"abc" + bytes(5 << 20))
    assert list(decode(decoders.lengths, [b"", b"xyzw", large], times=2)) == [
        (0, b""),
        (8, b"xyz"),
        (2 * (3 + (5 << 20)), b"abc"),
    ]


def test_a_decoders_refusal_is_the_callers() -> None:
    with pytest.raises(HocbaError) as refused:
        decode_one(decoders.refuse, [])
    assert refused.value.code is ErrorCode.FILE_TYPE and "ảnh PNG" in refused.value.sentence


def test_a_child_knows_no_secret_writes_no_file_and_gives_way(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOCBA_SECRET_KEY", "x")
    decoding.close()  # the next server begins with this environment
    found, _ = decode_one(decoders.surroundings, [])
    assert not any(name.startswith("HOCBA") for name in found["names"])
    assert found["nice"] >= 10 and not found["wrote"] and found["descriptors"] < 12
    assert "noise" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "decoder",
    [
        decoders.hungry,
        decoders.endless,
        decoders.talkative,
        decoders.dying,
        decoders.lying,
        decoders.defective,
    ],
)
def test_whatever_a_file_does_costs_only_its_own_answer(decoder: decoding.Decoder) -> None:
    with pytest.raises(LimitExceeded) as refused:
        list(decode(decoder, [b"x"], limits=SMALL))
    assert refused.value.code is ErrorCode.FILE_TOO_COMPLEX
    assert decode_one(decoders.lengths, [b"abc"], times=1) == (3, b"abc"), "the next file is none the worse"
    assert ADMISSION.counts() == (0, 0, 0)


def test_a_file_larger_than_the_memory_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        decode_one(decoders.lengths, [bytes(300 << 20)], limits=SMALL, times=1)


def test_work_of_who_left_ends_with_its_child() -> None:
    ticket = ADMISSION.enter("address:192.0.2.1")
    ADMISSION.line_up(ticket).result(30)
    pids: list[int] = []
    ended: list[type[BaseException]] = []
    begun = threading.Event()

    def work() -> None:
        try:
            with holding(ticket):
                for pid, _ in decode(decoders.endless, [], limits=Limits(seconds=300)):
                    pids.append(pid)
                    begun.set()
        except BaseException as error:
            ended.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(60)
    ADMISSION.drop(ticket)
    thread.join(60)
    ADMISSION.leave(ticket)
    assert ended == [Abandoned] and gone(pids[0])


def test_a_caller_that_stops_reading_ends_the_child() -> None:
    answers = decode(decoders.endless, [], limits=Limits(seconds=300))
    pid, _ = next(answers)
    assert alive(pid)
    answers.close()
    assert gone(pid) and ADMISSION.counts() == (0, 0, 0)


def test_children_end_with_the_process_that_asked() -> None:
    script = (
        "import os, time\nfrom hocba_app.foreign.decoding import Limits, decode\nfrom tests.integration.foreign import decoders\n"
        "answers = decode(decoders.endless, [], limits=Limits(seconds=300))\nprint(next(answers)[0], flush=True)\ntime.sleep(300)\n"
    )
    asker = subprocess.Popen([decoding.sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert asker.stdout is not None
    pid = int(asker.stdout.readline())
    asker.kill()
    asker.wait()
    asker.stdout.close()
    assert gone(pid)


def test_a_fork_server_that_died_is_started_again() -> None:
    decode_one(decoders.lengths, [b"a"], times=1)
    process = decoding._children._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(2):  # the first may have been sent into the void
        try:
            assert decode_one(decoders.lengths, [b"ab"], times=1)[0] == 2
        except LimitExceeded:
            continue
    assert decode_one(decoders.lengths, [b"ab"], times=1)[0] == 2


def test_every_file_has_a_process_of_its_own() -> None:
    seen = set()
    for _ in range(3):
        answers = decode(decoders.endless, [])
        seen.add(next(answers)[0])
        answers.close()
    assert len(seen) == 3
