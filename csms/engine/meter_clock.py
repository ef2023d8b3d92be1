"""METER_ANOMALY by our clock: what a station's times say of its clock, as its samples arrive.

Nobody can tell afterwards in which order and how late messages came, so that this is not judged
again with late samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.monitor import meter_time
from csms.monitor.episodes import Change, Finding, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from csms.domain.sample import Sample
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

BY_OUR_CLOCK = "by_our_clock"
"""What the evidence of an episode says that late samples cannot disprove."""


def look(work: Work, live: LiveSession, samples: Sequence[Sample]) -> list[Finding]:
    """Returns what the newest of a message's samples says of the station's clock."""
    if not samples or not live.session.is_active:
        return []
    found = meter_time.look(live.watch.times, samples[-1], work.now, work.station.clock.offset_s)
    return [] if found is None else raise_check(work, live, *found)


def raise_check(
    work: Work, live: LiveSession, check: str, evidence: Mapping[str, Any]
) -> list[Finding]:
    """Opens an episode of this check, or adds the check to the one that is open."""
    watch = live.watch
    known = watch.open_episode(Kind.METER_ANOMALY)
    if known is not None:
        checks = known.evidence.setdefault("checks", [])
        if check not in checks:
            checks.append(check)
        known.evidence[BY_OUR_CLOCK] = True
        return [Finding(Change.UPDATED, known)]
    whole = {**evidence, "check": check, "checks": [check], BY_OUR_CLOCK: True}
    return watch.raise_now(Kind.METER_ANOMALY, Severity.MINOR, (work.now, work.now), whole)
