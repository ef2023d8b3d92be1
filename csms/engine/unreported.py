"""A profile that a station accepted and does not report: COMPOSITE_MISMATCH, until it does.

Source: OCPP 2.0.1 part 2, K09 (GetChargingProfiles) and K01.FR.27.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.push import PushState
from csms.engine import desk, metering
from csms.monitor.episodes import Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Collection

    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_WHY = "the station accepted the profile and does not report it"


def missing(work: Work, profile_ids: Collection[int]) -> None:
    """Raises the alert for each session whose profile the station does not have, as it says."""
    for live in work.station.running.values():
        push = live.session.push
        if live.session.profile_id in profile_ids and push is not None and push.is_in_force:
            _dispute(work, live)


def found(work: Work, profile_ids: Collection[int]) -> None:
    """Ends the alert of each session whose profile the station reports after all."""
    for live in work.station.running.values():
        push, episode = live.session.push, live.watch.open_episode(Kind.COMPOSITE_MISMATCH)
        if (
            episode is not None
            and push is not None
            and push.composite is None
            and live.session.profile_id in profile_ids
        ):
            push.settle_dispute()
            cleared = live.watch.clear_now(Kind.COMPOSITE_MISMATCH, work.now, "reported")
            metering.record(work, live, cleared)
            work.touch(live)


def _dispute(work: Work, live: LiveSession) -> None:
    push = live.session.push
    assert push is not None  # noqa: S101 - narrows the type; `missing` has looked
    push.state, push.confirmed_at = PushState.DISPUTED, None
    evidence = {
        "station_allows": "more",
        "why": _WHY,
        "profile_id": live.session.profile_id,
        "profile": live.session.profile,
    }
    times = (work.now, work.now)
    raised = live.watch.raise_now(Kind.COMPOSITE_MISMATCH, Severity.MAJOR, times, evidence)
    metering.record(work, live, raised)
    desk.note(work, live, desk.CommandState.DISPUTED, {"disputed_at": work.now, "why": _WHY})
    work.touch(live)
