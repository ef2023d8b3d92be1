"""The station's password. Source: OCPP 2.0.1 part 2, A01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.commands import ChangeCredentials
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload

_COMPONENT: Final = "SecurityCtrlr"
_VARIABLE: Final = "BasicAuthPassword"
_MIN_LENGTH: Final = 16
_MAX_LENGTH: Final = 40


def encode_credentials(command: ChangeCredentials) -> tuple[str, Payload]:
    """Writes a SetVariables with the password.

    Raises: CannotCarry for a password that the version cannot hold.
    """
    if not _MIN_LENGTH <= len(command.password) <= _MAX_LENGTH:
        raise CannotCarry("OCPP 2.0.1 passwords have 16 to 40 characters.")
    return "SetVariables", {
        "setVariableData": [
            {
                "component": {"name": _COMPONENT},
                "variable": {"name": _VARIABLE},
                "attributeValue": command.password,
            }
        ]
    }


def effect_of_variables(request: Payload, response: Payload) -> ChangeCredentials | None:
    """Reads the new password if it is among what the station accepted.

    Raises: KeyError, TypeError or AttributeError where the payloads are not of this action.
    """
    is_accepted = any(
        result.get("attributeStatus") == "Accepted" and _is_password(result)
        for result in response["setVariableResult"]
    )
    if not is_accepted:
        return None
    passwords = [
        entry["attributeValue"] for entry in request["setVariableData"] if _is_password(entry)
    ]
    last = passwords[-1] if passwords else None
    return ChangeCredentials(last) if isinstance(last, str) else None


def _is_password(entry: dict[str, Any]) -> bool:
    component, variable = entry["component"]["name"], entry["variable"]["name"]
    attribute = entry.get("attributeType") or "Actual"
    return (
        str(component).casefold() == _COMPONENT.casefold()
        and str(variable).casefold() == _VARIABLE.casefold()
        and attribute == "Actual"
    )
