"""How closely a session must follow its limit: of a node, a site, a station, a profile."""

from __future__ import annotations

from dataclasses import fields

import pytest

from csms.config import Settings, load_settings
from csms.domain.station import Station, dump_station, load_station
from csms.engine.policy import Policy
from csms.engine.threshold_settings import DeviationOverrides, DeviationSettings, findings_in
from csms.errors import SettingsError
from csms.monitor.thresholds import Thresholds
from csms.policy_files import make_policy
from profiles import CatalogueProfile

WINDOW = {"charging_rate_unit": "A", "periods": [{"start_period": 0, "limit": 16}]}


def a_profile(**more):
    return CatalogueProfile.model_validate({"name": "named", **WINDOW, **more})


def a_policy(**profile):
    return Policy(
        thresholds=Thresholds(grace_s=11, skew_s=11, confirm_s=11, clear_s=11),
        site_thresholds={"depot": {"skew_s": 22, "confirm_s": 22, "clear_s": 22}},
        catalogue={"named": a_profile(**profile)},
    )


def test_each_number_comes_from_the_most_special_place_that_sets_it():
    policy = a_policy(deviations={"clear_s": 44})
    station = Station(id="CP1", site="depot", deviations={"confirm_s": 33, "clear_s": 33})
    found = policy.thresholds_of(station, "named")
    assert (found.grace_s, found.skew_s, found.confirm_s, found.clear_s) == (11, 22, 33, 44)
    assert found.tolerance_a == Thresholds().tolerance_a


def test_elsewhere_the_general_ones_hold():
    policy = a_policy(deviations={"clear_s": 44})
    assert policy.thresholds_of(Station(id="CP2"), None) is policy.thresholds
    assert policy.thresholds_of(Station(id="CP2"), "gone") is policy.thresholds


def test_a_tolerance_widens_what_the_station_has_and_never_narrows_it():
    policy = a_policy(tolerance={"amperes": 2, "percent": 1})
    wide, narrow = Station(id="A", deviations={"tolerance_a": 3}), Station(id="B")
    assert policy.thresholds_of(wide, "named").tolerance_a == 3
    assert policy.thresholds_of(narrow, "named").tolerance_a == 2
    assert policy.thresholds_of(narrow, "named").tolerance_share == 0.05


def test_the_same_object_serves_until_something_changes():
    policy = a_policy(deviations={"clear_s": 44})
    station = Station(id="CP1", site="depot", deviations={"confirm_s": 33})
    found = policy.thresholds_of(station, "named")
    assert policy.thresholds_of(station, "named") is found
    policy.catalogue["named"] = a_profile(deviations={"clear_s": 55})
    assert policy.thresholds_of(station, "named").clear_s == 55
    station.deviations = {"confirm_s": 66}
    assert policy.thresholds_of(station, "named").confirm_s == 66
    policy.thresholds = Thresholds(grace_s=77)
    assert policy.thresholds_of(station, "named").grace_s == 77


def test_every_threshold_can_be_set_everywhere_and_says_what_it_is():
    names = {each.name for each in fields(Thresholds)}
    for model in (DeviationSettings, DeviationOverrides):
        assert set(model.model_fields) == names
        assert all(len(each.description) > 20 for each in model.model_fields.values())
    assert DeviationSettings().thresholds() == Thresholds()


def test_counts_stay_whole_numbers():
    policy = Policy()
    station = Station(id="CP1", deviations={"confirm_samples": 3.0, "unknown_s": 1})
    assert policy.thresholds_of(station, None).confirm_samples == 3
    assert isinstance(policy.thresholds_of(station, None).confirm_samples, int)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"grace": 1}, "grace"),
        ({"grace_s": -1}, "grace_s"),
        ({"skew_s": float("nan")}, "skew_s"),
        ({"taper_soc_ac_percent": 101}, "taper_soc_ac_percent"),
        ({"confirm_samples": 1.5}, "confirm_samples"),
        ({"nominal_v": 0}, "nominal_v"),
    ],
)
def test_a_number_that_cannot_be_is_named(values, field):
    ((named, sentence),) = findings_in(values)
    assert named == field
    assert sentence


def test_a_site_needs_no_time_zone_of_its_own(tmp_path):
    file = tmp_path / "csms.toml"
    file.write_text("[sites.depot.deviations]\ntolerance_a = 2\n")
    policy = make_policy(load_settings(file, {}))
    assert policy.site_thresholds == {"depot": {"tolerance_a": 2}}
    assert policy.zone_of("depot") is policy.default_zone


def test_a_mistake_in_a_file_is_named_with_file_section_and_field(tmp_path):
    file = tmp_path / "csms.toml"
    file.write_text("[sites.depot.deviations]\ntolerance = 2\n[deviations]\ngrace_s = -1\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file, {})
    first, second = sorted(str(caught.value).splitlines())
    assert first.startswith(f"{file}: deviations.grace_s: ")
    assert second.startswith(f"{file}: sites.depot.deviations.tolerance: ")


def test_a_profile_with_a_threshold_that_there_is_none_of_is_named(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "slow.toml").write_text(
        'charging_rate_unit = "A"\nperiods = [{ start_period = 0, limit = 16 }]\n'
        "deviations = { random_delay = 600 }\n"
    )
    with pytest.raises(SettingsError, match=r"slow: deviations\.random_delay: there is no such"):
        make_policy(Settings(profiles_dir=folder))


def test_a_station_keeps_its_thresholds():
    station = Station(id="CP1", deviations={"tolerance_a": 2.0})
    assert load_station(dump_station(station)).deviations == {"tolerance_a": 2.0}
