"""Which station a request is for. Source: OCPP-J 1.6, 3.1.1; OCPP 2.0.1 part 4, 3.1.1.

The last segment of the path, whatever stands before it; the query says nothing.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

_LONGEST = 48
_PREFIX = "ocpp"


def station_id_of(path: str) -> str | None:
    """Returns the station's ID, or None if the path holds none that can be one.

    The prefix that we announce is no station when nothing follows it.
    """
    trimmed = path.partition("?")[0].partition("#")[0].strip("/")
    if trimmed == _PREFIX:
        return None
    raw = trimmed.rpartition("/")[2]
    try:
        found = unquote_to_bytes(raw).decode("utf-8").strip("/")
    except UnicodeDecodeError:
        return None
    if "%" in raw and not _is_encoded(raw):
        return None
    is_plain = found.isprintable() and "/" not in found and found not in {"", ".", ".."}
    return found if is_plain and len(found) <= _LONGEST else None


def _is_encoded(raw: str) -> bool:
    """Tells whether each percent sign stands before two hexadecimal digits."""
    return all(
        len(part) >= 2 and all(letter in "0123456789abcdefABCDEF" for letter in part[:2])  # noqa: PLR2004 - two digits
        for part in raw.split("%")[1:]
    )
