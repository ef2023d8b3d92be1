"""From what was played to its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.engine.haste import Haste
from tests.world.labels import Labelling
from tests.world.report import Report
from tests.world.score import Scoring
from tests.world.sessions import account

if TYPE_CHECKING:
    from tests.world.stage import Played, Wish

_LAG_REAL_S: Final = 0.1
"""How long a message may be under way in real seconds; on a fast clock that is long."""


def scored(wish: Wish, played: Played) -> Report:
    """Hold the record of a world against its truth."""
    haste = Haste.of(wish.speed)
    lag_s = _LAG_REAL_S * wish.speed if wish.speed > 1 else 0.0
    labelling = Labelling(played.truth, played.interval_s, lag_s, haste.silence_s)
    sessions = account(played.truth, played.record)
    scoring = Scoring(played.truth, sessions, labelling.labels, labelling.grey)
    score = scoring.take(played.record.alerts)
    return Report(wish, played, sessions, labelling.labels, score)
