"""What is remembered of a session to tell when it ends: car, curve, wishes. PURE.

A dozen numbers, whatever the session's length: they are written with it at each sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NOMINAL_V = 230.0


@dataclass
class Needs:
    """What a vehicle asked for at `at`, when it had been given `wh_before`; None: did not say.

    `max_periods` is how many a schedule for it may have, `renegotiated` how often it was sent
    another one since it wanted more than it was given. `bound` is the profile that an operator has
    put on the transaction, within which any other stays.
    Source: OCPP 2.0.1 part 2, ChargingNeedsType.
    """

    at: datetime
    wh_before: float = 0.0
    departs_at: datetime | None = None
    energy_wh: float | None = None
    soc_percent: float | None = None
    target_percent: float | None = None
    capacity_wh: float | None = None
    max_power_w: float | None = None
    max_current_a: float | None = None
    is_dc: bool | None = None
    max_voltage_v: float | None = None
    phases: int | None = None
    max_periods: int | None = None
    renegotiated: int = 0
    bound: dict[str, Any] | None = None


def load_needs(doc: Mapping[str, Any] | None) -> Needs | None:
    """Returns the needs from their parsed JSON."""
    if doc is None:
        return None
    values = dict(doc)
    for name in ("at", "departs_at"):
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    return Needs(**values)


@dataclass
class EndMemory:
    """Times are seconds since 1970, energies Wh of the session, powers W.

    `peak_w` and `peak_a` are the most that two samples in a row have shown, `free_w` the most
    that the car has taken steadily where more was allowed (`is_free`: it does so now), `follows`
    what it takes of a limit that holds it; `limit_w` is None where nothing limits.
    `soc_base` and `soc_edge` are (percent, Wh) where the charge level first and last moved,
    `soc_points` how often it did; a level that is not metered was told once, by the car's needs.
    `tail` are the last samples of a fall that no limit explains. `curve` is the power by charge
    level where the car was free, in steps of 5 %, and only of DC.
    `idle_since` is when the car stopped taking what it may. `register` is where the power of a
    meter is reckoned from that never tells it. `told_end_s` is the likely end at the last look
    (`looked_at_s`, under `plan`), `drift` how it moves in seconds for each second, `drifts` how
    often that was seen. `looks_at_risk` and `looks_safe` count the looks in a row that found the
    deadline at risk, the first at `risk_since_s`, or not.
    """

    at_s: float | None = None
    wh: float | None = None
    watts: float | None = None
    amps: float | None = None
    peak_w: float = 0.0
    peak_a: float = 0.0
    free_w: float = 0.0
    is_free: bool = False
    phases: int = 0
    volts: float = NOMINAL_V
    is_dc: bool = False
    limit_w: float | None = None
    limit_since_s: float = 0.0
    follows: float = 0.985
    soc: float | None = None
    is_soc_metered: bool = False
    soc_base: list[float] = field(default_factory=list)
    soc_edge: list[float] = field(default_factory=list)
    soc_points: int = 0
    tail: list[list[float]] = field(default_factory=list)
    curve: list[list[float]] = field(default_factory=list)
    idle_since: float | None = None
    is_paused: bool = False
    register: list[float] = field(default_factory=list)
    looked_at_s: float | None = None
    plan: str = ""
    told_end_s: float | None = None
    drift: float | None = None
    drifts: int = 0
    looks_at_risk: int = 0
    looks_safe: int = 0
    risk_since_s: float | None = None
    is_learnt: bool = False


def load_end_memory(doc: Mapping[str, Any] | None) -> EndMemory:
    """Returns the memory from its parsed JSON; what it does not hold is as in a new one."""
    known = {each.name for each in fields(EndMemory)}
    return EndMemory(**{name: value for name, value in (doc or {}).items() if name in known})
