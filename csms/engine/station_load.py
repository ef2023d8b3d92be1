"""OVER_LIMIT_STATION: all sessions of a station together, against the station's own maximum.

What each session took last is in its watch, so that a restart loses nothing; the open episode is
in the station's record. Only live samples count: what comes from a queue is not of one moment.
Source: OCPP 2.0.1 part 2, K04.FR.05; OCPP 1.6, 3.13.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from csms.domain.times import format_time
from csms.engine.writes import AlertWrite
from csms.monitor.episodes import Run, Severity, StationKind
from csms.monitor.evidence import causes
from csms.monitor.limit_track import LimitTrack
from csms.monitor.station_sum import compare, share_of
from csms.monitor.thresholds import RULE_VERSION
from profiles import ProfileSet, Purpose, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.sample import Sample
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession, StationState
    from csms.engine.work import Work
    from csms.monitor.limit_window import LimitWindow
    from csms.monitor.station_sum import Share, Sum
    from csms.monitor.thresholds import Thresholds
    from csms.monitor.verdict import Measured
    from profiles import InstalledProfile

    Member = tuple[LiveSession, Share]

_STATION_WIDE = frozenset({Purpose.STATION_MAX, Purpose.EXTERNAL_CONSTRAINTS})
_HORIZON, _MARGIN = timedelta(hours=48), timedelta(hours=2)
_INTERVAL_S, _SLACK_S = 60.0, 15.0
_ROUNDING_A = 0.05
_ROUNDS_KEPT, _SESSIONS_KEPT = 20, 200


@dataclass(slots=True)
class StationLoad:
    """What is remembered of a station's sum; all of it comes again with the next samples.

    `installed` are the profiles that were looked at last, `wide` those of them that are
    station-wide, which `track` was planned from; `is_bound` tells that there is one. A round is
    over when each session that counts has a new value; `round_at` is the last one's end in seconds
    since 1970, `over` and `inside` are rounds in a row.
    """

    installed: ProfileSet | None = None
    wide: tuple[InstalledProfile, ...] = ()
    is_bound: bool = False
    track: LimitTrack = field(default_factory=LimitTrack)
    round_at: float = 0.0
    over: Run = field(default_factory=Run)
    inside: Run = field(default_factory=Run)


def look(engine: Engine, work: Work, at: datetime) -> None:
    """Looks at a station's sum after a live sample of one of its sessions, taken at `at`."""
    station = work.station
    load = station.load
    _plan(station, at)
    if not load.is_bound:
        _clear(work, at, "no_limit")
        return
    thresholds = engine.policy.thresholds_of(station.record, None)
    fresh, are_all = _fresh(station, at)
    if not fresh or min(share.at for _, share in fresh) <= load.round_at:
        return
    load.round_at = at.timestamp()
    window = _window(load, fresh, at, thresholds)
    if window is None:
        return
    total = compare([share for _, share in fresh], window, thresholds)
    if total is None:
        _clear(work, at, "no_limit")
    elif total.is_over:
        _take_over(work, fresh, (total, window), at, thresholds)
    else:
        load.over.stop()
        if are_all and total.is_inside:
            _take_inside(work, at, thresholds)


def share(
    live: LiveSession, at: datetime, measured: Measured, sample: Sample, thresholds: Thresholds
) -> None:
    """Takes what a session took at a sample, for the sum."""
    told = share_of(at, measured, sample.currents_a, thresholds)
    if told is not None:
        live.watch.share = told


def is_shared(work: Work, live: LiveSession, at: datetime) -> bool:
    """Tells whether the station's own limit is too small for what all its sessions may have.

    How the station divides it then is its own affair. Source: OCPP 2.0.1 part 2, K04.FR.05.
    """
    load, running = work.station.load, work.station.running
    if not load.is_bound or len(running) <= 1:
        return False
    most_a = _tightest_a(load.track, at)
    if most_a is None:
        return False
    wanted = [_tightest_a(each.track, at) for each in running.values() if each is not live]
    own_a = _tightest_a(live.track, at)
    total_a = sum(most_a if each is None else each for each in (own_a, *wanted))
    return total_a > most_a + _ROUNDING_A


def _tightest_a(track: LimitTrack, at: datetime) -> float | None:
    """Returns what holds at a time in amperes per phase; None if nothing limits."""
    step = track.at(at)
    found = None if step is None else step.range_in_a()
    return None if found is None else found[0]


def finish(work: Work) -> None:
    """Ends an open episode once no two sessions are left that could add up to it."""
    if len(work.station.running) <= 1:
        _clear(work, work.now, "session_ended")


def _plan(station: StationState, at: datetime) -> None:
    """Plans the station's limit anew when its profiles have changed, or the plan nears its end."""
    load = station.load
    wide = load.wide
    if load.installed is not station.installed:
        wide = tuple(each for each in station.installed if each.profile.purpose in _STATION_WIDE)
        load.installed = station.installed
    is_same = wide == load.wide
    if is_same and (not load.is_bound or load.track.plans[-1].end - at > _MARGIN):
        return
    load.wide, load.is_bound = wide, bool(wide)
    if not wide:
        load.track = LimitTrack()
        load.over.stop()
        return
    plan = evaluate(
        ProfileSet.of(wide),
        evse=0,
        transaction=None,
        start=at,
        end=at + _HORIZON,
        rules=station.rules,
    )
    load.track.change(at, plan)
    load.track.forget(at - _MARGIN)


