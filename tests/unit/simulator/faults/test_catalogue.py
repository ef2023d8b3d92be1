import re

import pytest
from unit.simulator.faults.book import shown, shows

from simulator.faults.catalogue import FAULTS
from simulator.faults.effects import HONEST
from simulator.faults.fault import Group, Span

KINDS = {
    "OVER_LIMIT",
    "OVER_LIMIT_STATION",
    "NO_RESPONSE",
    "OUTSIDE_WINDOW",
    "WRONG_PHASES",
    "UNDER_DELIVERY",
    "STALLED",
    "OFFERED_MISMATCH",
    "COMPOSITE_MISMATCH",
    "PROFILE_REFUSED",
    "METER_MISSING",
    "METER_ANOMALY",
    "DEADLINE_RISK",
    "CHARGING_REFUSED",
    "CHARGING_WITHOUT_SESSION",
    "START_WITHOUT_SESSION",
}


def test_every_fault_is_shown_by_a_test():
    assert sorted(set(FAULTS) - shown()) == []


@pytest.mark.parametrize("name", FAULTS)
def test_fault_says_all_of_itself(name):
    fault = FAULTS[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert 20 <= len(fault.summary) <= 110
    assert fault.summary[0].islower()
    assert not fault.summary.endswith(".")
    assert fault.effects != HONEST
    assert isinstance(fault.group, Group)
    assert isinstance(fault.span, Span)
    assert fault.versions
    assert fault.versions <= {"1.6", "2.0.1"}
    assert set(fault.shows_as) <= KINDS
    assert all(1 <= number <= 40 for number in fault.quirks)


def test_a_test_of_an_unknown_fault_is_a_mistake():
    with pytest.raises(LookupError, match="no-such-fault"):
        shows("no-such-fault")


def test_only_decorators_of_tests_count_as_shown(tmp_path):
    (tmp_path / "test_page.py").write_text(
        "T = {'d': 1, 'e': 2}\nU = {'f': 1}\n@shows('a')\n@shows(*T)\ndef test_a(): ...\n"
        "@shows('b')\ndef helper(): ...\nshows('c')\n"
    )
    assert shown(tmp_path) == {"a", "d", "e"}
