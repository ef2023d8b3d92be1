"""What no log, record or answer may hold: passwords, private keys, credentials within addresses.

They are found by the form of what holds them, in wire payloads and in operations alike, so that a
vendor's own settings and reports of stations are covered as well. PURE. Source: OCPP 2.0.1 part 2,
A01.FR.09; OCPP 1.6 security whitepaper, A01.FR.09.
"""

from __future__ import annotations

import re
from typing import Any, Final

HIDDEN: Final = "***"

_NAMES: Final = frozenset({"authorizationkey", "vpnkey", "simpin", "presharedkey", "psk"})
_VALUES: Final = frozenset({"value", "attributevalue", "actualvalue", "variableattribute"})
_HOLDERS: Final = ("key", "variable", "name")
_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,15}://)[^/?#\s]{1,2048}@")
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def redacted(payload: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns JSON with what is secret in it replaced by asterisks.

    The very same object is returned where nothing is.
    """
    if isinstance(payload, dict):
        return _redacted_object(payload)
    if isinstance(payload, list):
        parts = [redacted(each) for each in payload]
        is_same = all(new is old for new, old in zip(parts, payload, strict=True))
        return payload if is_same else parts
    return without_secrets(payload) if isinstance(payload, str) else payload


def holds_secret(payload: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tells whether anything in it may not be kept."""
    return redacted(payload) is not payload


def without_secrets(text: str) -> str:
    """Returns a text without private keys, and without credentials in the addresses in it."""
    if "://" in text and "@" in text:
        text = _ADDRESS.sub(rf"\g<1>{HIDDEN}@", text)
    if "PRIVATE KEY-----" in text:
        text = _PRIVATE_KEY.sub(HIDDEN, text)
    return text


def is_secret_name(name: object) -> bool:
    """Tells whether a setting or a member of that name holds a secret."""
    return isinstance(name, str) and ("password" in (folded := _folded(name)) or folded in _NAMES)


def _redacted_object(payload: dict[str, Any]) -> dict[str, Any]:
    is_secret = any(_names_secret(payload.get(holder)) for holder in _HOLDERS)
    shown = {
        name: _shown(name, value, hides=is_secret and _folded(name) in _VALUES)
        for name, value in payload.items()
    }
    vpn = shown.get("vpn")
    if isinstance(vpn, dict) and isinstance(vpn.get("key"), str) and vpn["key"] != HIDDEN:
        shown["vpn"] = {**vpn, "key": HIDDEN}
    is_same = all(shown[name] is value for name, value in payload.items())
    return payload if is_same else shown


def _shown(name: str, value: Any, *, hides: bool) -> Any:  # noqa: ANN401 - any JSON
    is_hidden = hides or is_secret_name(name)
    if is_hidden and value not in (None, HIDDEN) and not isinstance(value, bool):
        return _hidden(value)
    return redacted(value)


def _hidden(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns a value of the same form without what it says; objects keep all but their values."""
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    if isinstance(value, dict):
        return {
            name: HIDDEN if _folded(name) in _VALUES else redacted(each)
            for name, each in value.items()
        }
    return HIDDEN


def _names_secret(holder: object) -> bool:
    """Tells whether a setting's name, or a variable with such a name, stands there."""
    return is_secret_name(holder.get("name") if isinstance(holder, dict) else holder)


def _folded(name: object) -> str:
    return str(name).replace("_", "").casefold()
