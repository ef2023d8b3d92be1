"""Which identities may belong to one vehicle: what speaks for it, what against, and how much. PURE.

Nothing is ever joined by itself. The rule: a session that showed both counts 1; one that another
identity was presented before, or was ended by, 1/2; one that came to nothing, followed by the next
within three minutes, 1/4. Against it counts each session that showed one of the two with another
of a kind that a vehicle has only one of (VIN, address, EVCCID, name), doubly. The confidence is
for / (for + against + 1): one session together gives 0.5, four 0.8.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from csms.domain.vehicle_ids import Identity, IdentityKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from csms.engine.people import PeopleBook

REJECTIONS: Final = "vehicle-rejections"
"""The collection of the records of what an operator has rejected."""

RULE: Final = (
    "together 1, presented before or ended by 0.5, in succession 0.25; against twice each; "
    "confidence = for / (for + against + 1)"
)
_HINTED, _NEXT, _AGAINST = 0.5, 0.25, 2.0
_HIGH, _MEDIUM = 0.8, 0.5
_AFTER_REJECTION: Final = 3.0
_LEAST: Final = 0.5
_ONE_ONLY: Final = frozenset(
    {IdentityKind.VIN, IdentityKind.MAC, IdentityKind.EVCCID, IdentityKind.NAME}
)
_PRESENTED: Final = frozenset({IdentityKind.TOKEN, IdentityKind.EMAID})
_EXAMPLES = 5


class Pair(NamedTuple):
    """Two identities, the smaller reference first, and how often they were seen together."""

    one: str
    other: str
    sessions: int
    first_at: datetime
    last_at: datetime
    ids: tuple[str, ...] = ()


class Pairs(NamedTuple):
    """All that was seen together: in one session, by a hint, one after the other."""

    together: Sequence[Pair] = ()
    hinted: Sequence[Pair] = ()
    in_succession: Sequence[Pair] = ()


class Rejection(NamedTuple):
    """A pair that an operator does not want joined, and when he said so."""

    one: str
    other: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two identities that may be one vehicle's.

    `vehicles` are the records that have them already, none, one or two; `against` counts the
    sessions that contradict, `sessions` are the IDs of the last that speak for it.
    """

    id: str
    one: str
    other: str
    together: int
    hinted: int
    in_succession: int
    against: int
    first_at: datetime
    last_at: datetime
    sessions: tuple[str, ...]
    vehicles: tuple[str, ...]

    @property
    def weight(self) -> float:
        """What speaks for it, by the rule."""
        return self.together + _HINTED * self.hinted + _NEXT * self.in_succession

    @property
    def confidence(self) -> float:
        """How sure it is, 0 to 1, by the rule."""
        return round(self.weight / (self.weight + _AGAINST * self.against + 1), 3)

    @property
    def level(self) -> str:
        """The confidence in a word."""
        if self.confidence >= _HIGH:
            return "high"
        return "medium" if self.confidence >= _MEDIUM else "low"


def suggest(
    pairs: Pairs, people: PeopleBook, rejected: Iterable[Rejection] = ()
) -> list[Suggestion]:
    """Returns what may belong together and is not joined yet, the surest first."""
    seen: dict[tuple[str, str], list[list[Pair]]] = defaultdict(lambda: [[], [], []])
    for kind, every in enumerate(pairs):
        for pair in every:
            seen[pair.one, pair.other][kind].append(pair)
    tally = _Together(pairs.together)
    refused = {(each.one, each.other) for each in rejected}
    made = []
    for (one, other), found in seen.items():
        vehicles = _vehicles(people, one, other)
        if _is_one_text(one, other) or vehicles is None or not _may_be_one(one, other, found):
            continue
        suggestion = _made((one, other), found, tally.against(one, other), vehicles)
        least = _AFTER_REJECTION if (one, other) in refused else _LEAST
        if suggestion.weight >= least:
            made.append(suggestion)
    return sorted(made, key=lambda each: (-each.confidence, each.one, each.other))


def pair_id(one: str, other: str) -> str:
    """Returns the ID of a suggestion, which is always the same for two identities."""
    text = "\n".join(sorted((one, other)))
    return "VS-" + hashlib.sha256(text.encode()).hexdigest()[:12].upper()


class _Together:
    """How often each identity was told with each other one."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._with: dict[str, dict[str, int]] = defaultdict(dict)
        for pair in pairs:
            self._with[pair.one][pair.other] = pair.sessions
            self._with[pair.other][pair.one] = pair.sessions

    def against(self, one: str, other: str) -> int:
        """Counts the sessions that showed one of them with another one in the other's place."""
        return self._others(one, other) + self._others(other, one)

    def _others(self, one: str, other: str) -> int:
        kind = _kind(other)
        if kind not in _ONE_ONLY:
            return 0
        return sum(
            count
            for ref, count in self._with.get(one, {}).items()
            if ref != other and _kind(ref) is kind
        )


def _made(
    refs: tuple[str, str], found: list[list[Pair]], against: int, vehicles: tuple[str, ...]
) -> Suggestion:
    together, hinted, in_succession = [sum(each.sessions for each in kind) for kind in found]
    every = [each for kind in found for each in kind]
    sessions = dict.fromkeys(session for each in every for session in each.ids)
    return Suggestion(
        pair_id(*refs),
        refs[0],
        refs[1],
        together,
        hinted,
        in_succession,
        against,
        min(each.first_at for each in every),
        max(each.last_at for each in every),
        tuple(sessions)[:_EXAMPLES],
        vehicles,
    )


def _vehicles(people: PeopleBook, one: str, other: str) -> tuple[str, ...] | None:
    """Returns the records that have one of them; None if it is one record, or a name without."""
    held = [people.holder(one), people.holder(other)]
    known = tuple(dict.fromkeys(each for each in held if each is not None))
    return None if None not in held and len(known) == 1 else known


def _may_be_one(one: str, other: str, found: list[list[Pair]]) -> bool:
    """Tells whether what was seen can speak for one vehicle.

    Two people who follow each other at a station present two cards, or come in two cars.
    """
    if found[0]:
        return True
    kinds = _kind(one), _kind(other)
    return kinds[0] is not kinds[1] and not _PRESENTED.issuperset(kinds)


def _is_one_text(one: str, other: str) -> bool:
    """Tells whether both are readings of the same text: twelve digits, as token and as address."""
    keys = [set(_plain(each)) for each in (one, other)]
    return bool(keys[0] & keys[1])


def _plain(ref: str) -> Iterator[str]:
    yield "".join(letter for letter in ref.partition(":")[2].casefold() if letter.isalnum())


def _kind(ref: str) -> IdentityKind:
    return Identity.of_ref(ref).kind
