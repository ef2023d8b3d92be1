"""What the statuses of several items come to as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

AGREED: Final = frozenset({"Accepted", "RebootRequired"})


def info_text(info: object) -> str | None:
    """Returns what a statusInfo says, None if nothing. Source: 2.0.1, StatusInfoType."""
    if not isinstance(info, dict):
        return None
    said = [info.get(name) for name in ("reasonCode", "additionalInfo")]
    return ": ".join(each for each in said if isinstance(each, str) and each) or None


def one_status(statuses: Sequence[Any], *, all_must_agree: bool) -> tuple[str, bool]:
    """Returns the status that stands for all, and whether it is an agreement.

    That is the first that is none, if all must agree or none does; else Accepted, or
    RebootRequired if one item needs that. No items at all agree.
    """
    words = [each for each in statuses if isinstance(each, str)]
    refused = [each for each in words if each not in AGREED]
    is_agreed = not refused or (not all_must_agree and len(refused) < len(words))
    if not is_agreed:
        return refused[0], False
    return "RebootRequired" if "RebootRequired" in words else "Accepted", True
