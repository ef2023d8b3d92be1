"""The certificates of stations: those issued to them, and those that they say are installed.

All of it is in memory, from records of the store: one document for each certificate that was
issued, one for each station with what is installed on it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from csms.domain.certificate_effects import InstalledCertificate
from csms.domain.certificate_facts import CertificateUse
from csms.engine.pem import serial_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from csms.domain.certificate_effects import CertificatesTold

ISSUED, INSTALLED, ROOTS = "certificates", "installed-certificates", "certificate-roots"
_STORM: Final = timedelta(minutes=10)
_MOST_IN_A_STORM: Final = 20
_KEPT: Final = 50


class IssuedState(StrEnum):
    """How far a certificate of a station has come."""

    ISSUED = "issued"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REVOKED = "revoked"


@dataclass(slots=True, kw_only=True)
class Issued:
    """A certificate of a station. `serial` and `key` are hexadecimal, `chain` is PEM.

    `key` is the SHA-256 of its public key, `reason` why the station rejected it or it was revoked,
    `warned_days` the last of the warnings before its end that was given.
    """

    serial: str
    station_id: str
    use: CertificateUse
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    key: str
    chain: str
    issued_at: datetime
    source: str = "own"
    state: IssuedState = IssuedState.ISSUED
    decided_at: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
    warned_days: int | None = None

    def doc(self) -> dict[str, Any]:
        """Returns it as JSON-able values, for the store."""
        return {**asdict(self), "created_at": self.issued_at}

    @classmethod
    def load(cls, doc: Mapping[str, Any]) -> Issued:
        """Returns the certificate that `doc` described.

        Raises: KeyError, TypeError or ValueError if it described none.
        """
        values = {name: doc[name] for name in cls.__slots__ if name in doc}
        for name in ("not_before", "not_after", "issued_at", "decided_at", "revoked_at"):
            if isinstance(values.get(name), str):
                values[name] = datetime.fromisoformat(values[name])
        values["use"], values["state"] = CertificateUse(doc["use"]), IssuedState(doc["state"])
        return cls(**values)


@dataclass(slots=True)
class Installed:
    """What a station says is installed on it, and when it last said so."""

    certificates: list[InstalledCertificate] = field(default_factory=list)
    told_at: datetime | None = None

    def take(self, told: CertificatesTold, now: datetime) -> None:
        """Takes over a list of some types, or of all."""
        kept = [
            each
            for each in self.certificates
            if told.types is not None and each.type not in told.types
        ]
        self.certificates, self.told_at = [*kept, *told.certificates], now

    def drop(self, certificate: InstalledCertificate) -> None:
        """Forgets a certificate, wherever in a chain it was."""
        self.certificates = [
            InstalledCertificate(
                each.type,
                each.hash_algorithm,
                each.issuer_name_hash,
                each.issuer_key_hash,
                each.serial_number,
                tuple(child for child in each.children if child.key != certificate.key),
            )
            for each in self.certificates
            if each.key != certificate.key
        ]

    def doc(self) -> dict[str, Any]:
        """Returns it as JSON-able values."""
        return {
            "told_at": self.told_at,
            "certificates": [asdict(each) for each in self.certificates],
        }

    @classmethod
    def load(cls, doc: Mapping[str, Any]) -> Installed:
        """Returns what `doc` described. Raises: KeyError, TypeError or ValueError."""
        told_at = doc.get("told_at")
        return cls(
            [_load_installed(each) for each in doc["certificates"]],
            None if told_at is None else datetime.fromisoformat(told_at),
        )


class CertificateBook:
    """All certificates of stations, by serial number and by station.

    `roots` are the known roots of contract and V2G certificates, PEM by fingerprint.
    """

    def __init__(self) -> None:
        self.issued: dict[str, Issued] = {}
        self.installed: dict[str, Installed] = {}
        self.roots: dict[str, dict[str, Any]] = {}
        self._by_station: dict[str, list[Issued]] = {}
        self._asked: dict[str, deque[datetime]] = {}

    def load(
        self,
        issued: Mapping[str, Mapping[str, Any]],
        installed: Mapping[str, Mapping[str, Any]],
        roots: Mapping[str, Mapping[str, Any]],
    ) -> dict[str, str]:
        """Takes over what is stored; returns why some of it cannot be read, by name."""
        unreadable: dict[str, str] = {}
        for name, doc in issued.items():
            try:
                self.put(Issued.load(doc))
            except (KeyError, TypeError, ValueError) as error:
                unreadable[name] = f"{type(error).__name__}: {error}"
        for name, doc in installed.items():
            try:
                self.installed[name] = Installed.load(doc)
            except (KeyError, TypeError, ValueError) as error:
                unreadable[name] = f"{type(error).__name__}: {error}"
        self.roots.update({name: dict(doc) for name, doc in roots.items()})
        return unreadable

    def put(self, issued: Issued) -> list[Issued]:
        """Takes a certificate in; returns those, the oldest of its station, that are forgotten."""
        self.forget(issued.serial)
        self.issued[issued.serial] = issued
        known = self._by_station.setdefault(issued.station_id, [])
        known.append(issued)
        known.sort(key=lambda each: each.issued_at)
        forgotten = known[:-_KEPT]
        for each in forgotten:
            self.forget(each.serial)
        return forgotten

    def forget(self, serial: str) -> None:
        """Drops a certificate."""
        known = self.issued.pop(serial, None)
        if known is not None:
            self._by_station[known.station_id].remove(known)

    def of(self, station_id: str) -> list[Issued]:
        """Returns the certificates of a station, the newest first."""
        return self._by_station.get(station_id, [])[::-1]

    def current(self) -> Iterable[Issued]:
        """Returns the newest certificate in use of each station and use."""
        newest: dict[tuple[str, CertificateUse], Issued] = {}
        for each in self.issued.values():
            if each.state is not IssuedState.ACCEPTED:
                continue
            known = newest.get((each.station_id, each.use))
            if known is None or known.issued_at < each.issued_at:
                newest[each.station_id, each.use] = each
        return newest.values()

    def unanswered(self, station_id: str, key: str) -> Issued | None:
        """Returns the certificate for a key that its station has not answered yet."""
        waiting = (each for each in self.of(station_id) if each.key == key)
        return next((each for each in waiting if each.state is IssuedState.ISSUED), None)

    def is_revoked(self, serial: int) -> bool:
        """Tells whether an operator has revoked the certificate with this serial number."""
        known = self.issued.get(serial_text(serial))
        return known is not None and known.state is IssuedState.REVOKED

    def issued_to(self, serial: int) -> str | None:
        """Returns the station that a certificate was issued to, None if it is none of ours."""
        known = self.issued.get(serial_text(serial))
        return None if known is None else known.station_id

    def is_storm(self, station_id: str, now: datetime) -> bool:
        """Counts a request of a station; True if it asks far too often."""
        asked = self._asked.setdefault(station_id, deque(maxlen=_MOST_IN_A_STORM + 1))
        asked.append(now)
        while asked[0] <= now - _STORM:
            asked.popleft()
        return len(asked) > _MOST_IN_A_STORM


def _load_installed(doc: Mapping[str, Any]) -> InstalledCertificate:
    children = tuple(_load_installed(each) for each in doc.get("children") or ())
    return InstalledCertificate(
        doc["type"],
        doc["hash_algorithm"],
        doc["issuer_name_hash"],
        doc["issuer_key_hash"],
        doc["serial_number"],
        children,
    )
