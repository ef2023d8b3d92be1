"""SetChargingProfile and ClearChargingProfile. Source: OCPP 1.6, 5.5, 5.16 and 7.8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from csms.domain.commands import ClearProfiles, InstallProfile
from csms.ocpp.charging_profiles import (
    decode_common,
    decode_schedule,
    encode_common,
    encode_schedule,
    integer_in,
    required_integer_in,
    text_in,
)
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from profiles import ChargingProfile, Purpose

if TYPE_CHECKING:
    from csms.domain.commands import AskProfiles
    from csms.ocppj.frames import Payload

_NAMES: Final = {
    Purpose.STATION_MAX.value: "ChargePointMaxProfile",
    Purpose.TX_DEFAULT.value: "TxDefaultProfile",
    Purpose.TX.value: "TxProfile",
}
_PURPOSES: Final = {name: Purpose(purpose) for purpose, name in _NAMES.items()}


def encode_install(command: InstallProfile) -> tuple[str, Payload]:
    """Writes a SetChargingProfile. Raises: CannotCarry for what only 2.x has."""
    return "SetChargingProfile", {
        "connectorId": command.evse,
        "csChargingProfiles": encode_profile(command.profile),
    }


def encode_clear(command: ClearProfiles) -> tuple[str, Payload]:
    """Writes a ClearChargingProfile. Raises: CannotCarry for a purpose that only 2.x has."""
    return "ClearChargingProfile", present(
        id=command.profile_id,
        connectorId=command.evse,
        chargingProfilePurpose=None if command.purpose is None else _name(command.purpose),
        stackLevel=command.stack_level,
    )


def encode_profile(profile: ChargingProfile) -> Payload:
    """Writes a charging profile. Raises: CannotCarry for what only 2.x has."""
    if profile.other_schedules:
        raise CannotCarry("OCPP 1.6 carries one schedule per charging profile.")
    if any(period.phase_to_use is not None for period in profile.schedule.periods):
        raise CannotCarry("OCPP 1.6 cannot say which phase to use.")
    return {
        "chargingProfileId": profile.id,
        **present(transactionId=_number_or_none(profile.transaction_id)),
        **encode_common(profile, _name(profile.purpose.value)),
        "chargingSchedule": encode_schedule(profile.schedule),
    }


def effect_of_install(request: Payload, response: Payload) -> InstallProfile:
    """Reads which profile a station has agreed to. Raises: KeyError, TypeError, ValueError."""
    del response
    return InstallProfile(
        required_integer_in(request, "connectorId"), decode_profile(request["csChargingProfiles"])
    )


def effect_of_clear(request: Payload, response: Payload) -> ClearProfiles:
    """Reads which profiles a station has cleared. Raises: KeyError, TypeError, ValueError."""
    del response
    purpose = text_in(request, "chargingProfilePurpose")
    return ClearProfiles(
        profile_id=integer_in(request, "id"),
        evse=integer_in(request, "connectorId"),
        purpose=None if purpose is None else _PURPOSES[purpose].value,
        stack_level=integer_in(request, "stackLevel"),
    )


def decode_profile(raw: Payload) -> ChargingProfile:
    """Reads a charging profile that was sent. Raises: KeyError, TypeError, ValueError."""
    transaction = integer_in(raw, "transactionId")
    return ChargingProfile(
        id=required_integer_in(raw, "chargingProfileId"),
        purpose=_PURPOSES[raw["chargingProfilePurpose"]],
        schedule=decode_schedule(raw["chargingSchedule"]),
        transaction_id=None if transaction is None else str(transaction),
        **decode_common(raw),
    )


def transaction_number(transaction_id: str) -> int:
    """Returns a transaction's ID as the wire has it. Raises: CannotCarry if it is no integer."""
    if not (transaction_id.isascii() and transaction_id.isdigit()):
        raise CannotCarry(f"OCPP 1.6 transaction IDs are integers; {transaction_id!r} is none.")
    return int(transaction_id)


def encode_ask(command: AskProfiles) -> NoReturn:
    """Refuses: only the composite schedule can be asked for. Raises: CannotCarry."""
    del command
    raise CannotCarry("An OCPP 1.6 station cannot be asked which charging profiles it has.")


def _name(purpose: str) -> str:
    name = _NAMES.get(purpose)
    if name is None:
        raise CannotCarry(f"OCPP 1.6 has no charging profile purpose {purpose}.")
    return name


def _number_or_none(transaction_id: str | None) -> int | None:
    return None if transaction_id is None else transaction_number(transaction_id)
