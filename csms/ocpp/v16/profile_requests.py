"""What operators ask about charging profiles. Source: OCPP 1.6, 5.5, 5.7 and 5.16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.operations import smart_charging as wanted
from csms.ocpp.profile_requests import clear_of, composite_of, install_of
from csms.ocpp.v16.composite_schedule import encode_ask
from csms.ocpp.v16.smart_charging import encode_clear, encode_install

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.operations import Operation
    from csms.domain.operations.smart_charging import (
        ClearChargingProfile,
        GetCompositeSchedule,
        SetChargingProfile,
    )
    from csms.ocppj.frames import Payload


def encode_set(operation: SetChargingProfile) -> tuple[str, Payload]:
    """Writes a SetChargingProfile. Raises: CannotCarry for what only 2.x has."""
    return encode_install(install_of(operation))


def encode_clearing(operation: ClearChargingProfile) -> tuple[str, Payload]:
    """Writes a ClearChargingProfile. Raises: CannotCarry for a purpose that only 2.x has."""
    return encode_clear(clear_of(operation))


def encode_composite(operation: GetCompositeSchedule) -> tuple[str, Payload]:
    """Writes a GetCompositeSchedule."""
    return encode_ask(composite_of(operation))


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    wanted.SetChargingProfile: encode_set,
    wanted.ClearChargingProfile: encode_clearing,
    wanted.GetCompositeSchedule: encode_composite,
}
