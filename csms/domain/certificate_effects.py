"""What a station's answers mean for what is known of the certificates on it. PURE."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InstalledCertificate:
    """A certificate on a station, as it names it; `type` in the words of 2.0.1.

    `children` are the certificates below it in a V2G chain.
    Source: OCPP 2.0.1 part 2, CertificateHashDataChainType.
    """

    type: str
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    children: tuple[InstalledCertificate, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What two of them are compared by: letters in either case, no leading zeros."""
        serial = self.serial_number.lower().lstrip("0")
        return (
            self.hash_algorithm,
            self.issuer_name_hash.lower(),
            self.issuer_key_hash.lower(),
            serial,
        )


@dataclass(frozen=True, slots=True)
class CertificatesTold:
    """A station has told which certificates of some types it has; `types` None means all."""

    types: frozenset[str] | None
    certificates: tuple[InstalledCertificate, ...]


@dataclass(frozen=True, slots=True)
class CertificateInstalled:
    """A station has installed a root certificate; `certificate` is PEM."""

    type: str
    certificate: str


@dataclass(frozen=True, slots=True)
class CertificateDeleted:
    """A station has a certificate no longer."""

    certificate: InstalledCertificate


@dataclass(frozen=True, slots=True)
class CertificateTaken:
    """A station took, or refused, the certificate that was signed for it; `chain` is PEM."""

    chain: str
    status: str
    reason: str | None = None


CertificateEffect = CertificatesTold | CertificateInstalled | CertificateDeleted | CertificateTaken
