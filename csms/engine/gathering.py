"""Values of one moment that come in several messages, put together before they are judged.

Some 1.6 stations send each measurand, or each phase, in a MeterValues of its own, all with the same
timestamp. Judged alone, none would show the busiest phase, and one moment would count as several.
A station that has done so once is waited for: a moment is whole when the next one comes, or after
a short while.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.sample import Sample
    from csms.engine.state import LiveSession
    from csms.engine.work import Work
    from csms.engine.writes import SampleWrite

WHOLE_AFTER = timedelta(seconds=2)


@dataclass(slots=True)
class Gathered:
    """A moment that may not be whole yet.

    `write` keeps it as it was sent, `sample` is to be judged, with its register mended.
    """

    write: SampleWrite
    sample: Sample
    since: datetime

    def take(self, write: SampleWrite, sample: Sample) -> None:
        """Adds what came in one more message."""
        self.write = replace(self.write, sample=self.write.sample.merged_with(write.sample))
        self.sample = self.sample.merged_with(sample)


Moment = tuple["SampleWrite", "Sample"]


def gather(work: Work, live: LiveSession, write: SampleWrite, sample: Sample) -> list[Moment]:
    """Takes a sample, and returns what is to be judged now: none, one or two moments."""
    held, before = live.gathered, live.last_sample
    live.last_sample = sample
    if held is not None and held.sample.is_one_moment_with(sample):
        held.take(write, sample)
        return []
    station = work.station
    if before is not None and not station.splits and before.is_one_moment_with(sample):
        station.splits = True
    ready = [] if held is None else [_once_more(work, held)]
    live.gathered = None
    if not station.splits:
        return [*ready, (write, sample)]
    live.gathered = Gathered(write, sample, work.now)
    work.watched.append(live.session.id)
    return ready


def whole(work: Work, live: LiveSession) -> Moment | None:
    """Returns the moment that is held back, which is over now."""
    held, live.gathered = live.gathered, None
    return None if held is None else _once_more(work, held)


def _once_more(work: Work, held: Gathered) -> Moment:
    """Has a moment written again, for the verdict that follows."""
    write = replace(held.write)
    work.writes.append(write)
    return write, held.sample
