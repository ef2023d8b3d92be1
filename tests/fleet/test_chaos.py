"""The short form of every scenario of `make chaos`; times are figures there, and no matter here."""

import pytest

from tests.chaos.registry import SCENARIOS
from tests.chaos.runner import result_line


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_is_lost_nothing_doubled(scenario):
    line = result_line(scenario, 1, "short", with_times=False)
    assert line["missed"] == [], line
