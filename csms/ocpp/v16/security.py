"""The station's password. Source: OCPP 1.6 security whitepaper edition 3, 7.2 and A01."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from csms.domain.commands import ChangeCredentials
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload

_KEY: Final = "AuthorizationKey"
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


def effect_of_configuration(request: Payload, response: Payload) -> ChangeCredentials | None:
    """Reads the new password, in hexadecimal as it was sent; None for any other key."""
    del response
    key, text = request["key"], request["value"]
    if not isinstance(text, str) or str(key).casefold() != _KEY.casefold():
        return None
    return ChangeCredentials(text)
