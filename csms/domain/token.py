"""Tokens: what a driver presents, and what the operator has decided about it. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_EMAID: Final = re.compile(r"([a-z]{2}[a-z0-9]{3}[a-z0-9]{9})[a-z0-9]?", re.ASCII)
_CHECK_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAC: Final = re.compile(r"[0-9a-f]{12}", re.ASCII)
_VEHICLE: Final = "vid:"


class TokenStatus(StrEnum):
    """Whether a token may charge, in the words of OCPP 2.0.1; 1.6 has the first five."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class TokenRef:
    """A token as a station presented it. `kind` is the 2.0.1 type; None from a 1.6 station."""

    text: str
    kind: str | None = None

    @property
    def key(self) -> str:
        """The form that tokens are compared in: trimmed, ASCII letters without case.

        Source: OCPP 1.6 CiString20Type; OCPP 2.0.1 part 2, IdTokenType (identifierString).
        """
        return token_key(self.text)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that the operator knows.

    `sites`, `stations` and `evses` say where it may charge, nothing meaning everywhere; an EVSE is
    its number, at any station where the token may charge, or `STATION/number`. `max_transactions`
    None is the operator's default. `additional_info` goes out with the token, as pairs of text and
    type; `contract_certificates` are hash data of contract certificates, snake_case members.
    """

    text: str
    status: TokenStatus = TokenStatus.ACCEPTED
    kind: str | None = None
    expires_at: datetime | None = None
    parent: str | None = None
    group: str | None = None
    vehicle: str | None = None
    vehicle_class: str | None = None
    valid_from: datetime | None = None
    language: str | None = None
    message: str | None = None
    max_transactions: int | None = None
    sites: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    evses: tuple[str, ...] = ()
    additional_info: tuple[tuple[str, str], ...] = ()
    contract_certificates: tuple[Mapping[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The form that tokens are compared in."""
        return token_key(self.text)

    def status_at(self, now: datetime) -> TokenStatus:
        """Returns whether it may charge at an instant. What the operator says outweighs times."""
        if self.status is not TokenStatus.ACCEPTED:
            return self.status
        if self.expires_at is not None and self.expires_at <= now:
            return TokenStatus.EXPIRED
        if self.valid_from is not None and now < self.valid_from:
            return TokenStatus.NOT_AT_THIS_TIME
        return TokenStatus.ACCEPTED

    def evses_at(self, station: str, site: str) -> tuple[int, ...] | None:
        """Returns at which EVSEs of a station it may charge: None is all, empty is none."""
        own, any_station = _evses_named(self.evses, station)
        is_bound = bool(self.sites or self.stations)
        is_here = site in self.sites or station in self.stations
        if own:
            return (*own, *any_station) if is_here or not is_bound else own
        if (is_bound and not is_here) or (self.evses and not is_bound and not any_station):
            return ()
        return any_station or None


@dataclass(frozen=True, slots=True)
class Named:
    """A token as it goes out to a station: with its type, and what goes along with it."""

    text: str
    kind: str = "Central"
    additional_info: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Authorization:
    """The judgement on a presented token.

    `parent` is its 1.6 parent, `group` its 2.0.1 group token, of type `group_kind`. `cached_until`
    is how long a station may remember the judgement. `evses` are those where it holds, if not all.
    """

    status: TokenStatus
    cached_until: datetime | None = None
    parent: str | None = None
    group: str | None = None
    group_kind: str = "Central"
    evses: tuple[int, ...] = ()
    language: str | None = None
    message: str | None = None


def token_key(text: str) -> str:
    """Returns the form in which two tokens are compared."""
    text = text.strip()
    return text.lower() if text.isascii() else text


def other_keys(token: TokenRef) -> Iterator[str]:
    """Yields the keys under which a token may be known that stations write in several ways.

    Contract IDs come with hyphens or without, and with a check digit or without; the address of a
    vehicle with separators or after `VID:`. Source: ISO 15118-2, H.1; DIN SPEC 91286; Autocharge.
    """
    key = token.key
    is_vehicle = key.startswith(_VEHICLE)
    address = re.sub(r"[:.-]", "", key.removeprefix(_VEHICLE))
    if (is_vehicle or token.kind == "MacAddress") and _MAC.fullmatch(address):
        pairs = [address[place : place + 2] for place in range(0, 12, 2)]
        for form in (address, ":".join(pairs), "-".join(pairs)):
            yield form
            yield _VEHICLE + form
    elif is_vehicle:
        yield key.removeprefix(_VEHICLE)
    elif token.kind == "eMAID" and (found := _EMAID.fullmatch(re.sub(r"[-*]", "", key))):
        yield from _contract_keys(found[1])


def _contract_keys(base: str) -> Iterator[str]:
    """Yields a contract ID of 14 characters in all its forms."""
    parts = base[:2], base[2:5], base[5:]
    yield base
    yield "-".join(parts)
    for digit in _CHECK_DIGITS:
        yield base + digit
        yield "-".join((*parts, digit))
        yield "-".join(parts) + digit


def _evses_named(evses: tuple[str, ...], station: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the EVSEs that are named of a station, and those of any."""
    own: list[int] = []
    any_station: list[int] = []
    for each in evses:
        head, _, number = each.rpartition("/")
        if not head:
            any_station.append(int(number))
        elif head == station:
            own.append(int(number))
    return tuple(own), tuple(any_station)
