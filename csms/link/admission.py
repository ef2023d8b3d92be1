"""Whether a connection may speak for a station, and by which security profile it does.

A station's security profile is a floor: what comes below it is refused, what comes above it is
welcome. Source: OCPP 2.0.1 part 2, A00; OCPP 1.6 security whitepaper, A00. An unknown station, a
wrong password and a profile that is too low are told the same, and take as long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from csms.engine import passwords, security_profiles
from csms.engine.work import Work
from csms.link.credentials import Verdict, Verifier, read_basic
from csms.link.gate import Guesses, prefix_of

if TYPE_CHECKING:
    from websockets.datastructures import Headers

    from csms.domain.station import Station
    from csms.engine.state import StationState
    from csms.link.hub import Hub
    from csms.link.peers import ClientCertificate, Peer
    from csms.link.tls import Tls

_GUESSES_OF_NET = 300
_DURABLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a connection is refused; `station` is the one that it is known to claim to be."""

    why: str
    status: HTTPStatus = HTTPStatus.UNAUTHORIZED
    retry_after_s: int | None = None
    station: StationState | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who has connected; `station` None for one that is to be taken in without a password."""

    station: StationState | None
    security_profile: int


@dataclass(frozen=True, slots=True)
class Applicant:
    """A connection that wants to speak for a station."""

    station_id: str
    peer: Peer
    headers: Headers

    @property
    def has_credentials(self) -> bool:
        """Whether it sends any, usable or not."""
        return "Authorization" in self.headers

    def password(self) -> bytes | str:
        """Returns its password, or why it has none that is usable."""
        headers = self.headers.get_all("Authorization")
        if not headers:
            return "no credentials"
        given = read_basic(headers[0]) if len(headers) == 1 else None
        if given is None:
            return "unusable credentials"
        if given[0] != self.station_id.encode():
            return "the user name is not the station's ID"
        return given[1]


class Admission:
    """Decides for every connection of a node."""

    def __init__(
        self,
        hub: Hub,
        verifier: Verifier,
        *,
        accept_unknown: bool,
        tls: Tls | None = None,
        organization: str | None = None,
    ) -> None:
        now = asyncio.get_running_loop().time
        self._hub, self._verifier = hub, verifier
        self._accept_unknown, self._tls, self._organization = accept_unknown, tls, organization
        self._guesses, self._of_net = Guesses(now), Guesses(now, most=_GUESSES_OF_NET)

    async def judge(self, applicant: Applicant) -> Admitted | Refused:
        """Returns who has connected, or why nobody may.

        Raises: DatabaseUnavailable if that cannot be told at present.
        """
        station = await self._hub.engine.station(applicant.station_id)
        if station is None:
            if self._accept_unknown:
                return Admitted(None, 0)
            return await self._unmasked(applicant, None, "unknown station")
        record, peer = station.record, applicant.peer
        problem = self._problem(station, peer.certificate)
        if peer.is_secure and problem is None:
            return await self._let_in(station, security_profiles.CERTIFICATE, None)
        if record.security_profile >= security_profiles.CERTIFICATE:
            why = f"security profile 3: {problem if peer.is_secure else 'it came without TLS'}"
            return await self._unmasked(applicant, station, why)
        if record.security_profile >= security_profiles.PASSWORD_TLS and not peer.is_secure:
            why = f"security profile {record.security_profile}: it came without TLS"
            return await self._unmasked(applicant, station, why)
        return await self._by_password(applicant, station)

    async def _by_password(self, applicant: Applicant, station: StationState) -> Admitted | Refused:
        record = station.record
        hashes = passwords.candidates(record)
        if record.security_profile == 0 and not (hashes and applicant.has_credentials):
            return await self._let_in(station, 0, None)
        given = applicant.password()
        if isinstance(given, str):
            return Refused(given, station=station)
        right = next((each for each in hashes if self._verifier.knows(each, given)), None)
        if right is None:
            found = await self._guess(applicant, station, hashes, given)
            if isinstance(found, Refused):
                return found
            right = found
        profile = security_profiles.reached(
            is_secure=applicant.peer.is_secure, has_password=True, has_certificate=False
        )
        if right == record.password_hash:
            right = record.password_hash = self._verifier.improved(right, given)
        return await self._let_in(station, profile, right)

    async def _guess(
        self, applicant: Applicant, station: StationState | None, hashes: list[str], given: bytes
    ) -> str | Refused:
        """Has a password verified that is not known to be right; few wrong ones are borne with.

        The right one of a station that has connected before is known, and never comes here.
        """
        places = (
            (self._guesses, (applicant.station_id, applicant.peer.address)),
            (self._of_net, ("", prefix_of(applicant.peer.address))),
        )
        for number, (guesses, place) in enumerate(places):
            if not guesses.take(*place):
                for taken, at in places[:number]:
                    taken.give_back(*at)
                wait_s = guesses.retry_after_s(*place)
                status = HTTPStatus.TOO_MANY_REQUESTS
                return Refused("too many wrong passwords", status, wait_s, station)
        verdict, right = Verdict.WRONG, ""
        candidates: list[str | None] = [*hashes] or [None]
        for each in candidates:
            verdict, right = await self._verifier.verify(each, given), each or ""
            if verdict is not Verdict.WRONG:
                break
        if verdict is Verdict.WRONG:
            return Refused("wrong password" if hashes else "no password is known", station=station)
        for guesses, place in places:
            guesses.give_back(*place)
        if verdict is Verdict.RIGHT:
            return right
        return Refused("too many wait to be verified", HTTPStatus.SERVICE_UNAVAILABLE)

    async def _unmasked(
        self, applicant: Applicant, station: StationState | None, why: str
    ) -> Refused:
        """Refuses one that no password helps; it takes as long as a wrong password does."""
        given = applicant.password()
        if isinstance(given, bytes):
            found = await self._guess(applicant, station, [], given)
            if isinstance(found, Refused) and found.status is not HTTPStatus.UNAUTHORIZED:
                return found
        return Refused(why, station=station)

    def _problem(self, station: StationState, certificate: ClientCertificate | None) -> str | None:
        """Returns why a certificate, whose chain is right, does not prove this station.

        Source: OCPP 2.0.1 part 2, A00.FR.403 to 407.
        """
        if certificate is None:
            return "it has shown no certificate"
        if self._is_revoked(certificate):
            return "its certificate is revoked"
        if self._organization is not None and certificate.organization != self._organization:
            return f"its certificate is not of {self._organization}"
        owner = self._issued_to(certificate)
        if owner is not None:
            return None if owner == station.id else f"its certificate was issued to {owner}"
        if certificate.common_name in _names_of(station.record):
            return None
        return f"its certificate is that of {certificate.common_name or 'nobody'}"

    def _is_revoked(self, certificate: ClientCertificate) -> bool:
        if self._tls is not None and self._tls.is_revoked(certificate):
            return True
        book = self._hub.engine.certificates
        return certificate.serial is not None and book.is_revoked(int(certificate.serial, 16))

    def _issued_to(self, certificate: ClientCertificate) -> str | None:
        if certificate.serial is None:
            return None
        return self._hub.engine.certificates.issued_to(int(certificate.serial, 16))

    async def _let_in(
        self, station: StationState, profile: int, password_hash: str | None
    ) -> Admitted:
        """Records what follows from a station having proved itself like that, before it is in."""
        record = station.record
        if not record.new_passwords and record.next_security_profile is None:
            return Admitted(station, profile)
        async with asyncio.timeout(_DURABLE_S), station.lock:
            work = Work(station, self._hub.clock.now())
            if password_hash is not None:
                passwords.used(work, password_hash)
            security_profiles.connected(work, profile)
            outcome = work.outcome(None)
            done = self._hub.store.submit(outcome.writes)
        await done
        self._hub.settle(station, outcome)
        return Admitted(station, profile)


def _names_of(record: Station) -> set[str]:
    return {record.certificate_common_name or record.id}
