"""CMS signatures of the kinds that other programs put into PDF files: old ones, new ones, unusual ones, all sound."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from bench.sealed_record import World
from hocba_app.simulators.trust.profiles import signer_name
from tests.integration.verification.crafted import SIGNER, Issuer, der, issue, issuing

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
Sign = Callable[[bytes], bytes]
"""From the bytes that a signature covers to its CMS."""


class Hand:
    """Somebody who signs.

    Args:
        key: his; RSA of 2,048 bits without one.
        digest: of the content, by the name `hashlib` has for it.
        is_pss: an RSA key signs by RSASSA-PSS.
        issuer: the world's own authority without one.
        validity: ``begins`` and ``ends`` of his certificate.
    """

    def __init__(
        self,
        world: World,
        key: Key | None = None,
        digest: str = "sha256",
        *,
        is_pss: bool = False,
        issuer: Issuer | None = None,
        **validity: datetime,
    ) -> None:
        self.key = key or rsa.generate_private_key(65537, 2048)
        self.digest, self.is_pss = digest, is_pss
        issuer = issuer or issuing(world)
        made = issue(issuer, signer_name("Người Ngoài", "CCCD:079085999999", "Hà Nội"), self.key, SIGNER, **validity)
        self.chain = (der(made), *issuer.chain)
        self.certificate = x509.Certificate.load(self.chain[0])

    def hashed(self, data: bytes) -> bytes:
        """The digest of his algorithm."""
        engine = hashlib.new(self.digest)
        engine.update(data)
        return engine.digest(64) if self.digest == "shake_256" else engine.digest()  # type: ignore[call-arg]

    def raw(self, message: bytes) -> bytes:
        """The signature value."""
        chosen = None if self.digest == "shake_256" else getattr(hashes, self.digest.upper())()
        if isinstance(self.key, rsa.RSAPrivateKey):
            if self.is_pss:
                return self.key.sign(message, padding.PSS(padding.MGF1(chosen), chosen.digest_size), chosen)
            return self.key.sign(message, padding.PKCS1v15(), chosen)
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(message, ec.ECDSA(chosen))
        return self.key.sign(message)

    def mechanism(self) -> algos.SignedDigestAlgorithm:
        """As a SignerInfo names it."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return algos.SignedDigestAlgorithm({"algorithm": "ed25519"})
        if isinstance(self.key, ed448.Ed448PrivateKey):
            return algos.SignedDigestAlgorithm({"algorithm": "ed448"})
        if self.is_pss:
            mask = {"algorithm": "mgf1", "parameters": {"algorithm": self.digest}}
            rest = {"hash_algorithm": {"algorithm": self.digest}, "mask_gen_algorithm": mask}
            salt = hashlib.new(self.digest).digest_size
            return algos.SignedDigestAlgorithm(
                {"algorithm": "rsassa_pss", "parameters": {**rest, "salt_length": salt, "trailer_field": 1}}
            )
        kind = "rsa" if isinstance(self.key, rsa.RSAPrivateKey) else "ecdsa"
        if kind == "rsa" and self.digest.startswith("sha3"):
            return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})
        return algos.SignedDigestAlgorithm({"algorithm": f"{self.digest}_{kind}"})

    def info(
        self,
        content: bytes,
        *,
        has_attributes: bool = True,
    ) -> cms.SignerInfo:
        """A SignerInfo over a content.

        Args:
            has_attributes: signed ones; old programs sign the content itself.
        """
        digest = algos.DigestAlgorithm({"algorithm": "shake256" if self.digest == "shake_256" else self.digest})
        values: dict[str, object] = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {"issuer_and_serial_number": {"issuer": self.certificate.issuer, "serial_number": self.certificate.serial_number}}
            ),
            "digest_algorithm": digest,
            "signature_algorithm": self.mechanism(),
        }  # fmt: skip
        if has_attributes:
            named = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(self.chain[0]).digest()})
            attributes = cms.CMSAttributes(
                [
                    cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
                    cms.CMSAttribute({"type": "message_digest", "values": [self.hashed(content)]}),
                    cms.CMSAttribute({"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [named]})]}),
                ]
            )  # fmt: skip
            values["signed_attrs"] = attributes
            message = attributes.dump()
        else:
            message = content
        values["signature"] = self.raw(message)
        return cms.SignerInfo(values)


def assembled(infos: Sequence[cms.SignerInfo], chain: Sequence[bytes], content: bytes | None = None) -> bytes:
    """A ContentInfo; without a content it is detached."""
    inside: dict[str, object] = {"content_type": "data"}
    if content is not None:
        inside["content"] = core.OctetString(content)
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": cms.DigestAlgorithms([info["digest_algorithm"] for info in infos]),
            "encap_content_info": inside,
            "certificates": [x509.Certificate.load(item) for item in chain],
            "signer_infos": list(infos),
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()


def detached(hand: Hand, *, has_attributes: bool = True) -> Sign:
    """As most programs sign."""
    return lambda data: assembled([hand.info(data, has_attributes=has_attributes)], hand.chain[:-1])


def sha1_inside(hand: Hand, *, has_attributes: bool = True, of: Callable[[bytes], bytes] = lambda data: data) -> Sign:
    """``adbe.pkcs7.sha1``: the SHA-1 of the file is the content, and is signed.

    Args:
        of: what is hashed instead of the file, by a forger.
    """

    def sign(data: bytes) -> bytes:
        content = hashlib.sha1(of(data)).digest()
        return assembled([hand.info(content, has_attributes=has_attributes)], hand.chain[:-1], content)

    return sign


def stamped(hand: Hand, world: World) -> Sign:
    """With a time stamp of a world's unit over the signature value."""

    def sign(data: bytes) -> bytes:
        info = hand.info(data)
        token = cms.ContentInfo.load(world.token_over(hashlib.sha256(info["signature"].native).digest()))
        held = cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [token]})
        info["unsigned_attrs"] = cms.CMSAttributes([held])
        return assembled([info], hand.chain[:-1])

    return sign


def indefinite(encoded: bytes) -> bytes:
    """The two outermost layers and the content in BER with indefinite lengths, as Java libraries write them."""
    info = cms.ContentInfo.load(encoded)
    oid, inner = info["content_type"].dump(), info["content"].dump()
    body = inner[len(inner) - len(info["content"].contents) :]
    return b"\x30\x80" + oid + b"\xa0\x80" + b"\x30\x80" + body + b"\0\0" + b"\0\0" + b"\0\0"
