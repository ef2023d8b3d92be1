"""Answers whose status tells all, of both versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.answered import Answered
from csms.ocpp.names import snake_case
from csms.ocpp.statuses import info_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.ocppj.frames import Payload

_AGREED: Final = frozenset(
    {
        "Accepted",
        "AcceptedCanceled",
        "EmptyResultSet",
        "NoProfiles",
        "RebootRequired",
        "Scheduled",
        "Unlocked",
        "Unpublished",
    }
)
_OVER: Final = frozenset({"EmptyResultSet", "NoProfiles"})


def read_plainly(payloads: Sequence[Payload], *, goes_on: bool = False) -> Answered:
    """Returns answers whose status tells all: the first that is no agreement, else the last.

    An answer without a status agrees.
    """
    merged = merge(payloads)
    statuses = [status for each in payloads if (status := answer_status(each)) is not None]
    status = next(
        (each for each in statuses if each not in _AGREED), statuses[-1] if statuses else "Accepted"
    )
    is_agreed = status in _AGREED
    return Answered(
        status,
        status_reason(merged),
        is_agreed=is_agreed,
        goes_on=goes_on and is_agreed and status not in _OVER,
        result=snake_case(merged),
    )


def merge(payloads: Sequence[Payload]) -> Payload:
    """Returns the answers to the parts of one request as the answer to all of it: lists joined."""
    merged: Payload = {}
    for payload in payloads:
        for name, value in payload.items():
            known = merged.get(name)
            merged[name] = (
                [*known, *value] if isinstance(known, list) and isinstance(value, list) else value
            )
    return merged


def answer_status(response: Payload) -> str | None:
    """Returns the status in a station's answer, None if it has none."""
    status = response.get("status")
    return status if isinstance(status, str) else None


def status_reason(response: Payload) -> str | None:
    """Returns why a station answered so, None if it does not say. Source: StatusInfoType."""
    return info_text(response.get("statusInfo"))