def _fresh(station: StationState, at: datetime) -> tuple[list[Member], bool]:
    """Returns the sessions whose last value is of this moment, and whether none is too old.

    A value counts for as long as its session usually takes until the next one.
    """
    fresh: list[Member] = []
    moment, are_all = at.timestamp(), True
    for live in station.running.values():
        share = live.watch.share
        if share is None or "superseded" in live.session.flags:
            continue
        gaps = live.watch.gaps_s
        usual_s = median(gaps) if gaps else _INTERVAL_S
        if moment - share.at <= usual_s + _SLACK_S:
            fresh.append((live, share))
        else:
            are_all = False
    return fresh, are_all


def _window(
    load: StationLoad, fresh: Sequence[Member], at: datetime, thresholds: Thresholds
) -> LimitWindow | None:
    """Returns the limits that may have been in force at any of the values."""
    oldest = datetime.fromtimestamp(min(share.at for _, share in fresh), tz=UTC)
    skews = [live.watch.skew_s for live, _ in fresh]
    skew_s = max(thresholds.skew_s if each is None else each for each in skews)
    before = timedelta(seconds=thresholds.grace_s + thresholds.random_delay_s + skew_s)
    track = load.track
    start = oldest - before
    if track.since[0] > start:
        # What was before the first plan nobody knows; the station has had its time to follow.
        if track.since[0] > at - before:
            return None
        start = track.since[0]
    return track.window(start, at + timedelta(seconds=skew_s), at, thresholds)


def _take_over(
    work: Work,
    fresh: Sequence[Member],
    seen: tuple[Sum, LimitWindow],
    at: datetime,
    thresholds: Thresholds,
) -> None:
    """Counts a round over the limit; enough of them open an episode."""
    load, record = work.station.load, work.station.record
    total, window = seen
    load.inside.stop()
    load.over.extend(at)
    if record.over_limit is not None:
        _go_on(work, fresh, total, at)
        return
    if not load.over.is_sure(at, thresholds.confirm_samples, thresholds.confirm_s):
        return
    record.over_limit = {
        "id": f"{record.id}-LOAD-{at:%Y%m%dT%H%M%S}",
        "opened_at": format_time(load.over.since or at),
        "confirmed_at": format_time(at),
        "history": [],
        "evidence": {
            "rule_version": RULE_VERSION,
            "sessions": [],
            "rounds": [],
            "causes": causes(window.steps),
            **total.as_evidence(),
        },
    }
    _note_round(record.over_limit, fresh, total, at)
    _write(work, "raised")
    work.warn("station.over_limit", alert=record.over_limit["id"], **_told(record.over_limit))


def _go_on(work: Work, fresh: Sequence[Member], total: Sum, at: datetime) -> None:
    episode = work.station.record.over_limit
    if episode is not None:
        _note_round(episode, fresh, total, at)
        _write(work, None)


def _note_round(episode: dict[str, Any], fresh: Sequence[Member], total: Sum, at: datetime) -> None:
    """Adds what each session took to the evidence; the first rounds are kept."""
    record = episode["evidence"]
    record.update(total.as_evidence())
    record["peak"] = max(record.get("peak", 0.0), record["measured"])
    members = [
        {
            "session_id": live.session.id,
            "evse": live.session.evse,
            "currents_a": [round(each, 3) for each in share.currents_a],
            "power_w": round(share.power_w, 1),
        }
        for live, share in fresh
    ]
    names = {*record["sessions"], *(live.session.id for live, _ in fresh)}
    record["sessions"] = sorted(names)[-_SESSIONS_KEPT:]
    if len(record["rounds"]) < _ROUNDS_KEPT:
        told = {"at": format_time(at), "measured": record["measured"], "limit": record["limit"]}
        record["rounds"].append({**told, "members": members})


def _take_inside(work: Work, at: datetime, thresholds: Thresholds) -> None:
    """Counts a round within the limit; enough of them clear the episode."""
    load = work.station.load
    if work.station.record.over_limit is None:
        return
    load.inside.extend(at)
    if load.inside.is_sure(at, thresholds.clear_samples, thresholds.clear_s):
        _clear(work, at, "inside_limit")


def _clear(work: Work, at: datetime, because: str) -> None:
    record, load = work.station.record, work.station.load
    load.over.stop()
    load.inside.stop()
    episode = record.over_limit
    if episode is None:
        return
    episode["cleared_at"], episode["cleared_because"] = format_time(at), because
    _write(work, "cleared")
    work.note("station.over_limit_over", alert=episode["id"], cleared_because=because)
    record.over_limit = None
    work.save_station()


def _write(work: Work, change: str | None) -> None:
    """Has the alert and the station's record written."""
    episode = work.station.record.over_limit
    if episode is None:
        return
    if change is not None:
        told = {"at": format_time(work.now), "change": change, "severity": Severity.CRITICAL.value}
        episode["history"].append(told)
    doc = {
        "confirmed_at": episode["confirmed_at"],
        "cleared_at": episode.get("cleared_at"),
        "cleared_because": episode.get("cleared_because"),
        "history": list(episode["history"]),
        "evidence": {**episode["evidence"], "rounds": list(episode["evidence"]["rounds"])},
    }
    work.save_station()
    work.writes.append(
        AlertWrite(
            episode["id"],
            work.station.id,
            None,
            StationKind.OVER_LIMIT_STATION.value,
            Severity.CRITICAL.value,
            "open" if episode.get("cleared_at") is None else "cleared",
            datetime.fromisoformat(episode["opened_at"]),
            doc,
            change,
        )
    )


def _told(episode: dict[str, Any]) -> dict[str, Any]:
    evidence = {
        name: value
        for name, value in episode["evidence"].items()
        if name not in {"rounds", "causes"}
    }
    return {**evidence, "help": "docs/alerts.md#over_limit_station"}
