"""Rules for nobody and profiles that never speak are told when the system starts."""

from datetime import timedelta

from csms.domain.token import Token
from csms.engine import doubts
from csms.engine.policy import Policy
from profiles import AssignmentRule, CatalogueProfile
from tests.builders import START, Desk

PAUSE = CatalogueProfile(
    name="pause",
    charging_rate_unit="A",
    valid_to=START - timedelta(days=1),
    periods=[{"start_period": 0, "limit": 16.0}],
)
FINE = CatalogueProfile(
    name="fine", charging_rate_unit="A", periods=[{"start_period": 0, "limit": 16.0}]
)


def a_policy(*rules):
    return Policy(catalogue={"pause": PAUSE, "fine": FINE}, assignments=list(rules))


def told(desk):
    return [str(each) for each in doubts.of_policy(desk.engine, START)]


def test_rules_for_what_is_there_are_not_doubted():
    desk = Desk(
        a_policy(AssignmentRule(profile="fine", station="CP*"), AssignmentRule(profile="fine"))
    )
    assert told(desk) == []


def test_rule_for_no_station_or_site_that_is_known_is_told():
    desk = Desk(
        a_policy(
            AssignmentRule(profile="fine", station="DEPOT-*"),
            AssignmentRule(profile="fine", site="harbour"),
        )
    )
    of_station, of_site = told(desk)
    assert of_station.startswith("assignments: rule[0].station: rule 1 (station=DEPOT-* -> fine)")
    assert of_station.endswith("matches no station that is known")
    assert of_site.endswith("rule 2 (site=harbour -> fine) matches no site that is known")


def test_site_of_the_settings_is_known():
    policy = a_policy(AssignmentRule(profile="fine", site="harbour"))
    policy.site_thresholds = {"harbour": {}}
    assert told(Desk(policy)) == []


def test_vehicle_class_that_no_token_has_is_told():
    policy = a_policy(AssignmentRule(profile="fine", vehicle_class="van"))
    assert told(Desk(policy)) == []
    policy.tokens["A"] = Token("A", vehicle_class="bus")
    assert "matches no vehicle class" in told(Desk(policy))[0]


def test_profile_that_is_over_is_told_if_a_rule_names_it():
    assert told(Desk(a_policy())) == []
    desk = Desk(a_policy(AssignmentRule(profile="pause")))
    assert told(desk) == ["pause: valid_to: validTo lies in the past (silent)"]


def test_nothing_is_doubted_before_there_is_a_station():
    desk = Desk(a_policy(AssignmentRule(profile="pause", station="DEPOT-*")))
    desk.engine.stations.clear()
    assert told(desk) == []
