"""What some settings have to be: time zones, ports, networks, formats of IDs."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from csms.domain.session_ids import SessionIdFormat, SessionIdFormatError


def _is_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no time zone; give a name such as Europe/Stockholm"
        ) from None
    return name


def _is_id_format(text: str) -> str:
    try:
        SessionIdFormat.parse(text)
    except SessionIdFormatError as error:
        raise ValueError(str(error)) from None
    return text


def _is_network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no address and no network such as 10.0.0.0/8") from None
    return text


Zone = Annotated[str, AfterValidator(_is_zone)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
IdFormat = Annotated[str, AfterValidator(_is_id_format)]
Network = Annotated[str, AfterValidator(_is_network)]
