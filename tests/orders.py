"""Transactions whose messages may come in any order, and what an engine makes of them.

All is drawn from a seed: the same seed gives the same transaction, the same order, the same
registers, odd ones included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from csms.domain.facts import EventKind, SamplesReported
from csms.domain.registers import ConnectorLedger, connector_ledgers, stay_of
from csms.domain.sample import PERIODIC, TRANSACTION_BEGIN, TRANSACTION_END
from tests.builders import Desk, a_sample, an_event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from csms.domain.facts import Fact, TransactionReported
    from csms.domain.sample import Sample

LATE_S = 90_000.0
_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Story:
    """A transaction in its station's own order; `first` must come first: it gives the ID."""

    first: TransactionReported | None
    facts: Sequence[Fact]


def registers_wh(random: Random, count: int, *, odd: bool) -> list[float]:
    """Returns what a register shows from reading to reading, `odd` with one of real quirks."""
    start = random.choice([0, 10, 1_807_881, 999_999_900])
    steps = [random.choice([0, 0, 1, 17, 183, 183.25]) for _ in range(count)]
    values = [float(start)]
    for step in steps[1:]:
        values.append(values[-1] + step)
    if not odd or count < 4:
        return values
    at = random.randrange(1, count - 1)
    return random.choice([_same, _reset, _rolls_over, _peak, _kilo, _late_start, _other_meter])(
        values, at
    )


def story_v16(random: Random, *, odd: bool = True) -> Story:
    """Returns what a 1.6 station says: a start, meter values, a stop, at times two."""
    count = random.randrange(0, 7)
    values = registers_wh(random, count + 2, odd=odd)
    first = an_event(
        EventKind.STARTED, 0, transaction=None, token="A1", wh=values[0], evse=1, connector=1
    )
    facts: list[Fact] = [
        SamplesReported(1, 1, (_sample(random, 60.0 * index, values[index]),), "1")
        for index in range(1, count + 1)
    ]
    end_s = 60.0 * (count + 1)
    ends = (
        a_sample(0.0, context=TRANSACTION_BEGIN, wh=values[0]),
        a_sample(end_s, context=TRANSACTION_END, wh=values[-1]),
    )
    delays_s = (0, 5) if odd and random.random() < 0.2 else (0,)
    facts += [
        an_event(
            EventKind.ENDED,
            end_s + delay_s,
            transaction="1",
            wh=round(values[-1]) + delay_s,
            stop_reason="Other" if delay_s else "Local",
            samples=ends if random.random() < 0.5 else (),
        )
        for delay_s in delays_s
    ]
    return Story(first, facts)


def story_v201(random: Random, *, odd: bool = True) -> Story:
    """Returns what a 2.0.1 station says: Started, Updated, Ended, numbered or all numbered 0."""
    count = random.randrange(1, 7)
    values = registers_wh(random, count + 2, odd=odd)
    numbered = random.random() < 0.8
    facts: list[Fact] = []
    for index, value in enumerate(values):
        kind = EventKind.STARTED if index == 0 else EventKind.UPDATED
        kind = EventKind.ENDED if index == len(values) - 1 else kind
        context = {EventKind.STARTED: TRANSACTION_BEGIN, EventKind.ENDED: TRANSACTION_END}
        at_s = 60.0 * index
        facts.append(
            an_event(
                kind,
                at_s,
                sequence=index if numbered else 0,
                token="A1" if index == 0 else None,
                evse=1,
                connector=1,
                stop_reason="Local" if kind is EventKind.ENDED else None,
                is_offline=True,
                samples=(_sample(random, at_s, value, context.get(kind, PERIODIC)),),
            )
        )
    return Story(None, facts)


def shuffled(random: Random, story: Story, share: float = 0.3) -> list[Fact]:
    """Returns the story's facts in any order, a share of them twice, the first one at any time."""
    extra = [fact for fact in story.facts if random.random() < share]
    facts = [*story.facts, *extra]
    random.shuffle(facts)
    if story.first is None:
        return facts
    if random.random() < share:
        facts.insert(random.randrange(len(facts) + 1), story.first)
    return [story.first, *facts]


def in_order(story: Story) -> list[Fact]:
    """Returns the story's facts in the station's own order, each once."""
    return [*([story.first] if story.first else []), *story.facts]


async def play(facts: Sequence[Fact], desk: Desk | None = None) -> Desk:
    """Hands the facts to an engine, long after they were made."""
    desk = desk or Desk()
    for index, fact in enumerate(facts):
        await desk.report(fact, LATE_S + _EVERY_S * index)
    return desk


async def told(desk: Desk) -> tuple[list[dict[str, Any]], list[ConnectorLedger]]:
    """Returns the sessions without what tells of their arrival, and the connectors' ledgers."""
    return await desk.settled(2 * LATE_S), ledgers_of(desk)


def ledgers_of(desk: Desk) -> list[ConnectorLedger]:
    """Returns the ledger of each connector, from the sessions as they are stored."""
    return connector_ledgers(
        stay_of(live.session, live.session.energy_milliwh) for live in desk.sessions()
    )


def _sample(random: Random, at_s: float, wh: float, context: str = PERIODIC) -> Sample:
    return a_sample(
        at_s,
        context=context,
        wh=wh,
        power_w=random.choice([None, 3_680.0, 11_000.0]),
        soc_percent=random.choice([None, 20.0, 55.5]),
    )


def _same(values: list[float], at: int) -> list[float]:
    del at
    return values


def _reset(values: list[float], at: int) -> list[float]:
    return [*values[:at], *(value - values[at] for value in values[at:])]


def _rolls_over(values: list[float], at: int) -> list[float]:
    top = 10**9 - (values[at] - values[0]) / 2
    return [(top + value - values[0]) % 10**9 for value in values]


def _peak(values: list[float], at: int) -> list[float]:
    return [*values[:at], values[at] + 5e6, *values[at + 1 :]]


def _kilo(values: list[float], at: int) -> list[float]:
    return [*values[:at], *(value / 1000 for value in values[at:-1]), values[-1]]


def _late_start(values: list[float], at: int) -> list[float]:
    del at
    return [0.0, *(value + 1e6 for value in values[1:])]


def _other_meter(values: list[float], at: int) -> list[float]:
    return [*values[:at], *(value + 3e6 for value in values[at:])]
