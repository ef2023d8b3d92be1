"""Contract certificates that come with a token: is the chain whole, of its time, not revoked.

Source: OCPP 2.0.1 part 2, C07.FR.05 and FR.13 to FR.17; RFC 5280, 6.1, as far as chains of contract
certificates need it: signatures, validity, authorities, up to a root that the operator knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from csms.domain.certificate_facts import CertificateStatus, ContractFindings, OcspQuestion
from csms.engine import pem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.domain.certificate_facts import Contract

_HASH: Final = "SHA256"
_EMAID: Final = re.compile(r"([A-Z]{2})-?([A-Z0-9]{3})-?(C?[A-Z0-9]{8,9})(?:-?[A-Z0-9])?")
_ERROR, _EXPIRED = CertificateStatus.CHAIN_ERROR, CertificateStatus.EXPIRED


class ChainFault(Exception):  # noqa: N818 - says what is the case
    """A chain will not do."""

    def __init__(self, status: CertificateStatus, why: str) -> None:
        super().__init__(why)
        self.findings = ContractFindings(status, why)


@dataclass(frozen=True, slots=True)
class CheckedChain:
    """A chain that holds, and what is to be asked about its revocation."""

    certificates: tuple[x509.Certificate, ...]
    questions: tuple[OcspQuestion, ...]


def check_chain(
    contract: Contract, emaid: str, roots: Sequence[x509.Certificate], now: datetime
) -> CheckedChain:
    """Returns the chain of a contract, its own certificate first, up to one of the roots.

    A certificate for which the station names no responder must name one itself.

    Raises:
        ChainFault: if it is none, not of this time, does not end at a known root, or is for another
            contract than that of the token.
    """
    try:
        given = pem.load_chain(contract.chain or "")
    except ValueError as error:
        raise ChainFault(_ERROR, f"the certificate {error}") from None
    try:
        return _checked(given, contract, emaid, roots, now)
    except pem.UNREADABLE as error:
        raise ChainFault(_ERROR, f"the certificate is a strange one: {error}"[:200]) from None


def _checked(
    given: Sequence[x509.Certificate],
    contract: Contract,
    emaid: str,
    roots: Sequence[x509.Certificate],
    now: datetime,
) -> CheckedChain:
    path = _path(given, roots)
    for each in path:
        if each.not_valid_after_utc < now:
            name = pem.subject_text(each.subject)[:100]
            raise ChainFault(
                _EXPIRED, f"the certificate of {name} ended {each.not_valid_after_utc}"
            )
        if each.not_valid_before_utc > now:
            raise ChainFault(_ERROR, "a certificate of the chain is not valid yet")
    _check_emaid(path[0], emaid)
    questions = _questions(path)
    if _responder_of(path[0]) is None and not contract.hashes:
        raise ChainFault(_ERROR, "the certificate names no OCSP responder to ask")
    return CheckedChain(tuple(path), questions)


def _path(
    given: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """Returns the way from the first certificate to a root, the root last."""
    path = [given[0]]
    known = {pem.fingerprint(each) for each in roots}
    while pem.fingerprint(path[-1]) not in known:
        root = pem.issuer_in(path[-1], roots)
        above = root or pem.issuer_in(path[-1], given[1:])
        if above is None or above in path:
            raise ChainFault(_ERROR, "the chain does not end at a root that is known")
        if not _is_authority(above):
            raise ChainFault(_ERROR, "the chain goes through a certificate of no authority")
        path.append(above)
    if len(path) == 1:
        raise ChainFault(_ERROR, "the certificate is a root, not a contract's")
    return path


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _check_emaid(leaf: x509.Certificate, emaid: str) -> None:
    """Refuses the contract of somebody else; a name that is no eMAID tells nothing."""
    presented = _EMAID.fullmatch(emaid.strip().upper())
    for name in pem.common_names(leaf):
        named = _EMAID.fullmatch(name.strip().upper())
        if named is not None and presented is not None and named.groups() != presented.groups():
            raise ChainFault(_ERROR, f"the certificate is for {name}, not for {emaid}")


def _questions(path: Sequence[x509.Certificate]) -> tuple[OcspQuestion, ...]:
    """Returns what to ask of whom, as far as the certificates name responders."""
    found: list[OcspQuestion] = []
    for certificate, issuer in pairwise(path):
        url = _responder_of(certificate)
        if url is not None:
            found.append(
                OcspQuestion(
                    _HASH,
                    pem.name_hash(issuer.subject, _HASH),
                    pem.key_hash(issuer, _HASH),
                    pem.serial_text(certificate.serial_number),
                    url,
                )
            )
    return tuple(found)


def _responder_of(certificate: x509.Certificate) -> str | None:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        return None
    for each in access.value:
        is_ocsp = each.access_method == AuthorityInformationAccessOID.OCSP
        if is_ocsp and isinstance(each.access_location, x509.UniformResourceIdentifier):
            return each.access_location.value
    return None
