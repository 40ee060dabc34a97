"""OCSP, CRL, issuer certificates and RFC 3161 time stamps over HTTP, with faults on demand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hocba_app.simulators.trust.authority import Authority, Pair

_HASH = hashes.SHA256()


class Stamper:
    """The time-stamp unit. Everything that does not change between tokens is encoded once."""

    def __init__(self, authority: Authority) -> None:
        self._key = authority.tsa.key
        self._serial = itertools.count(secrets.randbits(60))
        certificate = asn1_x509.Certificate.load(authority.tsa.der)
        self._sid = cms.SignerIdentifier(
            {"issuer_and_serial_number": cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})}
        )
        self._digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        self._signing_certificate = cms.CMSAttribute(
            {
                "type": "signing_certificate_v2",
                "values": [tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(authority.tsa.der).digest()})]})],
            }
        )
        self._certificates = [asn1_x509.Certificate.load(pair.der) for pair in (authority.tsa, authority.ca)]

    def token(self, request: tsp.TimeStampReq) -> cms.ContentInfo:
        """A signed token for a checked request."""
        info = {
            "version": "v1", "policy": "1.3.6.1.4.1.13337.1.2", "message_imprint": request["message_imprint"],
            "serial_number": next(self._serial), "gen_time": datetime.now(UTC), "accuracy": {"seconds": 1},
        }
        if request["nonce"].native is not None:
            info["nonce"] = request["nonce"].native
        content = tsp.TSTInfo(info).dump()
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
                self._signing_certificate,
            ]
        )
        signature = self._key.sign(attributes.dump(), ec.ECDSA(_HASH))
        signed: dict[str, Any] = {
            "version": "v3", "digest_algorithms": [self._digest],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
            "signer_infos": [
                {
                    "version": "v1", "sid": self._sid, "digest_algorithm": self._digest, "signed_attrs": attributes,
                    "signature_algorithm": {"algorithm": "sha256_ecdsa"}, "signature": signature,
                }
            ],
        }
        if request["cert_req"].native:
            signed["certificates"] = self._certificates
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


class TrustService:
    """The HTTP face of one :class:`Authority`."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.stamper = Stamper(authority)
        self.faults: dict[str, Any] = {}

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/tsa", self.timestamp, methods=["POST"]),
                Route("/ocsp", self.ocsp_post, methods=["POST"]),
                Route("/ocsp/{request:path}", self.ocsp_get, methods=["GET"]),
                Route("/{name}.crl", self.crl), Route("/{name}.cer", self.certificate), Route("/root.pem", self.root_pem),
                Route("/_faults", self.set_faults, methods=["POST", "DELETE"]),
                Route("/_revoke", self.revoke, methods=["POST"]),
                Route("/healthz", self.health), Route("/", self.health), Route("/tsa", self.health, methods=["GET"]),
            ]
        )

    async def health(self, _request: Request) -> Response:
        return PlainTextResponse("ok")

    async def root_pem(self, _request: Request) -> Response:
        return Response(self.authority.root.certificate.public_bytes(Encoding.PEM), media_type="application/x-pem-file")

    async def certificate(self, request: Request) -> Response:
        pair = self._pair(request.path_params["name"])
        return Response(pair.der, media_type="application/pkix-cert") if pair else Response(status_code=404)

    async def crl(self, request: Request) -> Response:
        pair = self._pair(request.path_params["name"])
        if pair is None or "crl" in self.faults:
            return Response(status_code=404 if pair is None else 503)
        return Response(self.authority.crl(pair), media_type="application/pkix-crl")

    def _pair(self, name: str) -> Pair | None:
        return {"root": self.authority.root, "ca": self.authority.ca}.get(name)

    async def timestamp(self, request: Request) -> Response:
        if (fault := self.faults.get("tsa")) is not None:
            await asyncio.sleep(float(fault.get("seconds", 0)))
            if fault.get("status"):
                return Response(status_code=int(fault["status"]))
        try:
            query = tsp.TimeStampReq.load(await request.body())
            known = query["message_imprint"]["hash_algorithm"]["algorithm"].native == "sha256"
            sized = len(query["message_imprint"]["hashed_message"].native) == 32
        except ValueError:
            return Response(status_code=400)
        if not (known and sized):
            answer = tsp.TimeStampResp({"status": {"status": "rejection", "fail_info": {"bad_alg"}}})
        else:
            answer = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": self.stamper.token(query)})
        return Response(answer.dump(), media_type="application/timestamp-reply")

    async def ocsp_post(self, request: Request) -> Response:
        return self._ocsp(await request.body())

    async def ocsp_get(self, request: Request) -> Response:
        return self._ocsp(base64.b64decode(request.path_params["request"]))

    def _ocsp(self, body: bytes) -> Response:
        if "ocsp" in self.faults:
            return Response(status_code=503)
        query = ocsp.load_der_ocsp_request(body)
        issuer = self._issuer_of(query)
        if issuer is None:
            answer = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
            return Response(answer.public_bytes(Encoding.DER), media_type="application/ocsp-response")
        revoked = self.authority.revocations().get(str(query.serial_number))
        now = datetime.now(UTC).replace(microsecond=0)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=query.issuer_name_hash, issuer_key_hash=query.issuer_key_hash, serial_number=query.serial_number,
            algorithm=query.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=now - timedelta(minutes=1), next_update=now + timedelta(hours=12),
            revocation_time=datetime.fromisoformat(revoked) if revoked else None, revocation_reason=None,
        )
        # The CA answers through its responder; for the CA's own certificate the root signs the answer itself.
        signer = self.authority.ocsp if issuer is self.authority.ca else self.authority.root
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        if signer is self.authority.ocsp:
            builder = builder.certificates([signer.certificate])
        for extension in query.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return Response(builder.sign(signer.key, _HASH).public_bytes(Encoding.DER), media_type="application/ocsp-response")

    def _issuer_of(self, query: ocsp.OCSPRequest) -> Pair | None:
        for pair in (self.authority.ca, self.authority.root):
            key = x509.SubjectKeyIdentifier.from_public_key(pair.key.public_key()).digest
            # SHA-1 of the key bits is what the subject key identifier holds; other algorithms are told by the name.
            if query.issuer_key_hash == key or query.issuer_name_hash == _digest(query, pair.certificate.subject.public_bytes()):
                return pair
        return None

    async def revoke(self, request: Request) -> Response:
        self.authority.revoke(int((await request.json())["serial_number"]))
        return JSONResponse({"ok": True})

    async def set_faults(self, request: Request) -> Response:
        self.faults = {} if request.method == "DELETE" else {**self.faults, **await request.json()}
        return JSONResponse(self.faults)


def _digest(query: ocsp.OCSPRequest, data: bytes) -> bytes:
    digest = hashes.Hash(query.hash_algorithm)
    digest.update(data)
    return digest.finalize()
