"""METER_ANOMALY by signatures: what a meter has signed, and what contradicts it, is told of.

The check is made when a session is over, so that its alert is raised and cleared at once: it is
for those who bill the session. A begin or an end that was never signed is no alert; the verdict
says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.anomalies import Anomaly
from csms.engine import meter_clock, metering, signed_values
from csms.engine.signed_values import INCONSISTENT, INVALID
from csms.monitor.deviations import end_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from csms.engine.state import LiveSession
    from csms.engine.work import Work

CHECK: Final = "signed_values"
FLAG: Final = "signed_values_doubtful"


def look(work: Work, live: LiveSession) -> None:
    """Has a session that is over verified, and tells of a verdict that is new."""
    found = signed_values.settle(work, live)
    if found is None:
        return
    is_doubtful = _is_doubtful(found)
    say = work.warn if is_doubtful else work.note
    say("session.signed_values", live, state=found["state"], why=found["why"])
    live.session.flags.discard(FLAG)
    if is_doubtful:
        live.session.flags.add(FLAG)
        details = {"state": found["state"], "why": found["why"]}
        work.keep_anomalies([Anomaly(f"signed_values.{found['state']}", details)], live.session.id)
        _alert(work, live, found)


def _is_doubtful(found: Mapping[str, Any]) -> bool:
    if found["state"] == INCONSISTENT:
        return found["begin"] is not None and found["end"] is not None
    return bool(found["state"] == INVALID)


def _alert(work: Work, live: LiveSession, found: Mapping[str, Any]) -> None:
    evidence = {
        "seen": found["energy_wh"],
        "expected": found["ledger_wh"],
        "unit": "Wh",
        "state": found["state"],
        "why": found["why"],
    }
    metering.record(work, live, meter_clock.raise_check(work, live, CHECK, evidence))
    ended_at = live.session.ended_at or work.now
    metering.record(work, live, end_session(live.watch, max(ended_at, work.now)))
