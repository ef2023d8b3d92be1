"""The figures of a run as text."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tests.judge.book import ENDS
from tests.judge.ends import is_met, summary
from tests.judge.score import tallied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.judge.ends import Guess
    from tests.judge.runner import Played

RECALL, PRECISION, ALARMS = 0.98, 0.97, 1.0
RIGHT = 0.95


def lines(played: Sequence[Played]) -> Iterator[str]:
    """Kinds, totals, false alarms, and the scenarios that are not right."""
    yield from _kinds(played)
    yield ""
    yield from _totals(played)
    yield ""
    yield from _ends(played)
    yield ""
    yield from _not_right(played)


def _ends(played: Sequence[Played]) -> Iterator[str]:
    if any(each.scenario.sort == ENDS for each in played):
        if all(each.guesses is None for each in played):
            yield "expected end: the replay tells no estimates"
        else:
            yield from summary(_all_guesses(played))


def _all_guesses(played: Sequence[Played]) -> list[Guess]:
    return [guess for each in played for guess in each.guesses or ()]


def aims_met(played: Sequence[Played]) -> bool:
    tallies = tallied([each.verdict for each in played]).values()
    hits, missed = sum(each.hits for each in tallies), sum(each.missed for each in tallies)
    false = sum(each.false for each in tallies)
    recall = hits / (hits + missed) if hits + missed else 1.0
    precision = hits / (hits + false) if hits + false else 1.0
    if recall < RECALL or precision < PRECISION or _alarms(played)[0] > ALARMS:
        return False
    return is_met(_all_guesses(played))


def _kinds(played: Sequence[Played]) -> Iterator[str]:
    yield f"{'kind':20} {'labels':>6} {'precision':>9} {'recall':>7} {'median s':>8} {'p95 s':>6}"
    for kind, tally in tallied([each.verdict for each in played]).items():
        median, most = (_shown(tally.delay_s(share)) for share in (0.5, 0.95))
        labels = tally.hits + tally.missed
        yield (
            f"{kind:20} {labels:6} {tally.precision:9.3f} {tally.recall:7.3f} {median:>8} {most:>6}"
        )


def _totals(played: Sequence[Played]) -> Iterator[str]:
    tallies = tallied([each.verdict for each in played]).values()
    hits, missed = sum(each.hits for each in tallies), sum(each.missed for each in tallies)
    false = sum(each.false for each in tallies)
    if hits + missed:
        yield f"recall {hits / (hits + missed):.3f} (aim {RECALL})"
    if hits + false:
        yield f"precision {hits / (hits + false):.3f} (aim {PRECISION})"
    rate, alarms, hours = _alarms(played)
    yield (
        f"{rate:.2f} false alarms in 1,000 nominal hours ({alarms} in {hours:.0f} h; aim {ALARMS})"
    )
    right = sum(each.verdict.is_right for each in played)
    yield f"{right} of {len(played)} scenarios played exactly right"
    mild = sum(len(each.verdict.mild) for each in played)
    if mild:
        yield f"{mild} found with a milder severity than labelled"


def _alarms(played: Sequence[Played]) -> tuple[float, int, float]:
    nominal = [each for each in played if each.is_nominal]
    hours = sum(each.hours for each in nominal)
    alarms = sum(len(each.verdict.false) for each in nominal)
    return (1000 * alarms / hours if hours else 0.0), alarms, hours


def _not_right(played: Sequence[Played]) -> Iterator[str]:
    by_name: dict[tuple[str, str], list[Played]] = defaultdict(list)
    for each in played:
        by_name[each.scenario.name, each.version].append(each)
    wrong = {
        key: group
        for key, group in by_name.items()
        if sum(each.verdict.is_right for each in group) < RIGHT * len(group)
    }
    if not wrong:
        yield "Every scenario is right in 19 of 20."
        return
    yield "Not right in 19 of 20:"
    for (name, version), group in wrong.items():
        right = sum(each.verdict.is_right for each in group)
        yield f"{name} ({version}): {right} of {len(group)}"
        said = Counter(_said(each) for each in group if not each.verdict.is_right)
        for text, _ in said.most_common(3):
            yield f"    {text}"


def _said(played: Played) -> str:
    expected = ", ".join("/".join(each.kinds) for each in played.truths) or "nothing"
    return f"seed {played.seed}: expected {expected}; {played.verdict.says(played.truths)}"


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.0f}"
