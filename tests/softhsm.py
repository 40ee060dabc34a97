"""A token in software (SoftHSM2): what is in it is put there as a vendor's program would."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

LABEL, PIN = "Truong Kim Dong", "246813"
MODULE = next(
    (str(path) for pattern in ("softhsm", "*/softhsm") for path in Path("/usr/lib").glob(f"{pattern}/libsofthsm2.so")),
    "",
)
needs_softhsm = pytest.mark.skipif(
    not MODULE or shutil.which("softhsm2-util") is None, reason="SoftHSM2 is not installed"
)


@dataclass
class SoftToken:
    """One token, plugged in."""

    folder: Path
    module: str = MODULE
    label: str = LABEL
    pin: str = PIN

    def put(
        self,
        key: rsa.RSAPrivateKey | None,
        chain: tuple[bytes, ...] | list[bytes],
        *,
        label: str,
        key_id: bytes = b"\x01",
        again: bool = False,
    ) -> None:
        """Write a key with its certificate and what else of the chain is given.

        Args:
            key: None writes the certificates alone.
            again: the key's password is asked for at each signature.
        """
        session = self._written()
        if key is not None:
            der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
            kept = {
                Attribute.TOKEN: True,
                Attribute.ID: key_id,
                Attribute.LABEL: label,
                Attribute.SIGN: True,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.ALWAYS_AUTHENTICATE: again,
            }
            session.create_object(decode_rsa_private_key(der) | kept)
        for number, certificate in enumerate(chain):
            named = {
                Attribute.TOKEN: True,
                Attribute.LABEL: "CA" if number else label,
                Attribute.ID: b"" if number else key_id,
            }
            session.create_object(decode_x509_certificate(certificate) | named)
        release(self.module)

    def remove(self, kind: ObjectClass) -> None:
        """Delete every object of a kind."""
        session = self._written()
        for found in list(session.get_objects({Attribute.CLASS: kind})):
            found.destroy()
        release(self.module)

    def _written(self) -> Any:
        release(
            self.module
        )  # whoever is logged in elsewhere in this process finds himself logged out, as from a token pulled out
        return pkcs11.lib(self.module).get_token(token_label=self.label).open(rw=True, user_pin=self.pin)

    def pull_out(self) -> None:
        """Take the token away; :meth:`plug_in` brings it back."""
        (self.folder / "tokens").rename(self.folder / "drawer")
        (self.folder / "tokens").mkdir()

    def plug_in(self) -> None:
        """Bring it back."""
        (self.folder / "tokens").rmdir()
        (self.folder / "drawer").rename(self.folder / "tokens")


def release(module: str) -> None:
    """The next to load the module finds it as it is on the disk now."""
    try:
        pkcs11.lib(module).finalize()
    except PKCS11Error:
        return


@contextmanager
def soft_token(folder: Path) -> Iterator[SoftToken]:
    """An empty token in ``folder`` while inside; the module reads its folder from the environment."""
    (folder / "tokens").mkdir(parents=True)
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "864209"],
        check=True,
        capture_output=True,
        timeout=180,
    )
    try:
        yield SoftToken(folder)
    finally:
        release(MODULE)
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before
