"""What is borne with because the clock runs fast: a real millisecond is then a second or so.

Links, disks and the machine take real time, whatever the clock says. What would tell of a wrong
clock, a queue or a silence in real time is then only slowness, up to these bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from csms.engine.policy import Policy

_LATE_S, _LATE_MOST_S = 10.0, 1_800.0
_WAITED_S, _WAITED_MOST_S = 2.0, 600.0
_SILENCE_S, _SILENCE_MOST_S = 1.0, 600.0
_SKEW_S, _SKEW_MOST_S = 0.1, 60.0


@dataclass(frozen=True, slots=True)
class Haste:
    """Simulated seconds, 0 at the pace of real time.

    Lateness up to `late_s` says nothing of a station's clock, and up to `waited_s` not that a
    message has waited in a queue; a meter may be silent for `silence_s` longer, and times may be
    off by `skew_s` more. `pace` is how many of its seconds take a real one, at least 1.
    """

    pace: float = 1.0

    late_s: float = 0.0
    waited_s: float = 0.0
    silence_s: float = 0.0
    skew_s: float = 0.0

    @classmethod
    def of(cls, speed: float) -> Self:
        """Returns what a clock of that speed needs."""
        beyond = max(speed - 1.0, 0.0)
        return cls(
            max(speed, 1.0),
            min(_LATE_S * beyond, _LATE_MOST_S),
            min(_WAITED_S * beyond, _WAITED_MOST_S),
            min(_SILENCE_S * beyond, _SILENCE_MOST_S),
            min(_SKEW_S * beyond, _SKEW_MOST_S),
        )


REAL_TIME: Final = Haste()


def hasten(policy: Policy, speed: float) -> None:
    """Has a policy bear with what a clock of that speed makes of real delays."""
    policy.haste = haste = Haste.of(speed)
    more = {
        "meter_missing_s": haste.silence_s,
        "skew_s": haste.skew_s,
        "skew_known_s": haste.skew_s,
    }
    general = policy.thresholds
    policy.thresholds = replace(
        general, **{name: getattr(general, name) + by_s for name, by_s in more.items()}
    )
    policy.site_thresholds = {
        site: {name: value + more.get(name, 0.0) for name, value in values.items()}
        for site, values in policy.site_thresholds.items()
    }
