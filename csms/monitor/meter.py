"""METER_MISSING: a session that charges and no longer says how much. PURE."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from csms.monitor.episodes import Kind, Severity
from csms.monitor.watch import GAPS_KEPT

if TYPE_CHECKING:
    from datetime import datetime

    from csms.monitor.episodes import Finding
    from csms.monitor.limit_track import LimitTrack
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.watch import Watch

# Some stations send each measurand in a message of its own.
_SHORTEST_INTERVAL_S = 2.0


def heard(watch: Watch, at: datetime) -> list[Finding]:
    """Notes that a value arrived, and ends an open episode."""
    is_missing = watch.open_episode(Kind.METER_MISSING) is not None
    gap_s = 0.0 if watch.heard_at is None else (at - watch.heard_at).total_seconds()
    if gap_s >= _SHORTEST_INTERVAL_S and not is_missing:
        watch.gaps_s = [*watch.gaps_s[-GAPS_KEPT + 1 :], gap_s]
    watch.heard_at = at
    return watch.clear_now(Kind.METER_MISSING, at, "value_received")


def due_at(watch: Watch, online_since: datetime, thresholds: Thresholds) -> datetime:
    """Returns when silence becomes a deviation, if no value comes until then."""
    since = max(watch.heard_at or online_since, online_since)
    return since + timedelta(seconds=_patience_s(watch, thresholds))


def check(
    watch: Watch,
    track: LimitTrack,
    online_since: datetime,
    now: datetime,
    thresholds: Thresholds,
) -> list[Finding]:
    """Raises METER_MISSING if no value has come in time, or makes an open one worse.

    Call it for a session that runs, on a station that is online.
    """
    if now < due_at(watch, online_since, thresholds):
        return []
    since = max(watch.heard_at or online_since, online_since)
    severity = Severity.MAJOR if _was_lowered(track, since, now) else Severity.MINOR
    evidence = {
        "last_value_at": None if watch.heard_at is None else watch.heard_at.isoformat(),
        "silent_s": round((now - since).total_seconds(), 1),
        "usual_interval_s": round(median(watch.gaps_s), 1) if watch.gaps_s else None,
    }
    return watch.raise_now(Kind.METER_MISSING, severity, (since, now), evidence)


def _patience_s(watch: Watch, thresholds: Thresholds) -> float:
    if not watch.gaps_s:
        return max(thresholds.meter_first_value_s, thresholds.meter_missing_s)
    interval_s = median(watch.gaps_s)
    return max(thresholds.meter_missing_intervals * interval_s, thresholds.meter_missing_s)


def _was_lowered(track: LimitTrack, since: datetime, now: datetime) -> bool:
    before, after = track.at(since), track.at(now)
    if after is None or (after.limit_a is None and after.limit_w is None):
        return False
    ours, theirs = after.range_in_a(), before.range_in_a() if before is not None else None
    return ours is not None and (theirs is None or ours[0] < theirs[0])
