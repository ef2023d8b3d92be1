"""What judging one sample costs: verdicts per second of one core, with the limits at hand.

    python bench/judge.py                  # all forms of data, about a minute
    python bench/judge.py --samples 200    # a glance
    python bench/judge.py --json

200 sessions take turns, each with a sample every minute and a limit that changes every hour, in
amperes or in watts; every tenth does not obey, so that all kinds of deviations are at work. The
rows are what their meters tell: currents of each phase with power and register, currents alone,
power alone, a register alone. `judge` is `take_sample`, `and memory` with the JSON of what is
remembered, which is written with each sample. Samples are made before the clock runs.

The baseline is what anybody would do without: the highest current or the power held against one
number. It runs in turn with ours, so that the ratio holds on another machine.

Then one session of 100,000 samples: its first 1,000 beside its last 1,000, which must not cost
more. At last where the time goes.

CPU is that of this process. The same samples are judged in each of the rounds, and of each 500 of
them the fastest round counts: whatever else the machine does only makes one slower.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from _judged import Played, forms, sessions

from csms.monitor.deviations import take_sample
from csms.monitor.thresholds import Thresholds
from csms.monitor.watch import dump_watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _judged import Taken

    Batch = Sequence[tuple[Played, Taken]]

AIM_US = 25.0
_SESSIONS = 200
_LONG, _ENDS = 100_000, 1_000
_SLICE = 500
_THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True)
class Row:
    """Microseconds of CPU for one sample, by what was done with it."""

    form: str
    baseline_us: float
    judge_us: float
    with_memory_us: float
    raised: int

    @property
    def per_second(self) -> float:
        """Verdicts per second of one core."""
        return 1e6 / self.judge_us


@dataclass(frozen=True, slots=True)
class Growth:
    """The beginning and the end of a long session: microseconds per sample, bytes remembered."""

    first_us: float
    last_us: float
    first_bytes: int
    last_bytes: int


def main() -> int:
    """Measures, prints, and returns 0, or 1 if a long session costs more at its end."""
    given = _arguments()
    rows = [_measure(form, given.samples, given.rounds, given.seed) for form in forms()]
    growth = _grow(given.seed)
    if given.json:
        doc = {"aim_us": AIM_US, "rows": [asdict(row) for row in rows], "growth": asdict(growth)}
        print(json.dumps(doc, indent=2))
    else:
        _print(rows, growth)
        print(_where(given.seed))
    return 1 if growth.last_us > 1.5 * growth.first_us + 1 else 0


def _measure(form: str, count: int, rounds: int, seed: int) -> Row:
    ways: dict[str, Callable[[Batch], int]] = {
        "baseline": _compare,
        "judge": _judge,
        "memory": _judge_and_remember,
    }
    best: dict[str, list[float]] = {}
    raised = 0
    for _ in range(rounds):
        for name, way in ways.items():
            slices, found = _time(way, _batch(form, count, seed))
            known = best.setdefault(name, slices)
            best[name] = [min(pair) for pair in zip(known, slices, strict=True)]
            raised = max(raised, found) if name == "judge" else raised
    baseline_us, judge_us, memory_us = (sum(best[name]) / len(best[name]) for name in ways)
    return Row(form, baseline_us, judge_us, memory_us, raised)


def _batch(form: str, count: int, seed: int) -> Batch:
    """Returns the samples of all sessions, a minute after the other."""
    played = sessions(form, _SESSIONS, count // 60 + 2, seed)
    series = [list(each.samples(count)) for each in played]
    return [
        (each, taken)
        for minute in zip(*series, strict=True)
        for each, taken in zip(played, minute, strict=True)
    ]


def _time(way: Callable[[Batch], int], batch: Batch) -> tuple[list[float], int]:
    """Returns the microseconds per sample of each slice of the batch, and what was found."""
    gc.collect()
    slices, found = [], 0
    for start in range(0, len(batch), _SLICE):
        part = batch[start : start + _SLICE]
        before = time.process_time()
        found += way(part)
        slices.append((time.process_time() - before) * 1e6 / len(part))
    return slices, found


def _compare(batch: Batch) -> int:
    over = 0
    for played, (sample, at, _) in batch:
        step = played.track.at(at)
        limit_a = None if step is None else step.limit_a
        current_a = sample.highest_current_a
        if limit_a is not None and current_a is not None:
            over += current_a > limit_a + max(1.0, 0.05 * limit_a)
        elif step is not None and step.limit_w is not None and sample.power_w is not None:
            over += sample.power_w > 1.05 * step.limit_w
    return over


def _judge(batch: Batch) -> int:
    raised = 0
    for played, (sample, at, known) in batch:
        judged = take_sample(played.watch, played.track, sample, at, known, _THRESHOLDS)
        raised += any(finding.change.value == "raised" for finding in judged.findings)
    return raised


def _judge_and_remember(batch: Batch) -> int:
    size = 0
    for played, (sample, at, known) in batch:
        take_sample(played.watch, played.track, sample, at, known, _THRESHOLDS)
        size += len(dump_watch(played.watch))
    return size


def _grow(seed: int) -> Growth:
    """Judges one session of 100,000 minutes; a warm beginning beside the end."""
    (played,) = sessions("currents and all", 1, _LONG // 60 + 2, seed)
    _time(_judge_and_remember, [(played, each) for each in played.samples(_ENDS)])
    first_us, first_bytes = _stretch(played)
    for _ in range(_LONG // _ENDS - 3):
        _judge([(played, each) for each in played.samples(_ENDS)])
    last_us, last_bytes = _stretch(played)
    return Growth(first_us, last_us, first_bytes, last_bytes)


def _stretch(played: Played) -> tuple[float, int]:
    batch = [(played, each) for each in played.samples(_ENDS)]
    slices, _ = _time(_judge_and_remember, batch)
    return min(slices), len(dump_watch(played.watch))


def _where(seed: int) -> str:
    """Returns where the time goes, by function, as shares of the whole."""
    batch = _batch("currents and all", 100, seed)
    profile = cProfile.Profile()
    profile.runcall(_judge_and_remember, batch)
    stats = pstats.Stats(profile)
    entries = sorted(stats.stats.items(), key=lambda each: -each[1][2])  # type: ignore[attr-defined]
    whole = sum(entry[2] for _, entry in entries)
    lines = ["Where the time goes, under a profiler that makes calls look dear:", ""]
    for (file, line, name), entry in entries[:12]:
        place = file.rpartition("/csms/")[2] if "/csms/" in file else file.rpartition("/")[2]
        where = f"{place}:{line}" if line else "built in"
        lines.append(f"  {100 * entry[2] / whole:5.1f} %  {name:<28.28} {where}")
    return "\n".join(lines)


def _print(rows: Sequence[Row], growth: Growth) -> None:
    print(f"{_SESSIONS} sessions, one sample each in turn; microseconds of CPU per sample.\n")
    print(
        f"{'meter':<18}{'baseline':>9}{'judge':>8}{'ratio':>7}{'and memory':>12}{'per second':>12}"
    )
    for row in rows:
        print(
            f"{row.form:<18}{row.baseline_us:>9.2f}{row.judge_us:>8.1f}"
            f"{row.judge_us / row.baseline_us:>7.1f}{row.with_memory_us:>12.1f}"
            f"{row.per_second:>12,.0f}"
        )
    worst = max(row.judge_us for row in rows)
    met = "met" if worst <= AIM_US else "not met"
    print(f"\nAim: at most {AIM_US:g} us for a verdict; the dearest takes {worst:.1f}: {met}.")
    print(
        f"One session of {_LONG:,} samples: {growth.first_us:.1f} us for each of the first "
        f"{_ENDS:,}, {growth.last_us:.1f} us of the last; {growth.first_bytes:,} and "
        f"{growth.last_bytes:,} bytes remembered.\n"
    )


def _arguments() -> argparse.Namespace:
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=240, help="samples of each session")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each row")
    parser.add_argument("--seed", type=int, default=1, help="what the sessions are made from")
    parser.add_argument("--json", action="store_true", help="print figures for a machine")
    given = parser.parse_args()
    if min(given.samples, given.rounds) <= 0:
        parser.error("--samples and --rounds must be above 0")
    return given


if __name__ == "__main__":
    sys.exit(main())
