"""Asking OCSP responders whether certificates are revoked.

Source: RFC 6960; OCPP 2.0.1 part 2, M06 and C07.FR.05. Who is asked is named by a station, so that
`outside` decides whether it may be. Answers are kept until they end; whether a kept one will do is
up to who asks.
"""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from csms.engine import pem
from csms.link.outside import NotAsked, Question, post_guarded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.domain.certificate_facts import OcspQuestion
    from csms.link.outside import Client, Reach

_KEPT, _MOST_KEPT_BYTES = 2000, 8192
_LONGEST: Final = timedelta(days=7)
_MOST_RESULT: Final = 5500
_SKEW: Final = timedelta(minutes=5)
_HEADERS: Final = {
    "Content-Type": "application/ocsp-request",
    "Accept": "application/ocsp-response",
}
_GOOD, _REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A responder's answer about one certificate: DER, and what it says."""

    der: bytes
    is_good: bool
    is_revoked: bool
    until: datetime | None = None

    @property
    def result(self) -> str:
        """The answer in base64, as OCPP carries it."""
        return base64.b64encode(self.der).decode("ascii")


class Responders:
    """The OCSP responders of the world, and what they have said."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: OrderedDict[OcspQuestion, OcspAnswer] = OrderedDict()

    def kept(self, question: OcspQuestion, now: datetime) -> OcspAnswer | None:
        """Returns an answer that was had before and still holds."""
        known = self._kept.get(question)
        return (
            known if known is not None and known.until is not None and now < known.until else None
        )

    async def ask(
        self,
        question: OcspQuestion,
        now: datetime,
        timeout_s: float,
        reach: Reach,
        known: Sequence[x509.Certificate] = (),
    ) -> OcspAnswer:
        """Returns what a responder says of a certificate now.

        An answer must be signed by the certificate's issuer, or who that has authorized, where the
        issuer is among the certificates that are `known`.

        Raises:
            NotAsked: with a sentence if there is no answer that can be used.
        """
        body = _request(question)
        asked = Question(question.responder_url, body, _HEADERS, timeout_s)
        der = await post_guarded(self._client, asked, reach)
        answer = await asyncio.to_thread(_read, der, question, now, known)
        if answer.until is not None and len(der) <= _MOST_KEPT_BYTES:
            self._kept[question] = answer
            self._kept.move_to_end(question)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer


def _request(question: OcspQuestion) -> bytes:
    """Returns the request in DER. Raises: NotAsked if the hashes are none."""
    try:
        algorithm = pem.HASHES[question.hash_algorithm]()
        built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            bytes.fromhex(question.issuer_name_hash),
            bytes.fromhex(question.issuer_key_hash),
            int(question.serial_number, 16),
            algorithm,
        )
        return built.build().public_bytes(Encoding.DER)
    except (KeyError, ValueError, TypeError, OverflowError):
        name = question.hash_algorithm
        why = f"its hashes and serial number are not hexadecimal, or not as long as {name} makes"
        raise NotAsked(why) from None


def _read(
    der: bytes, question: OcspQuestion, now: datetime, known: Sequence[x509.Certificate]
) -> OcspAnswer:
    """Returns what an answer says. Raises: NotAsked if it is none, or not about this."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise NotAsked(f"the responder says {response.response_status.name}")
        single = _single(response, question)
        _check_time(single, now)
        _check_signature(response, question, known, now)
        until = single.next_update_utc
    except pem.UNREADABLE as error:
        raise NotAsked(f"the responder's answer cannot be read: {error}"[:200]) from None
    kept_until = None if until is None else min(until, now + _LONGEST)
    status = single.certificate_status
    return OcspAnswer(der, status is _GOOD, status is _REVOKED, kept_until)


def _single(response: ocsp.OCSPResponse, question: OcspQuestion) -> ocsp.OCSPSingleResponse:
    serial = int(question.serial_number, 16)
    for each in response.responses:
        if each.serial_number != serial:
            continue
        is_same_hash = each.hash_algorithm.name.upper() == question.hash_algorithm
        if is_same_hash and each.issuer_key_hash != bytes.fromhex(question.issuer_key_hash):
            continue
        return each
    raise NotAsked("the responder's answer is about another certificate")


def _check_time(single: ocsp.OCSPSingleResponse, now: datetime) -> None:
    until = single.next_update_utc
    if single.this_update_utc > now + _SKEW or (until is not None and until < now - _SKEW):
        raise NotAsked("the responder's answer is not of this time")


def _check_signature(
    response: ocsp.OCSPResponse,
    question: OcspQuestion,
    known: Sequence[x509.Certificate],
    now: datetime,
) -> None:
    """Holds an answer's signature against the issuer, if that is known (RFC 6960, 4.2.2.2)."""
    issuer = _issuer_of(question, known)
    if issuer is None:
        return
    delegates = [each for each in response.certificates if _is_delegate(each, issuer, now)]
    for signer in (issuer, *delegates):
        if _is_signed_by(response, signer):
            return
    raise NotAsked("the responder's answer is not signed by the certificate's issuer")


def _issuer_of(
    question: OcspQuestion, known: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    wanted = question.issuer_key_hash.lower()
    for each in known:
        if pem.key_hash(each, question.hash_algorithm) == wanted:
            return each
    return None


def _is_delegate(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    is_current = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    may_sign = ExtendedKeyUsageOID.OCSP_SIGNING in usage
    return is_current and may_sign and pem.issuer_in(certificate, [issuer]) is not None


def _is_signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    signed = (response.signature, response.tbs_response_bytes)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(*signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(*signed, padding.PKCS1v15(), algorithm)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def fits(answer: OcspAnswer) -> bool:
    """Tells whether an answer is short enough for a GetCertificateStatus."""
    return len(answer.result) <= _MOST_RESULT
