"""Tokens on their way to stations: with the type, and what else the operator has stored of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.token import Named

if TYPE_CHECKING:
    from csms.engine.policy import Policy


def named(policy: Policy, text: str, kind: str | None = None) -> Named:
    """Returns a token as it goes out, of the type that it is stored with, else Central."""
    known = policy.token(text)
    if known is None:
        return Named(text, kind or "Central")
    return Named(text, kind or known.kind or "Central", known.additional_info)


def group_of(policy: Policy, token: str, group: str | None = None) -> Named | None:
    """Returns the group that goes out with a token: the one that is given, else its own."""
    known = policy.token(token)
    if group is None and known is not None:
        group = known.group or known.parent
    return None if group is None else named(policy, group)
