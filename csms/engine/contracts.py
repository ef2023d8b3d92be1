"""What a contract certificate that came with a token means for the token.

Source: OCPP 2.0.1 part 2, C07.FR.13 to FR.17. What was found about the certificate comes with the
fact; the token is judged as every other one is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.certificate_facts import CertificateStatus
from csms.domain.token import Authorization, TokenStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.certificate_facts import Contract

_REFUSED: Final[Mapping[CertificateStatus, TokenStatus]] = {
    CertificateStatus.EXPIRED: TokenStatus.EXPIRED,
    CertificateStatus.REVOKED: TokenStatus.INVALID,
    CertificateStatus.CHAIN_ERROR: TokenStatus.INVALID,
}
_CANCELLED: Final = frozenset({"Blocked", "Expired", "Invalid", "Unknown"})


def judged(
    contract: Contract | None, authorization: Authorization
) -> tuple[Authorization, CertificateStatus | None]:
    """Returns the judgement on a token with its contract, and what is said of the certificate.

    The latter is None where no certificate came, or nobody could look at it.
    """
    if contract is None or contract.found is None:
        return authorization, None
    status = contract.found.status
    if status in _REFUSED:
        return Authorization(_REFUSED[status]), status
    if authorization.status.value in _CANCELLED:
        return authorization, CertificateStatus.CONTRACT_CANCELLED
    return authorization, CertificateStatus.ACCEPTED
