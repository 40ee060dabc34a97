"""Backups for a recipient's public key (age, https://age-encryption.org): the server that makes them cannot read them.

Everything passes in pieces; neither side of it is ever whole in memory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pyrage
from pyrage import x25519

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.private_files import is_open_to_others, opener

_MAGIC = b"age-encryption.org/"
_PIECE = 1024 * 1024


def recipients_of(text: str) -> list[x25519.Recipient]:
    """Public keys, divided by commas; none for "".

    Raises:
        HocbaError: SETTING_UNKNOWN.
    """
    try:
        return [x25519.Recipient.from_str(part.strip()) for part in text.split(",") if part.strip()]
    except pyrage.RecipientError as error:
        raise HocbaError(
            ErrorCode.SETTING_UNKNOWN,
            variable="HOCBA_BACKUP_RECIPIENT",
            detail="cần khóa công khai dạng age1…, tạo bằng ./hocba backup-key",
        ) from error


def new_key(path: Path) -> str:
    """Write a new identity into a file for this user only; its public key.

    Raises:
        HocbaError: INVALID_INPUT when the file is there.
    """
    identity = x25519.Identity.generate()
    try:
        with open(path, "x", encoding="utf-8", opener=opener) as file:
            file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    except FileExistsError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"tệp {path} đã có") from error
    return str(identity.to_public())


def identities_in(path: Path) -> list[x25519.Identity]:
    """The identities of a key file.

    Raises:
        HocbaError: BACKUP_KEY_WRONG when it holds none, or others can read it.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeError, pyrage.IdentityError) as error:
        raise HocbaError(ErrorCode.BACKUP_KEY_WRONG, detail=f"không đọc được khóa trong {path}") from error
    if not found or is_open_to_others(path):
        raise HocbaError(
            ErrorCode.BACKUP_KEY_WRONG,
            detail=f"{path} cho người khác đọc, hãy chmod 600" if found else f"{path} không có khóa nào",
        )
    return found


def sealed(data: bytes, recipients: Sequence[x25519.Recipient]) -> bytes:
    """One small thing encrypted; as it is without recipients."""
    return pyrage.encrypt(data, list(recipients)) if recipients else data


def opened(data: bytes, identities: Sequence[x25519.Identity]) -> bytes:
    """What :func:`sealed` made, or bytes that were never encrypted.

    Raises:
        HocbaError: BACKUP_KEY_WRONG.
    """
    if not data.startswith(_MAGIC):
        return data
    with _as_hocba_errors():
        return pyrage.decrypt(data, _needed(identities))


@contextmanager
def writing(out: IO[bytes], recipients: Sequence[x25519.Recipient]) -> Iterator[IO[bytes]]:
    """A file to write to; what is written arrives in ``out``, encrypted where there are recipients."""
    if not recipients:
        yield out
        return
    watched = _Watched(out)
    try:
        with _piped(lambda end: pyrage.encrypt_io(end, watched, list(recipients)), writes=True) as end:
            yield end
    except pyrage.EncryptError as error:
        raise watched.failed or error from error


@contextmanager
def reading(source: IO[bytes], identities: Sequence[x25519.Identity]) -> Iterator[IO[bytes]]:
    """A file to read from, what is in ``source``, decrypted where it is encrypted.

    Raises:
        HocbaError: BACKUP_KEY_WRONG; BACKUP_DAMAGED at the end, when what was read is not what was encrypted.
    """
    start = source.read(len(_MAGIC))
    source.seek(0)
    if start != _MAGIC:
        yield source
        return
    keys = _needed(identities)
    with _as_hocba_errors(), _piped(lambda end: pyrage.decrypt_io(source, end, keys), writes=False) as end:
        yield end
        while end.read(_PIECE):  # to its end: the last piece proves that nothing was cut off
            pass


class _Watched:
    """A file whose own failure is kept: the library wraps it in words."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._out.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        self._out.flush()


def _needed(identities: Sequence[x25519.Identity]) -> list[x25519.Identity]:
    if not identities:
        raise HocbaError(ErrorCode.BACKUP_KEY_WRONG, detail="bản sao lưu đã mã hóa, hãy thêm --identity TỆP-KHÓA")
    return list(identities)


@contextmanager
def _as_hocba_errors() -> Iterator[None]:
    try:
        yield
    except pyrage.DecryptError as error:
        if "matching key" in str(error).lower():
            raise HocbaError(
                ErrorCode.BACKUP_KEY_WRONG, detail="khóa này không mở được bản sao lưu, hãy dùng khóa khác"
            ) from error
        raise HocbaError(ErrorCode.BACKUP_DAMAGED) from error
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's
        raise HocbaError(ErrorCode.BACKUP_DAMAGED) from error  # of a stream that was altered or cut off


@contextmanager
def _piped(work: Callable[[IO[bytes]], None], *, writes: bool) -> Iterator[IO[bytes]]:
    """Our end of a pipe whose other end a thread works on. What the thread fails at is the cause, not the broken pipe."""
    read, write = os.pipe()
    ours = open(write, "wb") if writes else open(read, "rb")  # noqa: SIM115 - closed below
    failed: list[BaseException] = []

    def run() -> None:
        with open(read, "rb") if writes else open(write, "wb") as theirs:
            try:
                work(theirs)
            except BaseException as error:
                failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    cause: BaseException | None = None
    try:
        yield ours
    except BaseException as error:
        cause = error
    with suppress(BrokenPipeError):  # the thread says why
        ours.close()
    thread.join()
    for failure in failed:
        if not isinstance(failure, BrokenPipeError):  # our side stopped reading first: its own error is the cause
            raise failure from cause
    if cause is not None:
        raise cause
