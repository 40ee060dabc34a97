"""The line of writers to a SQLite file: one at a time, processes in turns, and nobody who stops stops the others."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from hocba_app.models import Database, School, sqlite_write_lock
from hocba_app.models.sqlite_write_lock import SqliteWriteLock


@pytest.fixture
def turns(tmp_path: Path) -> tuple[SqliteWriteLock, SqliteWriteLock]:
    """Two ends of one line, as two processes have them."""
    return SqliteWriteLock(str(tmp_path / "x.db")), SqliteWriteLock(str(tmp_path / "x.db"))


def is_next(path: Path) -> bool:
    """Whether somebody holds the place of the next."""
    try:
        with FileLock(path, blocking=False):
            return False
    except Timeout:
        return True


def test_who_writes_again_at_once_lets_the_waiting_one_before(
    turns: tuple[SqliteWriteLock, SqliteWriteLock], tmp_path: Path
) -> None:
    mine, other = turns
    order: list[str] = []

    def elsewhere() -> None:
        with other.taken():
            order.append("other")

    with mine.taken():
        order.append("mine")
        waiting = threading.Thread(target=elsewhere)
        waiting.start()
        while not is_next(tmp_path / "x.db-next"):
            time.sleep(0.001)
    with mine.taken():
        order.append("mine again")
    waiting.join()
    assert order == ["mine", "other", "mine again"]


def test_a_turn_within_ones_own_waits_for_nobody_and_ends_with_the_outer_one(
    turns: tuple[SqliteWriteLock, SqliteWriteLock], tmp_path: Path
) -> None:
    with turns[0].taken():
        with turns[0].taken():
            pass
        assert is_next(tmp_path / "x.db-turn"), "still held"
    assert not is_next(tmp_path / "x.db-turn")


def test_whoever_is_killed_in_his_turn_gives_it_back(
    turns: tuple[SqliteWriteLock, SqliteWriteLock], tmp_path: Path
) -> None:
    program = (
        "import sys, time; from hocba_app.models.sqlite_write_lock import SqliteWriteLock\n"
        "with SqliteWriteLock(sys.argv[1]).taken(): print('mine', flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "x.db")], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"mine\n"
    assert is_next(tmp_path / "x.db-turn")
    child.kill()
    child.wait()
    child.stdout.close()
    with turns[0].taken():
        assert is_next(tmp_path / "x.db-turn")


def test_whoever_stops_in_his_turn_is_waited_for_with_patience_only(
    turns: tuple[SqliteWriteLock, SqliteWriteLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite then has the last word: a stopped process that is in no transaction blocks nobody."""
    monkeypatch.setattr(sqlite_write_lock, "LOCK_TIMEOUT_SECONDS", 0.05)
    with turns[0].taken(), turns[1].taken():
        pass


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of what is tested here
def test_a_fork_has_a_line_end_of_its_own(turns: tuple[SqliteWriteLock, SqliteWriteLock]) -> None:
    """The lock of a parent's thread is not held for ever in the child."""
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with turns[0].taken():
            held.set()
            leave.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with turns[0].taken():
            os.write(write, b"!")
        os._exit(0)
    leave.set()
    thread.join()
    assert os.read(read, 1) == b"!" and os.waitpid(child, 0)[1] == 0
    os.close(read), os.close(write)


def test_sixteen_writers_in_two_processes_lose_nothing(tmp_path: Path) -> None:
    from sqlmodel import SQLModel, select

    url = f"sqlite:///{tmp_path}/many.db"
    database = Database(url)
    SQLModel.metadata.create_all(database.engine)
    program = f"from tests.integration.models.test_write_turn import write_schools; write_schools({url!r}, 'b')"
    other = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).resolve().parents[3])
    write_schools(url, "a")
    assert other.wait() == 0
    with database.installation() as session:
        assert len(session.exec(select(School.id)).all()) == 2 * 8 * 10
    database.dispose()


def write_schools(url: str, mark: str) -> None:
    """Eight threads, ten schools each, one a transaction."""
    database, failed = Database(url), list[BaseException]()

    def write(thread: int) -> None:
        try:
            for number in range(10):
                with database.installation(write=True) as session:
                    session.add(School(code=f"{mark}{thread}-{number}", name="", current_year="2025-2026", province=""))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.dispose()
    assert not failed, failed


def test_threads_have_their_turn_in_the_order_they_asked(tmp_path: Path) -> None:
    """Who writes again at once does not overtake who waits: an import beside a click."""
    turn = SqliteWriteLock(str(tmp_path / "a.db"))
    order: list[int] = []

    def ask(number: int) -> None:
        with turn.taken():
            order.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    with turn.taken(), turn.taken():
        for number, thread in enumerate(threads, 1):
            thread.start()
            while len(turn._threads._waiting) < number:
                time.sleep(0.001)
    ask(99)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 99]


def test_a_process_that_ends_takes_nothing_from_one_that_stays(tmp_path: Path) -> None:
    """A second connection once opened and closed the file by hand, which drops the process's POSIX locks: whoever else closed the
    database then believed himself the last, deleted the write-ahead log, and what this process wrote later was in no file at all."""
    path = tmp_path / "x.db"
    staying = Database(f"sqlite:///{path}")
    another = (
        "import sys, sqlite3; found = sqlite3.connect(sys.argv[1]); "
        "print([row[0] for row in found.execute('select n from kept order by n')]); found.close()"
    )

    def elsewhere() -> str:
        done = subprocess.run([sys.executable, "-c", another, str(path)], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with staying.engine.connect() as first:
        first.exec_driver_sql("create table kept (n integer)")
        first.commit()
        with staying.engine.connect() as second:  # the pool opens another one
            second.exec_driver_sql("insert into kept values (1)")
            second.commit()
    assert elsewhere() == "[1]"
    with staying.engine.connect() as later:
        later.exec_driver_sql("insert into kept values (2)")
        later.commit()
    assert elsewhere() == "[1, 2]"
    staying.dispose()
