"""The station's password and its security profile.

Source: OCPP 1.6 security whitepaper edition 3, 7.2, 7.6, A01 and A05.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from csms.domain.commands import (
    ChangeCredentials,
    Command,
    CredentialsRefused,
    RaiseSecurityProfile,
)
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from csms.domain.operations.security import RotatePassword
    from csms.ocppj.frames import Payload

_KEY: Final = "AuthorizationKey"
_PROFILE: Final = "SecurityProfile"
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){16,20}")
_MIN_BYTES: Final = 16
_MAX_BYTES: Final = 20


def encode_credentials(command: ChangeCredentials) -> tuple[str, Payload]:
    """Writes a ChangeConfiguration with the password's bytes in hexadecimal.

    A password of 32 to 40 hexadecimal digits, too long for a text, is taken for that form.

    Raises: CannotCarry for a password that the version cannot hold.
    """
    password = command.password
    if not _HEX.fullmatch(password):
        raw = password.encode()
        if not _MIN_BYTES <= len(raw) <= _MAX_BYTES:
            raise CannotCarry("OCPP 1.6 passwords have 16 to 20 bytes.")
        password = raw.hex()
    return "ChangeConfiguration", {"key": _KEY, "value": password}


def encode_rotation(operation: RotatePassword) -> tuple[str, Payload]:
    """Writes a ChangeConfiguration with the new password. Raises: CannotCarry."""
    return encode_credentials(ChangeCredentials(operation.password or ""))


def password_in_configuration(request: Payload) -> str | None:
    """Returns the new password, in hexadecimal as it is sent; None for any other key."""
    text = request["value"]
    is_password = str(request["key"]).casefold() == _KEY.casefold()
    return text if is_password and isinstance(text, str) else None


def effect_of_configuration(request: Payload, response: Payload) -> Command | None:
    """Reads what became of a new password, or of a higher security profile; None for other keys.

    One that waits for a reboot may be in use at any time from now on.
    """
    status = response["status"]
    password = password_in_configuration(request)
    if password is not None:
        if status == "Accepted":
            return ChangeCredentials(password)
        return CredentialsRefused(password, is_deferred=status == "RebootRequired")
    if status not in {"Accepted", "RebootRequired"}:
        return None
    is_profile = str(request["key"]).casefold() == _PROFILE.casefold()
    return RaiseSecurityProfile(int(request["value"])) if is_profile else None


def refusal_of_configuration(
    request: Payload, status: str | None, reason: str | None
) -> CredentialsRefused | None:
    """Reads that a new password was answered with an error."""
    del status, reason
    password = password_in_configuration(request)
    return None if password is None else CredentialsRefused(password)
