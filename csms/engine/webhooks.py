"""What other systems are told of alerts: which changes, to whom, and in which words.

The shape is that of the Standard Webhooks specification: `type`, `timestamp`, `data`. A message is
made with the unit that changes the alert, and its ID is made of what it tells, so that the same
change is never two messages.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import orjson

from csms.domain.times import format_time, with_z
from csms.engine.views import alert_view
from csms.engine.writes import DeliveryWrite

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from csms.engine.writes import AlertWrite

WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"


@dataclass(frozen=True, slots=True)
class Hook:
    """Somebody who wants to be told. An empty filter lets everything through.

    `sites` are patterns with * and ?. `secret` is the key that messages are signed with; it never
    leaves this process.
    """

    name: str
    url: str
    secret: bytes
    kinds: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    sites: tuple[str, ...] = ()
    changes: frozenset[str] = frozenset()

    def wants(self, alert: AlertWrite, change: str, site: str | None) -> bool:
        """Tells whether a change of an alert is for this one."""
        return (
            (not self.kinds or alert.kind in self.kinds)
            and (not self.severities or alert.severity in self.severities)
            and (not self.changes or change in self.changes)
            and (not self.sites or any(fnmatchcase(site or "", each) for each in self.sites))
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an alert, when and at which site; `by` whoever acknowledged it."""

    alert: AlertWrite
    change: str
    at: datetime
    site: str | None
    by: str | None = None


def deliveries(told: Change, hooks: Iterable[Hook]) -> list[DeliveryWrite]:
    """Returns a message for each hook that wants to know."""
    wanting = [hook for hook in hooks if hook.wants(told.alert, told.change, told.site)]
    if not wanting:
        return []
    body = _body(told)
    return [_delivery(told, hook, body) for hook in wanting]


def _delivery(told: Change, hook: Hook, body: str) -> DeliveryWrite:
    what = "|".join((hook.name, told.alert.alert_id, told.change, format_time(told.at)))
    return DeliveryWrite(
        f"W-{hashlib.sha256(what.encode()).hexdigest()[:20].upper()}",
        hook.name,
        told.alert.alert_id,
        told.at,
        0,
        WAITING,
        0,
        told.at,
        body,
        {"change": told.change},
    )


def _body(told: Change) -> str:
    """Returns the message: the alert as the API shows it, but for the samples in its evidence."""
    shown: dict[str, Any] = with_z(alert_view(told.alert))
    shown["evidence"] = {
        name: value for name, value in shown["evidence"].items() if name != "samples"
    }
    data = {"change": told.change, "site": told.site, **shown}
    if told.by is not None:
        data["acknowledged_by"] = told.by
    message = {"type": f"alert.{told.change}", "timestamp": format_time(told.at), "data": data}
    return orjson.dumps(message, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
