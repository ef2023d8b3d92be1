"""What is counted for Prometheus. No label holds a station: there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.core import Metric

    from csms.engine.work import Note


class Counters:
    """The metrics of one node, in a registry of their own.

    `messages` is a plain number that is read when somebody asks: it counts too often for a lock.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connected = Gauge(
            "csms_stations_connected", "Stations connected now", registry=self.registry
        )
        self.deferred = Counter(
            "csms_connections_deferred",
            "Connections told to come back later, since too many came at once",
            registry=self.registry,
        )
        self.messages = 0
        self.registry.register(_Messages(self))
        self.malformed = Counter(
            "csms_messages_refused", "Frames refused or ignored", registry=self.registry
        )
        self.quarantined = Counter(
            "csms_messages_quarantined",
            "Messages put into quarantine, repetitions included",
            ["cause"],
            registry=self.registry,
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


class _Messages(Collector):
    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        """Yields the number of calls received."""
        yield CounterMetricFamily(
            "csms_messages", "Calls received from stations", value=self._counters.messages
        )
