"""``hocba dev``: a saved source starts the product's processes again, of a broken one the error is printed, and the next save is waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hocba_app.processes import Child, Family
from hocba_app.reloading import restart_on_change


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "page.py").write_text("one")
    return tmp_path / "src"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    with Family(tmp_path / "logs") as family:
        started = family.start("trust", "hocba_app.simulators.trust", "--data", str(tmp_path / "trust"), keep=True)
        started.ready_line(60)
        yield started


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_saved_source_starts_it_again_and_a_broken_one_is_told_once(
    sources: Path, child: Child, capsys: pytest.CaptureFixture[str]
) -> None:
    stop, looks = threading.Event(), []
    said: list[str] = []

    def told() -> str:
        said.append(capsys.readouterr().err)
        return "".join(said)

    arguments, first = child.arguments, child.process.pid

    def watching() -> None:
        restart_on_change([child], stop, lambda: looks.append(1), [sources])

    # A child lives as long as the thread that started it: the looking is done here, the saving elsewhere.
    def saving() -> None:
        try:
            until(lambda: looks)
            (sources / "page.py").write_text("two")
            until(lambda: child.process.pid != first and child.output.read_bytes())
            second = child.process.pid
            child.arguments = ("hocba_app.simulators.trust", "--nonsense")
            (sources / "page.py").write_text("broken")
            until(lambda: "mã thoát 2" in told())
            assert child.process.pid != second
            child.arguments = arguments
            (sources / "page.py").write_text("mended")
            until(lambda: child.process.poll() is None and child.output.read_bytes())
        finally:
            stop.set()

    helper = threading.Thread(target=saving)
    helper.start()
    watching()
    helper.join()
    assert child.process.poll() is None
    assert told().count("mã thoát 2") == 1 and "page.py" in told()
