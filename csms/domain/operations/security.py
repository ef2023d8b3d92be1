"""Operations of blocks A and M: passwords and certificates. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len

from csms.domain.operations.base import WHOLE, LongText, Operation

RootType = Literal[
    "CSMSRootCertificate",
    "CentralSystemRootCertificate",
    "MORootCertificate",
    "ManufacturerRootCertificate",
    "V2GRootCertificate",
]
ListedType = Literal[
    "CSMSRootCertificate",
    "CentralSystemRootCertificate",
    "MORootCertificate",
    "ManufacturerRootCertificate",
    "V2GCertificateChain",
    "V2GRootCertificate",
]


@dataclass(frozen=True, slots=True)
class CertificateHash(Operation):
    """What a certificate is named by. Source: OCPP 2.0.1 part 2, CertificateHashDataType."""

    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: Annotated[str, Len(1, 128)]
    issuer_key_hash: Annotated[str, Len(1, 128)]
    serial_number: Annotated[str, Len(1, 40)]


@dataclass(frozen=True, slots=True)
class RotatePassword(Operation):
    """Give a station a new password, by default a random one that nobody is shown.

    Until the station has used one of them, or answered, the old one and the new one both open the
    connection. Source: OCPP 1.6 security whitepaper, A01; OCPP 2.0.1 part 2, A01.
    """

    password: Annotated[str, Len(16, 40)] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RenewCertificate(Operation):
    """Have a station ask for a new certificate, and follow it until it has it.

    `evse` is for stations that have an ISO 15118 controller at each EVSE.
    Source: OCPP 1.6 security whitepaper, A02; OCPP 2.0.1 part 2, A02.
    """

    type: Literal["ChargingStation", "V2G", "Combined"] = "ChargingStation"
    evse: Annotated[int, Ge(1), Le(WHOLE)] | None = None


@dataclass(frozen=True, slots=True)
class CertificateSigned(Operation):
    """Send a station the certificate that it asked for, as PEM with its chain.

    Source: OCPP 1.6 security whitepaper, A02; OCPP 2.0.1 part 2, A02.
    """

    certificate_chain: LongText
    type: Literal["ChargingStationCertificate", "V2GCertificate"] | None = None


@dataclass(frozen=True, slots=True)
class InstallCertificate(Operation):
    """Install a root certificate, as PEM.

    1.6 knows CSMSRootCertificate, which it calls CentralSystemRootCertificate (either name will
    do), and ManufacturerRootCertificate.
    Source: OCPP 2.0.1 part 2, M05; OCPP 1.6 security whitepaper, M05.
    """

    type: RootType
    certificate: LongText


@dataclass(frozen=True, slots=True)
class GetInstalledCertificateIds(Operation):
    """Ask which certificates are installed: of some types, or of all.

    Source: OCPP 2.0.1 part 2, M03; security whitepaper, M03.
    """

    types: Annotated[list[ListedType], Len(1, 5)] | None = None


@dataclass(frozen=True, slots=True)
class DeleteCertificate(Operation):
    """Delete a certificate by what the station named it by. Source: 2.0.1, M04."""

    certificate: CertificateHash
