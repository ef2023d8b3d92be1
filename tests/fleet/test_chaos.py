"""The short form of most scenarios of `make chaos`; times are figures there, and no matter here.

What is about load (`storm`, `spam`, `backlog`) or takes long for what it shows (`clocks`) is played
by `make chaos` alone.
"""

import pytest

from tests.chaos.registry import SCENARIOS
from tests.chaos.runner import result_line

PLAYED = [each for each in SCENARIOS if each not in {"storm", "spam", "backlog", "clocks"}]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("scenario", PLAYED)
def test_nothing_is_lost_nothing_doubled(scenario):
    line = result_line(scenario, 1, "short", with_times=False)
    assert line["missed"] == [], line
