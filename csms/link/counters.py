"""What is counted for Prometheus. No label holds a station: there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.engine.work import Note


class Counters:
    """The metrics of one node, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connected = Gauge(
            "csms_stations_connected", "Stations connected now", registry=self.registry
        )
        self.messages = Counter(
            "csms_messages", "Calls received from stations", registry=self.registry
        )
        self.malformed = Counter(
            "csms_messages_refused", "Frames refused or ignored", registry=self.registry
        )
        self.events = Counter(
            "csms_events", "Log events by name", ["event"], registry=self.registry
        )
        self.deviations = Counter(
            "csms_deviations", "Deviations raised", ["kind", "severity"], registry=self.registry
        )

    def count(self, notes: Sequence[Note]) -> None:
        """Counts what a unit told the log."""
        for note in notes:
            self.events.labels(note.event).inc()
            if note.event == "deviation.raised":
                self.deviations.labels(note.fields["kind"], note.fields["severity"]).inc()
