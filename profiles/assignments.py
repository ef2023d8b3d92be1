"""Which named profile a session gets: rules over token, vehicle, its class, station and site."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from profiles.catalogue.loader import CatalogueError, CatalogueFinding, explain, read_table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

_FROM_MOST_SPECIFIC = ("token", "vehicle", "vehicle_class", "station", "site")


def _not_blank(pattern: str) -> str:
    if not pattern.strip():
        message = "is blank; remove it to match anything"
        raise ValueError(message)
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_not_blank)]


class AssignmentRule(BaseModel):
    """A profile for what matches every pattern given; with no pattern, the default.

    `*` in a pattern stands for any text; case does not matter (1.6 idTags have none).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str
    station: Pattern | None = None
    site: Pattern | None = None
    token: Pattern | None = None
    vehicle: Pattern | None = None
    vehicle_class: Pattern | None = None
    priority: int = 0

    def __str__(self) -> str:
        given = [
            f"{field}={pattern}"
            for field in _FROM_MOST_SPECIFIC
            if (pattern := getattr(self, field)) is not None
        ]
        return f"{' '.join(given) or 'default'} -> {self.profile}"


class AssignmentFile(BaseModel):
    """The rules of a TOML file, as `[[rule]]` tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: tuple[AssignmentRule, ...] = ()


def choose(
    rules: Sequence[AssignmentRule],
    *,
    station: str | None,
    site: str | None,
    token: str | None,
    vehicle_class: str | None,
    vehicle: str | None = None,
) -> AssignmentRule | None:
    """Return the rule that decides, None when none matches.

    A rule on the token beats one on the vehicle (the ID of its record), that one on the vehicle
    class, that one on the station, that one on the site, that the default; a full text beats a
    pattern with `*`; more conditions beat fewer.
    Then the higher priority counts, then the earlier rule. A pattern never matches None.
    """
    given = {"station": station, "site": site, "token": token}
    given |= {"vehicle": vehicle, "vehicle_class": vehicle_class}
    matching = [each for each in rules if _matches(each, given)]
    return max(matching, key=lambda each: (_specificity(each), each.priority), default=None)


def check_assignments(
    rules: Sequence[AssignmentRule], catalogue: Collection[str], file: str = "assignments"
) -> tuple[CatalogueFinding, ...]:
    """Return a finding for each rule that names a profile which `catalogue` lacks."""
    known = ", ".join(sorted(catalogue)) or "none"
    return tuple(
        CatalogueFinding(
            file,
            f"rule[{index}].profile",
            f"rule {index + 1} ({rule}) names the unknown profile {rule.profile!r}; "
            f"known are {known}",
        )
        for index, rule in enumerate(rules)
        if rule.profile not in catalogue
    )


def doubt_assignments(
    rules: Sequence[AssignmentRule],
    *,
    stations: Collection[str] | None = None,
    sites: Collection[str] | None = None,
    vehicle_classes: Collection[str] | None = None,
    file: str = "assignments",
) -> tuple[CatalogueFinding, ...]:
    """Return a warning for each rule that assigns to nothing: none that is known, or too late.

    None stands for "not known what there is", and then nothing is doubted for it.
    """
    known = {"station": stations, "site": sites, "vehicle_class": vehicle_classes}
    findings: list[CatalogueFinding] = []
    for index, rule in enumerate(rules):
        for field, names in known.items():
            pattern: str | None = getattr(rule, field)
            if pattern is None or names is None or any(_covers(pattern, each) for each in names):
                continue
            message = (
                f"rule {index + 1} ({rule}) matches no {field.replace('_', ' ')} that is known"
            )
            findings.append(
                CatalogueFinding(file, f"rule[{index}].{field}", message, is_warning=True)
            )
        earlier = _shadow(rules, index)
        if earlier is not None:
            message = (
                f"rule {index + 1} ({rule}) never decides: rule {earlier + 1} matches the same"
            )
            findings.append(CatalogueFinding(file, f"rule[{index}]", message, is_warning=True))
    return tuple(findings)


def may_apply(rule: AssignmentRule, *, station: str, site: str) -> bool:
    """Return whether a rule can decide for a session there, whoever charges."""
    return all(
        pattern is None or _covers(pattern, text)
        for pattern, text in ((rule.station, station), (rule.site, site))
    )


def load_assignments(path: Path, catalogue: Collection[str]) -> tuple[AssignmentRule, ...]:
    """Return the rules of a TOML file with `[[rule]]` tables, in order.

    Raises: CatalogueError with every mistake, also for profiles that `catalogue` lacks.
    """
    try:
        rules = AssignmentFile.model_validate(read_table(path)).rule
    except ValidationError as error:
        known = ["rule", *AssignmentRule.model_fields]
        raise CatalogueError(explain(path.name, error, known)) from error
    findings = check_assignments(rules, catalogue, path.name)
    if findings:
        raise CatalogueError(findings)
    return rules


def _shadow(rules: Sequence[AssignmentRule], index: int) -> int | None:
    """Return which rule decides wherever this one would, None if there is none."""
    rule = rules[index]
    for other_index, other in enumerate(rules):
        if other_index != index and _conditions(other) == _conditions(rule):
            is_stronger = other.priority > rule.priority
            if is_stronger or (other.priority == rule.priority and other_index < index):
                return other_index
    return None


def _conditions(rule: AssignmentRule) -> tuple[str | None, ...]:
    given = (getattr(rule, field) for field in _FROM_MOST_SPECIFIC)
    return tuple(None if pattern is None else pattern.casefold() for pattern in given)


def _matches(rule: AssignmentRule, given: dict[str, str | None]) -> bool:
    for field, text in given.items():
        pattern: str | None = getattr(rule, field)
        if pattern is not None and (text is None or not _covers(pattern, text)):
            return False
    return True


def _covers(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=10_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)


def _specificity(rule: AssignmentRule) -> tuple[int, ...]:
    return tuple(_sharpness(getattr(rule, field)) for field in _FROM_MOST_SPECIFIC)


def _sharpness(pattern: str | None) -> int:
    if pattern is None:
        return 0
    return 1 if "*" in pattern else 2
