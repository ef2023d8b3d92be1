"""What is counted for Prometheus. No label holds a station: there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.core import Metric

    from csms.engine.work import Note
    from csms.link.webhooks import Webhooks


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
        self.tls_refused = Counter(
            "csms_tls_refused", "TLS handshakes that failed", registry=self.registry
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
        self.remedies = Counter(
            "csms_remedies",
            "Remedies that were tried, by what came of them",
            ["step", "outcome"],
            registry=self.registry,
        )

    def count(self, notes: Sequence[Note]) -> None:
        """Counts what a unit told the log."""
        for note in notes:
            self.events.labels(note.event).inc()
            if note.event == "deviation.raised":
                self.deviations.labels(note.fields["kind"], note.fields["severity"]).inc()
            elif note.event == "remedy.answered":
                self.remedies.labels(note.fields["remedy"], note.fields["outcome"]).inc()

    def count_alerts(self, webhooks: Webhooks) -> None:
        """Has the alerts and webhooks of the node among the metrics."""
        self.registry.register(_Alerts(webhooks))


class _Messages(Collector):
    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        """Yields the number of calls received."""
        yield CounterMetricFamily(
            "csms_messages", "Calls received from stations", value=self._counters.messages
        )


class _Alerts(Collector):
    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def collect(self) -> Iterator[Metric]:
        """Yields the alerts raised and open, and what became of messages to webhooks."""
        announcer, by_kind = self._webhooks.announcer, ["kind", "severity"]
        raised = CounterMetricFamily("csms_alerts", "Alerts raised", labels=by_kind)
        for labels, count in announcer.raised.items():
            raised.add_metric(labels, count)
        open_now = GaugeMetricFamily("csms_alerts_open", "Alerts open now", labels=by_kind)
        for labels, count in announcer.open_by_kind.items():
            open_now.add_metric(labels, count)
        sent = CounterMetricFamily(
            "csms_webhook_deliveries",
            "Messages to webhooks by what came of a try",
            labels=["hook", "result"],
        )
        for labels, count in self._webhooks.results.items():
            sent.add_metric(labels, count)
        waiting = GaugeMetricFamily(
            "csms_webhook_waiting", "Messages that wait for their webhook", labels=["hook"]
        )
        for hook, count in self._webhooks.waiting.items():
            waiting.add_metric([hook], count)
        yield from (raised, open_now, sent, waiting)
