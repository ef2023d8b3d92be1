"""How real firmware repeats what was not answered, and how soon it comes back. Pure.

Three families of firmware besides our own behaviour, as their sources have it: how often and
when a transaction message is repeated, under which message ID, what an answer that never comes
means, what a lost link does to the message that was on its way, and what is thrown away in the
end. A new one is a new row of `RETRIES`. Source: OCPP 1.6, 3.7.1 and 9.1 (TransactionMessage
Attempts and RetryInterval); OCPP 2.0.1 part 2, E04, E13 and OCPPCommCtrlr.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from simulator.errors import SimulatorError
from simulator.station.overflow import Overflow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random


class MessageIds(Enum):
    """What message IDs look like, and what becomes of them when the station boots."""

    RANDOM = auto()
    UUID = auto()
    COUNTER = auto()
    """Counts up from 1000000, and from there again after each boot."""
    FIXED_SEED = auto()
    """Look random, but come in the same order after each boot, and on each station."""


class Anchor(Enum):
    """From when on the pause before the next attempt is reckoned."""

    FAILURE = auto()
    ATTEMPT = auto()
    CREATION = auto()
    """From when the message was made, pause upon pause: an old one has none left."""


class Patience(Enum):
    """How long an answer is waited for."""

    FIXED = auto()
    INTERVAL = auto()
    """One retry interval."""
    GROWING = auto()
    """A fixed time and one more retry interval with each attempt."""


class Reconnect(Protocol):
    """How long a station stays away after a connection that ended or failed."""

    @property
    def heeds_retry_after(self) -> bool:
        """Whether it waits as long as a refusal asks it to."""
        ...

    def delay_s(self, pauses: int, last_s: float, random: Random) -> float:
        """Return the next pause; `pauses` and `last_s` tell of those since the last connection."""
        ...


@dataclass(frozen=True, slots=True)
class Doubling:
    """Doubles up to a longest pause, each spread by half of it either way."""

    first_s: float = 1.0
    longest_s: float = 30.0
    heeds_retry_after: bool = True

    def delay_s(self, pauses: int, last_s: float, random: Random) -> float:  # noqa: ARG002
        """Return the pause."""
        return min(self.longest_s, self.first_s * 2.0 ** min(pauses, 32)) * random.uniform(0.5, 1.5)


@dataclass(frozen=True, slots=True)
class WholeSeconds:
    """One to three seconds, then twice the last and up to two more, in whole seconds.

    The third pause, 18 s at most, is the last that grows.
    """

    heeds_retry_after: bool = False

    def delay_s(self, pauses: int, last_s: float, random: Random) -> float:
        """Return the pause."""
        if pauses == 0 or last_s <= 0:
            return 1.0 + random.randint(0, _RANDOM_RANGE_S)
        if pauses >= _GROWS_TIMES:
            return last_s
        return last_s * 2 + random.randint(0, _RANDOM_RANGE_S)


@dataclass(frozen=True, slots=True)
class Steadily:
    """The same pause each time: stations cut off together come back together."""

    every_s: float
    heeds_retry_after: bool = False

    def delay_s(self, pauses: int, last_s: float, random: Random) -> float:  # noqa: ARG002
        """Return the pause."""
        return self.every_s


_RANDOM_RANGE_S: Final = 2
_GROWS_TIMES: Final = 3


@dataclass(frozen=True, slots=True)
class RetryDialect:
    """The habits of one firmware with transaction messages.

    `attempts` and `interval_s` are what the configuration has until a central system changes
    it; the n-th pause is n intervals. `answer_within_s` is None where the station's own time
    for answers holds.

    - `is_same_call`: a repetition is the same call, with its ID and its payload.
    - `silence_counts`: an answer that does not come is an attempt; if not, it is repeated for ever.
    - `keeps_in_flight`: a call on its way when the link is lost still waits for its answer, which
      can no longer come, and nothing else is sent meanwhile.
    - `keeps_order`: nothing of a transaction overtakes a message that waits for its repetition.
    - `drops_session`: with a start, stop or event that is given up, all that follows of its
      transaction is thrown away.
    - `marks_resent_offline`: 2.0.1's `offline` becomes true on what was cut off.
    - `unknown_transaction`: 1.6's transactionId while the central system has given none; None
      leaves it out, and never sends the StopTransaction.
    - `queue_limit`: how many transaction messages there is memory for, None for all; `overflow`
      says which are lost then.
    """

    name: str
    summary: str
    attempts: int = 3
    interval_s: float = 10.0
    answer_within_s: float | None = None
    patience: Patience = Patience.FIXED
    anchor: Anchor = Anchor.FAILURE
    ids: MessageIds = MessageIds.RANDOM
    is_same_call: bool = False
    silence_counts: bool = True
    keeps_in_flight: bool = False
    keeps_order: bool = True
    drops_session: bool = False
    marks_resent_offline: bool = False
    unknown_transaction: int | None = None
    queue_limit: int | None = None
    overflow: Overflow = Overflow.BETWEEN
    reconnect: Reconnect = field(default=Doubling())
    patience_factor: float = 1.0

    def on_clock(self, speed: float) -> RetryDialect:
        """Return it for a clock that runs `speed` times as fast: answers take real time."""
        return replace(self, patience_factor=speed)

    def scaled(self, factor: float) -> RetryDialect:
        """Return the same habits in another time: 0.1 is ten times faster."""
        within = self.answer_within_s
        return replace(
            self,
            interval_s=self.interval_s * factor,
            answer_within_s=None if within is None else within * factor,
        )

    def waits_s(self, attempt: int, interval_s: float, default_s: float) -> float:
        """Return how long the answer to an attempt, counted from 1, is waited for."""
        within, factor = self.answer_within_s, self.patience_factor
        fixed_s = default_s if within is None else within * factor
        match self.patience:
            case Patience.FIXED:
                return fixed_s
            case Patience.INTERVAL:
                return interval_s * factor or fixed_s
            case Patience.GROWING:
                return fixed_s + interval_s * attempt * factor


_LIBOCPP: Final = RetryDialect(
    "libocpp",
    "3 attempts, 30 s, reckoned from when the message was made; others overtake it",
    interval_s=30.0,
    answer_within_s=30.0,
    patience=Patience.GROWING,
    anchor=Anchor.CREATION,
    ids=MessageIds.UUID,
    keeps_in_flight=True,
    keeps_order=False,
    marks_resent_offline=True,
    unknown_transaction=-1,
    reconnect=WholeSeconds(),
)

RETRIES: Final[Mapping[str, RetryDialect]] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            RetryDialect("default", "3 attempts, pauses of 10 and 20 s, a new ID each time"),
            _LIBOCPP,
            replace(
                _LIBOCPP,
                name="libocpp-shipped",
                summary="1 attempt: an error, silence or a cut link loses the message",
                attempts=1,
                interval_s=10.0,
            ),
            RetryDialect(
                "microocpp",
                "3 attempts, pauses of 60 and 120 s, then the whole session is thrown away",
                interval_s=60.0,
                answer_within_s=40.0,
                anchor=Anchor.ATTEMPT,
                ids=MessageIds.FIXED_SEED,
                keeps_in_flight=True,
                drops_session=True,
                reconnect=Steadily(5.0),
            ),
            RetryDialect(
                "tfocpp",
                "3 attempts on an error; on silence the same call every 10 s for ever",
                patience=Patience.INTERVAL,
                ids=MessageIds.COUNTER,
                is_same_call=True,
                silence_counts=False,
                keeps_in_flight=True,
                reconnect=Steadily(60.0),
            ),
            RetryDialect(
                "small-memory",
                "as default; keeps 50 messages, and loses every second meter value then",
                queue_limit=50,
            ),
            RetryDialect(
                "forgetful",
                "as default; keeps 20 messages, and loses the oldest then",
                queue_limit=20,
                overflow=Overflow.OLDEST,
                reconnect=Steadily(10.0),
            ),
        )
    }
)

MIXED: Final = "mixed"
"""All of them in turn, as a choice for a fleet."""


def heeded_s(reconnect: Reconnect, asked_s: float, random: Random) -> float:
    """Return how long a refusal that asked for `asked_s` keeps a station away, 0 if not at all.

    Up to a second longer than asked for: many are asked for the same.
    """
    if asked_s <= 0 or not reconnect.heeds_retry_after:
        return 0.0
    return asked_s + random.uniform(0.0, 1.0)


def retry_dialect(name: str, index: int = 0) -> RetryDialect:
    """Return a dialect by its name; `mixed` gives the station `index` its turn.

    Raises: SimulatorError for an unknown name.
    """
    if name == MIXED:
        return list(RETRIES.values())[index % len(RETRIES)]
    if name not in RETRIES:
        known = ", ".join([*RETRIES, MIXED])
        raise SimulatorError(f"there are no retries {name!r}; known are {known}")
    return RETRIES[name]
