"""From what was played to its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.engine.haste import Haste
from tests.world.labels import Labelling
from tests.world.report import Report
from tests.world.score import Scoring
from tests.world.sessions import account
from tests.world.sight import Sight

if TYPE_CHECKING:
    from tests.world.stage import Played, Wish

_LAG_REAL_S: Final = 0.1
_LAG_MOST_S: Final = 300.0


def lag_of(speed: float, slow_ms: float) -> float:
    """Return the simulated seconds that messages and answers may be under way, and so alerts late.

    A tenth of a real second, or what 99 in 100 answers took; never more than five minutes.
    """
    if speed <= 1:
        return 0.0
    return min(max(_LAG_REAL_S, slow_ms / 1000) * speed, _LAG_MOST_S)


def scored(wish: Wish, played: Played) -> Report:
    """Hold the record of a world against its truth."""
    haste = Haste.of(wish.speed)
    sight = Sight(played.truth, played.models, played.in_watts)
    lag_s = lag_of(wish.speed, played.slow_ms)
    labelling = Labelling(played.truth, played.interval_s, lag_s, haste.silence_s, sight)
    sessions = account(played.truth, played.record)
    scoring = Scoring(played.truth, sessions, labelling.labels, labelling.grey)
    score = scoring.take(played.record.alerts)
    return Report(wish, played, sessions, labelling, score)
