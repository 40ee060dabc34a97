"""One login to one PKCS#11 token, whatever becomes of the token: pulled out, put back, its PIN refused.

A module is not told about threads (``C_Initialize`` without arguments), and not every one bears two: one call at a time
in a process. It may not be used across a fork either: a child begins afresh. A PIN the token refused is never tried a
second time by the same process, and never at all when one more mistake would lock the token.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pkcs11
from pkcs11.exceptions import (
    FunctionNotSupported,
    MultipleTokensReturned,
    NoSuchToken,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    RandomNoRNG,
    TokenNotPresent,
    TokenNotRecognised,
    UserAlreadyLoggedIn,
    UserPinNotInitialized,
)

from hocba_app.domain.errors import ErrorCode, HocbaError

MAX_WAIT = 20.0
"""Seconds a call waits for another one's end; a driver may hang while its token is pulled out."""
_MODULE_LOCK = threading.Lock()
_ABSENT = (NoSuchToken, TokenNotPresent, TokenNotRecognised)
_PIN_REFUSED = (PinIncorrect, PinInvalid, PinLenRange, PinExpired, UserPinNotInitialized)
_loaded_in: dict[str, int] = {}
"""By module, the process that initialised it."""
_Result = TypeVar("_Result")


class Token:
    """A token found by its label; any thread.

    Args:
        module: path of the vendor's PKCS#11 library.
        label: of the token.
        pin: of the token's user.
    """

    def __init__(self, module: str, label: str, pin: str) -> None:
        self._module, self._label, self.pin = module, label, pin
        self._session: Any = None
        self._process = 0
        self._refused = False

    def use(self, work: Callable[[Any], _Result]) -> _Result:
        """Do ``work`` with a session that is logged in. What fails on a session kept from before is tried once on a new one.

        Args:
            work: may run twice.

        Raises:
            HocbaError: TOKEN_MODULE, TOKEN_ABSENT, TOKEN_PIN_WRONG, TOKEN_PIN_LOCKED, TOKEN_PIN_LAST_TRY, PROVIDER_BUSY,
                PROVIDER_UNREACHABLE when the token fails; whatever ``work`` raises.
        """
        if not _MODULE_LOCK.acquire(timeout=MAX_WAIT):
            raise HocbaError(ErrorCode.PROVIDER_BUSY, seconds=int(MAX_WAIT))
        try:
            if self._session is not None:
                if self._process == os.getpid() and _alive(self._session):
                    with suppress(PKCS11Error, HocbaError):
                        return work(self._session)
                # The token may have been pulled out and put back: its old session finds nothing, or fails.
                self._forget()
            return self._on_a_new_session(work)
        finally:
            _MODULE_LOCK.release()

    def close(self) -> None:
        """Log out and let the module go."""
        with _MODULE_LOCK:
            self._forget()

    def _on_a_new_session(self, work: Callable[[Any], _Result]) -> _Result:
        try:
            self._session, self._process = self._log_in(self._find()), os.getpid()
            return work(self._session)
        except HocbaError:
            if self._session is None:
                self._forget()  # the session of a refused login is open all the same
            raise
        except _ABSENT as error:
            self._forget()
            raise HocbaError(ErrorCode.TOKEN_ABSENT) from error
        except PKCS11Error as error:
            self._forget()
            raise HocbaError(ErrorCode.PROVIDER_UNREACHABLE) from error

    def _find(self) -> Any:
        try:
            return _library(self._module).get_token(token_label=self._label)
        except MultipleTokensReturned as error:
            raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail="token_label") from error

    def _log_in(self, token: Any) -> Any:
        if token.flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
            raise HocbaError(ErrorCode.TOKEN_PIN_LOCKED)
        if self._refused:
            raise HocbaError(ErrorCode.TOKEN_PIN_WRONG)
        if token.flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
            raise HocbaError(ErrorCode.TOKEN_PIN_LAST_TRY)
        try:
            return token.open(user_pin=self.pin)
        except UserAlreadyLoggedIn:
            return token.open()  # the login is the process's, not the session's
        except PinLocked as error:
            raise HocbaError(ErrorCode.TOKEN_PIN_LOCKED) from error
        except _PIN_REFUSED as error:
            self._refused = True
            raise HocbaError(ErrorCode.TOKEN_PIN_WRONG) from error

    def _forget(self) -> None:
        """Begin afresh next time: a module looks for tokens when it is initialised."""
        self._session = None
        if _loaded_in.get(self._module) == os.getpid():
            _finalize(pkcs11.lib(self._module))


def _alive(session: Any) -> bool:
    """Whether the session still is one. Asked first: the library leaves a search open that was begun on a dead one."""
    try:
        session.generate_random(64)
    except (FunctionNotSupported, RandomNoRNG):
        return True
    except PKCS11Error:
        return False
    return True


def _library(module: str) -> Any:
    try:
        if _loaded_in.get(module, os.getpid()) != os.getpid():
            _finalize(pkcs11.lib(module))  # inherited by a fork: unknown to the module in this process
        library = pkcs11.lib(module)
    except PKCS11Error as error:
        raise HocbaError(ErrorCode.TOKEN_MODULE) from error
    _loaded_in[module] = os.getpid()
    return library


def _finalize(library: Any) -> None:
    try:
        library.finalize()
    except PKCS11Error:
        return  # it holds itself for ended, which is all that is wanted
