"""Secrets on the wire: which call gives a station a new password, and frames fit to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from csms.domain.secrets import HIDDEN, redacted, without_secrets
from csms.ocpp import v16, v201
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from csms.ocppj.frames import Payload

__all__ = ["HIDDEN", "password_in", "redacted", "redacted_frame"]

_MARKS: Final = ("password", "authorizationkey", "vpnkey", "simpin", "psk", "presharedkey")
_SECRET_ACTIONS: Final[Mapping[Version, Mapping[str, Callable[[Payload], str | None]]]] = {
    Version.V16: {"ChangeConfiguration": v16.security.password_in_configuration},
    Version.V201: {"SetVariables": v201.security.password_in_variables},
}


def password_in(version: Version, action: str, payload: Payload) -> str | None:
    """Returns the password that a call gives its station for the next connection, None if none."""
    read = _SECRET_ACTIONS[version].get(action)
    try:
        return None if read is None else read(payload)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def redacted_frame(text: str) -> str:
    """Returns a frame as it may be kept: as it is if nothing in it is secret.

    What is no JSON but may hold a secret is left out as a whole.
    """
    folded = text.casefold()
    is_suspect = any(mark in folded for mark in _MARKS)
    may_hold = is_suspect or "vpn" in text or "PRIVATE KEY" in text or "\\" in text
    if not may_hold and not ("://" in text and "@" in text):
        return text
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return HIDDEN if is_suspect else without_secrets(text)
    shown = redacted(frame)
    return text if shown is frame else orjson.dumps(shown).decode()
