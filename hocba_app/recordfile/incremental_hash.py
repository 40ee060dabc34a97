"""SHA-256 that goes on from a file it has hashed before: every revision is a prefix of the next (core decision 13).

A class of 45 records is signed by a dozen people one after another; hashing each file anew, twice a signature, cost more
than everything else besides the signature itself.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

_KEPT = 16384
"""Hash states kept; each is a few hundred bytes."""


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file known by its length and its hash state: all that appending to it takes, without its bytes."""

    length: int
    state: hashlib._Hash

    def __len__(self) -> int:
        return self.length


class PrefixHashes:
    """States of SHA-256 by the digest of what they have taken in; any thread."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._states: OrderedDict[tuple[int, str], hashlib._Hash] = OrderedDict()

    def known(self, length: int, sha256: str) -> HashedFile | None:
        """The file of this length and SHA-256, when its state is kept."""
        with self._lock:
            state = self._states.get((length, sha256))
            if state is None:
                return None
            self._states.move_to_end((length, sha256))
        return HashedFile(length, state)

    def after(self, file: bytes | HashedFile, sha256: str) -> hashlib._Hash:
        """A state of its own that has taken in ``file``.

        Args:
            file: the bytes; hashed only when no state of them is kept.
            sha256: their SHA-256, hex, as stored beside them. A state that does not fit both is never used.
        """
        if isinstance(file, HashedFile):
            return file.state.copy()
        key = len(file), sha256
        with self._lock:
            state = self._states.get(key)
            if state is not None:
                self._states.move_to_end(key)
        if state is None:
            state = hashlib.sha256(file)
            self.keep(state, len(file))
        return state.copy()

    def keep(self, state: hashlib._Hash, length: int) -> None:
        """Keep a state under what it has taken in."""
        with self._lock:
            self._states[length, state.hexdigest()] = state.copy()
            while len(self._states) > self._kept:
                self._states.popitem(last=False)


prefix_hashes = PrefixHashes()
"""The process's."""
