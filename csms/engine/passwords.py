"""A station's passwords: the one that holds, and new ones whose fate is not known yet.

A new one opens the connection from the moment it leaves. When the station has accepted it, or has
used it, no other does; when the station has refused it, it no longer does. What is not
answered holds beside the old one until either is used. Source: OCPP 2.0.1 part 2, A01.FR.02 to 04;
OCPP 1.6 security whitepaper, A01.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.commands import ChangeCredentials, CredentialsRefused
    from csms.domain.operations.security import RotatePassword
    from csms.domain.station import Station
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_RANDOM_BYTES = 20
_NO_PASSWORD_FROM = 3


async def prepare(engine: Engine, work: Work, operation: RotatePassword) -> RotatePassword:
    """Returns the rotation with a password: by default a random one, fit for every version.

    Raises: OperationRefused for a station that proves itself by a certificate alone.
    """
    del engine
    profile = work.station.record.security_profile
    if profile >= _NO_PASSWORD_FROM:
        raise OperationRefused(
            f"{work.station.id} has security profile {profile} and connects without a password"
        )
    if operation.password is not None:
        return operation
    return replace(operation, password=secrets.token_hex(_RANDOM_BYTES))


def shown(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what may be kept of a rotation: nothing of the password."""
    return {**arguments, "password": None}


def offered(work: Work, password: str, hashed: str) -> None:
    """Takes that a call with a new password leaves; from now on it opens the connection too."""
    station = work.station
    station.offered[password] = hashed
    station.record.new_passwords = [*station.record.new_passwords, {"hash": hashed}]
    work.save_station()
    work.note("station.password_offered")


def accepted(engine: Engine, work: Work, change: ChangeCredentials) -> None:
    """Takes that a station has a new password: the others open nothing any more."""
    record = work.station.record
    hashed = work.station.offered.pop(change.password, None)
    hashed = hashed or engine.hash_password(change.password)
    record.new_passwords = _after(record, hashed)
    record.password_hash = hashed
    work.save_station()
    work.note("station.credentials_changed")


def refused(work: Work, refusal: CredentialsRefused) -> None:
    """Takes that a station did not take a new password, or not before its next reboot."""
    record = work.station.record
    hashed = work.station.offered.pop(refusal.password, None)
    if hashed is None:
        return
    if refusal.is_deferred:
        record.new_passwords = [
            {**each, "is_deferred": True} if each["hash"] == hashed else each
            for each in record.new_passwords
        ]
    else:
        record.new_passwords = [each for each in record.new_passwords if each["hash"] != hashed]
        work.warn("station.password_refused")
    work.save_station()


def unanswered(work: Work, password: str) -> None:
    """Takes that nobody knows whether a station has a new password: both go on to hold."""
    work.station.offered.pop(password, None)
    work.warn(
        "station.password_unanswered", hint="old and new one both hold until one of them is used"
    )


def candidates(record: Station) -> list[str]:
    """Returns the hashes of the passwords that open the connection, the likeliest first."""
    kept = [] if record.password_hash is None else [record.password_hash]
    return kept + [each["hash"] for each in record.new_passwords]


def used(work: Work, hashed: str) -> bool:
    """Takes that a station has connected with a password; True if that decides which holds."""
    station, record = work.station, work.station.record
    if hashed != record.password_hash:
        record.new_passwords = _after(record, hashed)
        record.password_hash = hashed
        work.note("station.credentials_changed", because="the station has used the new password")
    else:
        under_way = set(station.offered.values())
        left = [
            each
            for each in record.new_passwords
            if each["hash"] in under_way or each.get("is_deferred")
        ]
        if left == record.new_passwords:
            return False
        record.new_passwords = left
        work.note("station.password_dropped", because="the station still uses the old one")
    work.save_station()
    return True


def _after(record: Station, hashed: str) -> list[dict[str, Any]]:
    """Returns the new passwords that left after this one, whose answers are still to come."""
    known = [each["hash"] for each in record.new_passwords]
    return record.new_passwords[known.index(hashed) + 1 :] if hashed in known else []
