"""What 1.6 says of tokens: idTagInfo in answers and in local lists.

Source: OCPP 1.6 edition 2, 7.2 and 7.27.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.station.local_list import TokenInfo
from simulator.wire import from_text

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload


def token_info(answer: Payload) -> TokenInfo | None:
    """Return what idTagInfo says, None where there is none."""
    info = answer.get("idTagInfo")
    if not isinstance(info, dict):
        return None
    group = info.get("parentIdTag")
    return TokenInfo(
        status=str(info.get("status")),
        group=None if group is None else str(group),
        expires=from_text(info.get("expiryDate")),
    )
