"""The station's password, its network profiles, and which of them it connects by.

Source: OCPP 2.0.1 part 2, A01, A05, B09 and B10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.commands import (
    ChangeCredentials,
    Command,
    CredentialsRefused,
    NetworkProfilesChosen,
    NetworkProfileStored,
)
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.operations.provisioning import SetNetworkProfile
    from csms.domain.operations.security import RotatePassword
    from csms.ocppj.frames import Payload

_PASSWORD: Final = ("securityctrlr", "basicauthpassword")
_PRIORITY: Final = ("ocppcommctrlr", "networkconfigurationpriority")
_MIN_LENGTH: Final = 16
_MAX_LENGTH: Final = 40
_AGREED: Final = frozenset({"Accepted", "RebootRequired"})


def encode_credentials(command: ChangeCredentials) -> tuple[str, Payload]:
    """Writes a SetVariables with the password.

    Raises: CannotCarry for a password that the version cannot hold.
    """
    if not _MIN_LENGTH <= len(command.password) <= _MAX_LENGTH:
        raise CannotCarry("OCPP 2.0.1 passwords have 16 to 40 characters.")
    return "SetVariables", {
        "setVariableData": [
            {
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
                "attributeValue": command.password,
            }
        ]
    }


def encode_rotation(operation: RotatePassword) -> tuple[str, Payload]:
    """Writes a SetVariables with the new password. Raises: CannotCarry."""
    return encode_credentials(ChangeCredentials(operation.password or ""))


def encode_network_profile(operation: SetNetworkProfile) -> tuple[str, Payload]:
    """Writes a SetNetworkProfile. Source: OCPP 2.0.1 part 2, B09."""
    return "SetNetworkProfile", {
        "configurationSlot": operation.configuration_slot,
        "connectionData": {
            "ocppVersion": operation.ocpp_version,
            "ocppTransport": operation.ocpp_transport,
            "ocppCsmsUrl": operation.csms_url,
            "messageTimeout": operation.message_timeout_s,
            "securityProfile": operation.security_profile,
            "ocppInterface": operation.interface,
        },
    }


def read_rotation(operation: RotatePassword, payloads: Sequence[Payload]) -> Answered:
    """Returns whether the new password was taken, which is said beside its variable."""
    del operation
    results = [each for said in payloads for each in said.get("setVariableResult") or ()]
    said = results[0] if results else {}
    status = str(said.get("attributeStatus") or "Unknown")
    info = said.get("attributeStatusInfo")
    reason = str(info.get("reasonCode")) if isinstance(info, dict) else None
    return Answered(status, reason, is_agreed=status in _AGREED)


def password_in_variables(request: Payload) -> str | None:
    """Returns the new password among what is written, None if there is none."""
    found = [
        entry["attributeValue"] for entry in request["setVariableData"] if _is(entry, _PASSWORD)
    ]
    return found[-1] if found and isinstance(found[-1], str) else None


def refusal_of_variables(
    request: Payload, status: str | None, reason: str | None
) -> CredentialsRefused | None:
    """Reads that a new password was answered with an error."""
    del status, reason
    password = password_in_variables(request)
    return None if password is None else CredentialsRefused(password)


def effect_of_network_profile(request: Payload, response: Payload) -> NetworkProfileStored | None:
    """Reads that a station stored a network profile."""
    if response["status"] != "Accepted":
        return None
    profile = request["connectionData"]["securityProfile"]
    return NetworkProfileStored(int(request["configurationSlot"]), int(profile))


def effect_of_password(request: Payload, response: Payload) -> Command | None:
    """Reads what became of a new password; one that waits for a reboot may be in use any time.

    Raises: KeyError, TypeError or AttributeError where the payloads are not of this action.
    """
    password = password_in_variables(request)
    if password is None:
        return None
    statuses = _statuses(response, _PASSWORD)
    if "Accepted" in statuses:
        return ChangeCredentials(password)
    return CredentialsRefused(password, is_deferred="RebootRequired" in statuses)


def effect_of_priority(request: Payload, response: Payload) -> NetworkProfilesChosen | None:
    """Reads which network profiles a station will connect by. Raises: as above."""
    if not _AGREED & _statuses(response, _PRIORITY):
        return None
    texts = [
        str(entry["attributeValue"])
        for entry in request["setVariableData"]
        if _is(entry, _PRIORITY)
    ]
    slots = [each.strip() for each in (texts[-1] if texts else "").split(",")]
    chosen = tuple(int(each) for each in slots if each.isdecimal() and each.isascii())
    return NetworkProfilesChosen(chosen) if chosen else None


def _statuses(response: Payload, which: tuple[str, str]) -> set[str]:
    return {
        str(result["attributeStatus"])
        for result in response["setVariableResult"]
        if _is(result, which)
    }


def _is(entry: dict[str, Any], which: tuple[str, str]) -> bool:
    """Tells whether an entry is about a variable; the name of its component may lack the r.

    Certification scenarios write both SecurityCtrlr and SecurityCtrl.
    """
    component = str(entry["component"]["name"]).casefold()
    attribute = entry.get("attributeType") or "Actual"
    return (
        component in {which[0], which[0].removesuffix("r")}
        and str(entry["variable"]["name"]).casefold() == which[1]
        and attribute == "Actual"
    )
