"""METER_MISSING: a session that charges and no longer says how much. PURE."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from csms.monitor.episodes import Kind, Severity
from csms.monitor.watch import GAPS_KEPT, LOSS_AT_FIRST

if TYPE_CHECKING:
    from datetime import datetime

    from csms.monitor.episodes import Finding
    from csms.monitor.limit_track import LimitTrack
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.watch import Watch

# Some stations send each measurand in a message of its own.
_SHORTEST_INTERVAL_S = 2.0
# A link that loses values, as the gaps show: of so many each, more than that share.
_LOSS_OF, _LOSSY, _GAPS_TOLD = 32, 0.05, 3
_LACKS = 1.6
# A value that comes at the end of the last interval is not missing.
_JITTER = 0.25
# The longest usual interval may come out a fifth longer, and the second value shows which it is.
_SECOND_VALUE = 1.3
_REST_S = 120.0
_LOST_IN_A_ROW, _LOST_AT_LEAST, _LOST_S = 10.0, 5.0, 600.0


def heard(watch: Watch, at: datetime) -> list[Finding]:
    """Notes that a value arrived, and ends an open episode."""
    is_missing = watch.open_episode(Kind.METER_MISSING) is not None
    gap_s = 0.0 if watch.heard_at is None else (at - watch.heard_at).total_seconds()
    if gap_s >= _SHORTEST_INTERVAL_S and not is_missing:
        if len(watch.gaps_s) >= _GAPS_TOLD:
            lacks = gap_s > _LACKS * median(watch.gaps_s)
            watch.loss += (lacks - watch.loss) / _LOSS_OF
        watch.gaps_s = [*watch.gaps_s[-GAPS_KEPT + 1 :], gap_s]
    watch.heard_at = at
    return watch.clear_now(Kind.METER_MISSING, at, "value_received")


def due_at(watch: Watch, online_since: datetime, thresholds: Thresholds) -> datetime:
    """Returns when silence becomes a deviation, if no value comes until then."""
    return _silent_since(watch, online_since) + timedelta(seconds=_patience_s(watch, thresholds))


def excuse(watch: Watch, now: datetime, *, is_quiet: bool) -> None:
    """Notes whether a value has to come: none does while the station says that nothing charges.

    Patience begins anew when it does again, after more than a moment.
    """
    since = watch.quiet_since
    if is_quiet:
        watch.quiet_since = since or now
        return
    if since is not None and (now - since).total_seconds() > _REST_S:
        watch.excused_at = now
    watch.quiet_since = None


def _silent_since(watch: Watch, online_since: datetime) -> datetime:
    since = max(watch.heard_at or online_since, online_since)
    return since if watch.excused_at is None else max(since, watch.excused_at)


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
    if watch.quiet_since is not None or now < due_at(watch, online_since, thresholds):
        return []
    if watch.heard_at is None and not track.is_limited:
        return []  # a meter that is told to say nothing, of a session that nobody judges
    since = _silent_since(watch, online_since)
    severity = Severity.MAJOR if _was_lowered(track, since, now) else Severity.MINOR
    evidence = {
        "last_value_at": None if watch.heard_at is None else watch.heard_at.isoformat(),
        "silent_s": round((now - since).total_seconds(), 1),
        "usual_interval_s": round(median(watch.gaps_s), 1) if watch.gaps_s else None,
    }
    return watch.raise_now(Kind.METER_MISSING, severity, (since, now), evidence)


def _patience_s(watch: Watch, thresholds: Thresholds) -> float:
    if not watch.gaps_s:
        first_s = thresholds.meter_first_value_s
        if watch.heard_at is not None:
            first_s *= _SECOND_VALUE
        return max(first_s, thresholds.meter_missing_s)
    interval_s = median(watch.gaps_s)
    intervals = thresholds.meter_missing_intervals + _JITTER
    patience_s = max(intervals * interval_s, thresholds.meter_missing_s)
    if watch.loss <= _LOSSY:
        return patience_s
    patience_s = max(patience_s, min(_LOST_IN_A_ROW * interval_s, _LOST_S))
    if watch.loss <= LOSS_AT_FIRST:
        return patience_s
    return max(patience_s, _LOST_AT_LEAST * interval_s)


def _was_lowered(track: LimitTrack, since: datetime, now: datetime) -> bool:
    before, after = track.at(since), track.at(now)
    if after is None or (after.limit_a is None and after.limit_w is None):
        return False
    ours, theirs = after.range_in_a(), before.range_in_a() if before is not None else None
    return ours is not None and (theirs is None or ours[0] < theirs[0])
