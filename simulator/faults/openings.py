"""Faults in opening the connection: odd URLs, subprotocols, headers and passwords.

They hold from the next connection on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group, Span

if TYPE_CHECKING:
    from simulator.faults.doors import Door, Opening

_ALL: Final = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
_OTHER_USER: Final = "charger"


def _no_subprotocol(opening: Opening) -> None:
    opening.subprotocols.clear()
    opening.accepted |= {None}


def _after_comma(opening: Opening) -> None:
    opening.subprotocols = [f",{each}" for each in opening.subprotocols]


def _all_versions(opening: Opening) -> None:
    opening.subprotocols += [each for each in _ALL if each not in opening.subprotocols]


def _in_capitals(opening: Opening) -> None:
    opening.subprotocols = [each.upper() for each in opening.subprotocols]
    opening.accepted |= {None, *opening.subprotocols}


def _no_upgrade(opening: Opening) -> None:
    opening.left_out.add("Connection")


def _trailing_slash(opening: Opening) -> None:
    opening.url += "/"


def _double_slash(opening: Opening) -> None:
    opening.url = f"{opening.base}//{_id(opening)}"


def _percent(opening: Opening) -> None:
    """Encode all but letters and digits, also what needs no encoding."""
    encoded = "".join(
        each if each.isascii() and each.isalnum() else _bytes(each) for each in opening.station
    )
    opening.url = f"{opening.base}/{encoded}"


def _url_within(opening: Opening) -> None:
    parts = urlsplit(opening.base)
    inner = f"{parts.scheme}://{parts.netloc}{parts.path}"
    opening.url = f"{opening.base}/{quote(inner, safe=':/')}/{_id(opening)}"


def _longer_path(opening: Opening) -> None:
    opening.url = f"{opening.base}/CentralSystemService/{_id(opening)}"


def _no_id(opening: Opening) -> None:
    opening.url = f"{opening.base}/"


def _query(opening: Opening) -> None:
    opening.url += "?version=1&vendor=odd"


def _hex_password(opening: Opening) -> None:
    if opening.password is not None:
        opening.password = opening.password.hex().encode()


def _password_bytes(opening: Opening) -> None:
    """Read the password as hexadecimal digits, and send the bytes that they stand for."""
    if opening.password is None:
        return
    try:
        opening.password = bytes.fromhex(opening.password.decode())
    except ValueError:
        opening.password = bytes(each ^ 0x80 for each in opening.password)


def _other_user(opening: Opening) -> None:
    opening.user = _OTHER_USER


def _small_user(opening: Opening) -> None:
    opening.user = opening.user.swapcase()


def _bytes(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _id(opening: Opening) -> str:
    return quote(opening.station, safe="")


def _fault(name: str, summary: str, door: Door, quirk: int) -> Fault:
    return Fault(
        name,
        summary,
        Effects(doors=(door,)),
        group=Group.CONNECTIONS,
        span=Span.STATION,
        quirks=(quirk,),
    )


FAULTS: Final = (
    _fault("no-subprotocol", "asks for no subprotocol at all", _no_subprotocol, 31),
    _fault(
        "subprotocol-after-comma",
        "puts a comma before the subprotocol, as in ,ocpp2.0.1",
        _after_comma,
        31,
    ),
    _fault(
        "all-subprotocols",
        "asks for all versions that there are, and speaks the first",
        _all_versions,
        31,
    ),
    _fault("subprotocol-in-capitals", "asks for OCPP1.6 or OCPP2.0.1", _in_capitals, 31),
    _fault("no-connection-header", "sends no Connection: Upgrade", _no_upgrade, 31),
    _fault("url-with-slash-behind", "puts a slash behind its URL", _trailing_slash, 32),
    _fault("url-with-two-slashes", "puts two slashes before its ID", _double_slash, 32),
    _fault(
        "url-all-percent",
        "writes all characters of its ID with percent signs but letters and digits",
        _percent,
        32,
    ),
    _fault("url-within-path", "puts the whole URL once more into the path", _url_within, 32),
    _fault("url-with-longer-path", "puts a segment of its own before its ID", _longer_path, 32),
    _fault("url-without-id", "leaves its ID out of the URL", _no_id, 32),
    _fault("url-with-query", "puts a query behind its URL", _query, 32),
    _fault("password-as-hex", "sends its password in hexadecimal digits", _hex_password, 33),
    _fault(
        "password-as-bytes",
        "reads its password as hexadecimal digits and sends the bytes, or else sets the high bits",
        _password_bytes,
        33,
    ),
    _fault("other-user-name", "gives a user name that is not its ID", _other_user, 33),
    _fault("user-name-in-other-case", "swaps the case of its user name", _small_user, 33),
)
"""In the order in which they are listed."""
