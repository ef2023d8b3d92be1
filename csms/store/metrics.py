"""The store's figures for Prometheus, read when somebody asks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from csms.store.postgres import PostgresStore


class StoreMetrics(Collector):
    """Register one with the node's registry."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yields whether the database is behind, what the journal holds, and what was written."""
        writer, journal = self._store.writer, self._store.journal
        oldest_at = journal.oldest_at
        age_s = 0.0 if oldest_at is None else max(0.0, time.time() - oldest_at)
        for name, what, figure in (
            ("csms_database_behind", "1 if the journal is in use", float(writer.is_behind)),
            ("csms_journal_units", "Units that wait for PostgreSQL", journal.units),
            ("csms_journal_bytes", "Size of the journal", journal.size_bytes),
            ("csms_journal_oldest_seconds", "Age of the oldest unit", age_s),
            ("csms_units_waiting", "Units that are not durable yet", writer.depth),
        ):
            yield GaugeMetricFamily(name, what, value=figure)
        yield CounterMetricFamily(
            "csms_units_written", "Units written to PostgreSQL directly", value=writer.units
        )
        yield CounterMetricFamily(
            "csms_units_spilled", "Units written to the journal", value=writer.spilled
        )
