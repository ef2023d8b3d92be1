"""Which named profile a session gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles import (
    AssignmentRule,
    CatalogueError,
    check_assignments,
    choose,
    doubt_assignments,
    load_assignments,
)

if TYPE_CHECKING:
    from pathlib import Path


def chosen(*rules: AssignmentRule, **given: str) -> str | None:
    rule = choose(
        rules,
        station=given.get("station"),
        site=given.get("site"),
        token=given.get("token"),
        vehicle_class=given.get("vehicle_class"),
    )
    return None if rule is None else rule.profile


EVERYTHING = {"station": "CP-7", "site": "depot", "token": "ABC", "vehicle_class": "van"}
DEFAULT = AssignmentRule(profile="default")
SITE = AssignmentRule(profile="site", site="depot")
STATION = AssignmentRule(profile="station", station="CP-7")
VEHICLE = AssignmentRule(profile="vehicle", vehicle_class="van")
TOKEN = AssignmentRule(profile="token", token="ABC")


@pytest.mark.parametrize(
    ("rules", "profile"),
    [
        ((DEFAULT,), "default"),
        ((DEFAULT, SITE), "site"),
        ((STATION, SITE, DEFAULT), "station"),
        ((SITE, STATION, VEHICLE), "vehicle"),
        ((SITE, STATION, VEHICLE, TOKEN), "token"),
    ],
)
def test_the_most_specific_rule_decides(rules: tuple[AssignmentRule, ...], profile: str) -> None:
    assert chosen(*rules, **EVERYTHING) == profile
    assert chosen(*reversed(rules), **EVERYTHING) == profile


def test_specificity_comes_before_priority() -> None:
    important = SITE.model_copy(update={"priority": 99})
    assert chosen(important, TOKEN, **EVERYTHING) == "token"


def test_priority_comes_before_order_and_order_decides_last() -> None:
    first, second = AssignmentRule(profile="one"), AssignmentRule(profile="two")
    higher = AssignmentRule(profile="three", priority=1)
    assert chosen(first, second) == "one"
    assert chosen(first, second, higher) == "three"


def test_more_conditions_and_full_texts_are_more_specific() -> None:
    both = AssignmentRule(profile="both", token="ABC", site="depot")
    pattern = AssignmentRule(profile="pattern", token="A*", priority=9)
    assert chosen(TOKEN, both, **EVERYTHING) == "both"
    assert chosen(pattern, TOKEN, **EVERYTHING) == "token"


def test_every_condition_of_a_rule_must_hold() -> None:
    both = AssignmentRule(profile="both", token="ABC", site="elsewhere")
    assert chosen(both, **EVERYTHING) is None


@pytest.mark.parametrize(
    ("pattern", "token", "matches"),
    [
        ("AB*", "ABC", True),
        ("*BC", "ABC", True),
        ("A*C", "ABC", True),
        ("*", "ABC", True),
        ("abc", "ABC", True),
        ("A*", "BA", False),
        ("A[B]C", "ABC", False),
        ("A.C", "ABC", False),
        ("AB", "ABC", False),
    ],
)
def test_patterns(pattern: str, token: str, matches: bool) -> None:  # noqa: FBT001  # a table
    rule = AssignmentRule(profile="it", token=pattern)
    assert (chosen(rule, token=token) == "it") is matches


def test_pattern_never_matches_what_is_unknown() -> None:
    assert chosen(AssignmentRule(profile="it", token="*")) is None


def test_no_rule_no_profile() -> None:
    assert chosen(**EVERYTHING) is None


def test_rule_of_an_unknown_profile_is_named() -> None:
    (finding,) = check_assignments((DEFAULT, TOKEN), {"default"})
    assert str(finding) == (
        "assignments: rule[1].profile: rule 2 (token=ABC -> token) names the unknown profile "
        "'token'; known are default"
    )


def test_rules_are_read_from_a_file_in_order(tmp_path: Path) -> None:
    path = tmp_path / "assignments.toml"
    path.write_text('[[rule]]\nprofile = "a"\ntoken = "X*"\n[[rule]]\nprofile = "b"\npriority = 2')
    assert load_assignments(path, {"a", "b"}) == (
        AssignmentRule(profile="a", token="X*"),
        AssignmentRule(profile="b", priority=2),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[rule]]\nprofile = "x"', r"rule\[0\]\.profile: rule 1 \(default -> x\) names"),
        ('[[rule]]\ntoken = "x"', r"rule\[0\]\.profile: is missing; add it"),
        ('[[rule]]\nprofile = "a"\ntokn = "x"', r"rule\[0\]\.tokn: .* did you mean token\?"),
        ('[[rules]]\nprofile = "a"', r"rules: is not a known field; did you mean rule\?"),
        ('[[rule]]\nprofile = "a"\nsite = ""', r"rule\[0\]\.site: "),
        ("[[rule]", "is no valid TOML"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "assignments.toml"
    path.write_text(text)
    with pytest.raises(CatalogueError, match=message):
        load_assignments(path, {"a"})


def test_rule_for_nothing_that_is_known_is_doubted() -> None:
    rules = [
        AssignmentRule(profile="a", station="CP-*"),
        AssignmentRule(profile="a", site="harbour"),
        AssignmentRule(profile="a", vehicle_class="van"),
    ]
    found = doubt_assignments(rules, stations={"cp-1"}, sites={"depot"}, vehicle_classes=())
    assert [(each.field, each.is_warning) for each in found] == [
        ("rule[1].site", True),
        ("rule[2].vehicle_class", True),
    ]
    assert "(site=harbour -> a) matches no site that is known" in found[0].message
    assert doubt_assignments(rules) == ()


def test_rule_that_another_always_beats_is_doubted() -> None:
    rules = [
        AssignmentRule(profile="a", site="Depot"),
        AssignmentRule(profile="b", site="depot"),
        AssignmentRule(profile="c", site="depot", priority=1),
        AssignmentRule(profile="d", site="depot", station="1"),
    ]
    found = doubt_assignments(rules)
    assert [each.field for each in found] == ["rule[0]", "rule[1]"]
    assert "rule 3 matches the same" in found[0].message


@pytest.mark.parametrize(("pattern", "words"), [('""', "empty"), ('"  "', "blank")])
def test_empty_pattern_is_named(tmp_path: Path, pattern: str, words: str) -> None:
    file = tmp_path / "assign.toml"
    file.write_text(f'[[rule]]\nprofile = "a"\nstation = {pattern}\n')
    with pytest.raises(CatalogueError, match=rf"rule\[0\]\.station: .*{words}"):
        load_assignments(file, {"a"})


def test_a_rule_on_the_vehicle_beats_one_on_its_class_and_yields_to_one_on_the_token():
    rules = [
        AssignmentRule(profile="class", vehicle_class="van"),
        AssignmentRule(profile="vehicle", vehicle="VAN-*"),
        AssignmentRule(profile="token", token="CARD-1"),
    ]
    given = {"station": "CP1", "site": "depot", "vehicle_class": "van"}
    chosen = [
        choose(rules, **given, token=token, vehicle=vehicle).profile
        for token, vehicle in (("CARD-1", "VAN-1"), ("CARD-2", "van-1"), ("CARD-2", None))
    ]
    assert chosen == ["token", "vehicle", "class"]
