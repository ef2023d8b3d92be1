"""Security profiles: what a connection amounts to, and the least that a station may come with.

0 no proof at all, 1 a password in the clear, 2 a password over TLS, 3 a certificate of its own.
What an operator has set, or a station has reached after it was asked to, is a floor; nothing here
lowers it. Source: OCPP 2.0.1 part 2, A00.FR.001 to 005 and A05; OCPP 1.6 security whitepaper, A05.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.errors import OperationRefused

if TYPE_CHECKING:
    from csms.domain.commands import (
        NetworkProfilesChosen,
        NetworkProfileStored,
        RaiseSecurityProfile,
    )
    from csms.domain.operations.provisioning import SetNetworkProfile
    from csms.engine.engine import Engine
    from csms.engine.work import Work

HIGHEST = 3
CERTIFICATE = 3
PASSWORD_TLS = 2


def reached(*, is_secure: bool, has_password: bool, has_certificate: bool) -> int:
    """Returns the security profile that a connection amounts to."""
    if is_secure and has_certificate:
        return CERTIFICATE
    if not has_password:
        return 0
    return PASSWORD_TLS if is_secure else 1


async def prepare_network_profile(
    engine: Engine, work: Work, operation: SetNetworkProfile
) -> SetNetworkProfile:
    """Returns the operation. Raises: OperationRefused if it would lower the security profile.

    Source: OCPP 2.0.1 part 2, A00.FR.005 and B09.FR.04.
    """
    del engine
    floor = work.station.record.security_profile
    if operation.security_profile < floor:
        raise OperationRefused(
            f"must not be below {floor}, which is the station's own: OCPP lowers no security",
            "security_profile",
        )
    return operation


def asked(work: Work, command: RaiseSecurityProfile) -> None:
    """Takes that a station agreed to a profile; it is the floor once it has connected by it."""
    _expect(work, command.security_profile)


def stored(work: Work, command: NetworkProfileStored) -> None:
    """Remembers which security profile stands in a slot of the station."""
    record = work.station.record
    record.network_profiles = {
        **record.network_profiles,
        str(command.slot): command.security_profile,
    }
    work.save_station()


def chosen(work: Work, command: NetworkProfilesChosen) -> None:
    """Takes the order of the slots: the station will connect by the first one it can."""
    known = work.station.record.network_profiles
    first = known.get(str(command.slots[0]))
    if first is not None:
        _expect(work, first)


def _expect(work: Work, profile: int) -> None:
    record = work.station.record
    if record.security_profile < profile <= HIGHEST:
        record.next_security_profile = profile
        work.save_station()
        work.note("station.security_profile_agreed", security_profile=profile)


def connected(work: Work, profile: int) -> None:
    """Raises the floor if a station has come by the profile that it agreed to.

    Source: OCPP 2.0.1 part 2, A05.FR.07; OCPP 1.6 security whitepaper, A05.FR.09.
    """
    record = work.station.record
    wanted = record.next_security_profile
    if wanted is None or profile < wanted:
        return
    old, record.next_security_profile = record.security_profile, None
    record.security_profile = max(old, wanted)
    work.save_station()
    work.note("station.security_profile_raised", old=old, new=record.security_profile)
