"""Sees every unit on its way to the store: what it changes about alerts is counted and told of.

What is to be told becomes durable in the same unit; it leaves once that is so.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from csms.engine import webhooks
from csms.engine.writes import AlertWrite, DeliveryWrite

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Iterable, Sequence

    from csms.engine.webhooks import Hook
    from csms.engine.writes import Write


class Announcer:
    """The companion of a node's store. `open` are ID, kind and severity of the open alerts.

    `site_of` gives the site of a station, `send` takes what is durable and may leave.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        site_of: Callable[[str], str | None],
        send: Callable[[Sequence[DeliveryWrite]], None],
    ) -> None:
        self.hooks: Sequence[Hook] = ()
        self.raised: Counter[tuple[str, str]] = Counter()
        self._now, self._site_of, self._send = now, site_of, send
        self._open: dict[str, tuple[str, str]] = {}

    def restore(self, alerts: Iterable[tuple[str, str, str]]) -> None:
        """Takes over the alerts that were open before a restart."""
        for alert_id, kind, severity in alerts:
            self._open.setdefault(alert_id, (kind, severity))

    @property
    def open_by_kind(self) -> Counter[tuple[str, str]]:
        """How many alerts are open, by kind and severity."""
        return Counter(self._open.values())

    def of(self, unit: Sequence[Write]) -> Sequence[DeliveryWrite]:
        """Returns the messages that go with a unit, most often none."""
        added: list[DeliveryWrite] = []
        for write in unit:
            if type(write) is AlertWrite:
                self._count(write)
                if write.change is not None and self.hooks:
                    added += self._messages(write, write.change)
        return added

    def follow(self, added: Sequence[Write], durable: Future[None]) -> None:
        """Has the messages sent once they are durable."""
        messages = [write for write in added if isinstance(write, DeliveryWrite)]
        durable.add_done_callback(lambda done: self._settled(messages, done))

    def acknowledged(self, alert: AlertWrite, at: datetime, by: str | None) -> list[DeliveryWrite]:
        """Returns the messages that tell who has seen an alert."""
        told = webhooks.Change(alert, "acknowledged", at, self._site_of(alert.station_id), by)
        return webhooks.deliveries(told, self.hooks)

    def _settled(self, messages: Sequence[DeliveryWrite], durable: Future[None]) -> None:
        if not durable.cancelled() and durable.exception() is None:
            self._send(messages)

    def _count(self, write: AlertWrite) -> None:
        if write.change == "raised":
            self.raised[write.kind, write.severity] += 1
        if write.state == "open":
            self._open[write.alert_id] = (write.kind, write.severity)
        else:
            self._open.pop(write.alert_id, None)

    def _messages(self, write: AlertWrite, change: str) -> list[DeliveryWrite]:
        told = webhooks.Change(write, change, self._at(write), self._site_of(write.station_id))
        return webhooks.deliveries(told, self.hooks)

    def _at(self, write: AlertWrite) -> datetime:
        """Returns when the change was, as its record says, so that it has one ID for ever."""
        history = write.doc.get("history")
        return datetime.fromisoformat(history[-1]["at"]) if history else self._now()
