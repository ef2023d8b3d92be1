"""Rules that say which tariff a session takes: by token, account, station, site, or for all.

The most special rule wins: token, then account, station, site, all; of equal ones the first. A
rule that names several things counts as the most special of them, and fits where all do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from csms.domain.token import TokenRef, other_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MOST_RULES: Final = 100_000
_SELECTORS: Final = ("token", "account", "station", "site")
_ALL: Final = ("all", "")
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)

_Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(str.strip)]


class TariffRule(BaseModel):
    """One rule. What is not given fits everything; the times are about a session's start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tariff: str = Field(min_length=1, max_length=100, description="ID of the tariff")
    token: _Name | None = Field(None, description="Token, however it is written")
    account: _Name | None = Field(None, description="ID of the account that pays")
    station: _Name | None = Field(None, description="ID of the station")
    site: _Name | None = Field(None, description="Name of the site")
    valid_from: AwareDatetime | None = Field(None, description="Sessions that start from then on")
    valid_until: AwareDatetime | None = Field(None, description="Sessions that start before")
    note: str | None = Field(None, max_length=500)

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.first >= self.last:
            raise ValueError("valid_until is not after valid_from: the rule holds at no time")
        return self

    @property
    def first(self) -> datetime:
        """When it begins to hold."""
        return self.valid_from or _FIRST

    @property
    def last(self) -> datetime:
        """When it holds no more."""
        return self.valid_until or _LAST

    @property
    def selectors(self) -> dict[str, str]:
        """What it names, tokens in the form that they are compared in, the most special first."""
        given = {name: getattr(self, name) for name in _SELECTORS}
        known = {name: value for name, value in given.items() if value is not None}
        if self.token is not None:
            known["token"] = _token_key(self.token)
        return known

    @property
    def place(self) -> tuple[str, str]:
        """The most special thing that it names, by kind and name."""
        return next(iter(self.selectors.items()), _ALL)

    def __str__(self) -> str:
        """What it says, for messages."""
        named = [f"{name} {getattr(self, name)}" for name in _SELECTORS if getattr(self, name)]
        return f"{' and '.join(named) or 'all'} -> {self.tariff}"


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """What is wrong with a rule; `field` is a path such as `rules[3].tariff`."""

    field: str
    message: str


class Payer(NamedTuple):
    """What a session is, as far as rules ask: names as the operator has them."""

    station: str
    site: str
    token: TokenRef | None = None
    account: str | None = None


@dataclass(slots=True)
class RuleSet:
    """All rules as they were since `made_at`, found by what they name."""

    version: int = 0
    made_at: datetime = _FIRST
    rules: tuple[TariffRule, ...] = ()
    _by_place: dict[tuple[str, str], list[TariffRule]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.rules:
            self._by_place.setdefault(rule.place, []).append(rule)

    def choose(
        self, payer: Payer, at: datetime, is_usable: Callable[[str], bool]
    ) -> TariffRule | None:
        """Returns the rule that decides for a session that starts at `at`; None if none does.

        A rule whose tariff is not usable then is passed over.
        """
        for place in _places(payer):
            for rule in self._by_place.get(place, ()):
                if _fits(rule, payer, at) and is_usable(rule.tariff):
                    return rule
        return None

    def users_of(self, tariff: str) -> list[str]:
        """Returns the rules that name a tariff, as they are shown to people."""
        return [
            f"rules[{index}] ({rule})"
            for index, rule in enumerate(self.rules)
            if rule.tariff == tariff
        ]


def check_rules(rules: Sequence[TariffRule], is_known: Callable[[str], bool]) -> list[RuleFinding]:
    """Returns what is wrong with rules: unknown tariffs, and those that contradict another one.

    Two rules for the same thing may not hold at one time, and none may stand where an earlier
    one always decides.
    """
    findings = [
        RuleFinding(f"rules[{index}].tariff", f"rule {index + 1} ({rule}) names an unknown tariff")
        for index, rule in enumerate(rules)
        if not is_known(rule.tariff)
    ]
    by_place: dict[tuple[str, str], list[tuple[int, TariffRule]]] = {}
    for index, rule in enumerate(rules):
        others = by_place.setdefault(rule.place, [])
        other = next((each for each in others if _collides(each[1], rule)), None)
        if other is not None:
            findings.append(_collision(other, (index, rule)))
        others.append((index, rule))
    return findings


def _collides(earlier: TariffRule, later: TariffRule) -> bool:
    """Tells whether two rules of one place contradict each other, or the later never decides."""
    if earlier.first >= later.last or later.first >= earlier.last:
        return False
    if earlier.selectors == later.selectors:
        return True
    is_wider = earlier.selectors.items() <= later.selectors.items()
    return is_wider and earlier.first <= later.first and later.last <= earlier.last


def _collision(earlier: tuple[int, TariffRule], later: tuple[int, TariffRule]) -> RuleFinding:
    (other_index, other), (index, rule) = earlier, later
    if other.selectors == rule.selectors:
        what = "holds for the same sessions at the same time"
        hint = "give them times that do not overlap, or remove one"
    else:
        what = "comes first and fits whatever this one fits, which is never reached"
        hint = "put this one before it"
    return RuleFinding(
        f"rules[{index}]",
        f"rule {index + 1} ({rule}): rule {other_index + 1} ({other}) {what}; {hint}",
    )


def _places(payer: Payer) -> Iterator[tuple[str, str]]:
    """Yields where rules for a session may stand, the most special first."""
    if payer.token is not None:
        yield "token", payer.token.key
        for key in other_keys(payer.token):
            yield "token", key
    for name in ("account", "station", "site"):
        value = getattr(payer, name)
        if value is not None:
            yield name, value
    yield _ALL


def _fits(rule: TariffRule, payer: Payer, at: datetime) -> bool:
    if not rule.first <= at < rule.last:
        return False
    return all(
        getattr(payer, name) == value
        for name, value in rule.selectors.items()
        if name != "token" or rule.place[0] != "token"
    )


def _token_key(text: str) -> str:
    return TokenRef(text).key
