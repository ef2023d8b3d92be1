"""What nobody who only reads the stations' messages can see, or see better than they tell.

A meter that lies, messages that do not come or are not understood, and a clock that is wrong hide
what is the case at an EVSE. So do meters that do not tell currents, where cars use fewer phases
than there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Group
from simulator.metering.forms import CURRENT, POWER, Parts
from simulator.power.evse import AC_NOMINAL_V
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from simulator.power.evse import EvseModel
    from tests.world.truth import Deviation, Truth, Window

OF_METERS: Final = frozenset({"METER_ANOMALY", "METER_MISSING"})
_TOO_LITTLE: Final = frozenset({"UNDER_DELIVERY", "STALLED", "NO_RESPONSE", "OFFERED_MISMATCH"})
_OVER: Final = frozenset({"OVER_LIMIT", "NO_RESPONSE", "OUTSIDE_WINDOW"})
_DOUBTFUL_ANSWERS: Final = "nonsense-composite"
_CLEAR: Final = 1.2
_PAUSED_W: Final = 300.0
_COARSE_A: Final = 0.5
_FASTER: Final = 1.25


@dataclass(frozen=True, slots=True)
class Sight:
    """What can be seen of a world. `models` are the EVSEs by their station's ID.

    Limits of the stations `in_watts` are such in sum: a lone phase is judged by them as power.
    """

    truth: Truth
    models: Mapping[str, EvseModel]
    in_watts: frozenset[str] = frozenset()

    def hidden_by(self, deviation: Deviation, until: datetime) -> str:
        """Return what hides a deviation up to `until`, "" if it can be seen."""
        for each in self.truth.faults.get(deviation.station, ()):
            is_there = each.evse in (None, deviation.evse) or deviation.evse is None
            if is_there and each.meets(deviation.onset, until) and _blinds(each, deviation.kind):
                return each.what
        if deviation.kind not in OF_METERS and self._is_misled(deviation, until):
            return "METER_ANOMALY"
        model = self.models.get(deviation.station)
        if model is None or _is_told(deviation, model):
            is_in_sum = model is not None and deviation.station in self.in_watts
            return "power within a limit in W" if is_in_sum and _is_within(deviation, model) else ""
        return f"meter {model.meter.name}"

    def _is_misled(self, deviation: Deviation, until: datetime) -> bool:
        """Whether values that are not true come first, and keep the others from being judged."""
        return any(
            each.kind == "METER_ANOMALY"
            and each.station == deviation.station
            and each.transaction == deviation.transaction
            and each.onset < until
            and deviation.onset < each.ended
            for each in self.truth.deviations
        )


def _blinds(window: Window, kind: str) -> bool:
    fault = FAULTS.get(window.what)
    if fault is None:  # an event of the site: less power than the limits allow
        return kind in _TOO_LITTLE
    if fault.name == _DOUBTFUL_ANSWERS:
        return kind in _OVER | _TOO_LITTLE
    return fault.group is not Group.LIMITS and kind not in fault.shows_as


def _is_told(deviation: Deviation, model: EvseModel) -> bool:  # noqa: PLR0911 - a table
    """Whether the values of a meter of that form can show it."""
    facts, form, kind = deviation.facts, model.meter, deviation.kind
    if model.current is not CurrentType.AC:
        return True
    if kind == "WRONG_PHASES":
        return form.has(CURRENT) and form.currents in (Parts.EACH, Parts.BOTH)
    if kind == "METER_ANOMALY" and not (form.has(CURRENT) or form.has(POWER)):
        most_w = model.max_offer * AC_NOMINAL_V * model.phases
        return bool(facts["peak"] > _FASTER * most_w / 60)
    if kind not in _OVER or "wants" in facts or facts.get("limit") is None:
        return True
    if form.has(CURRENT):
        tolerance_a = max(1.0, 0.05 * facts["limit"])
        is_fine = form.step_a < _COARSE_A
        return is_fine or facts["peak"] >= _CLEAR * tolerance_a + form.step_a / 2
    if kind == "OUTSIDE_WINDOW":
        return bool(facts["power_w"] >= _PAUSED_W)
    return not _is_within(deviation, model)


def _is_within(deviation: Deviation, model: EvseModel) -> bool:
    """Whether the power of what is over a limit by phase is within it on all phases."""
    facts = deviation.facts
    is_over = deviation.kind in _OVER - {"OUTSIDE_WINDOW"} and "wants" not in facts
    if not is_over or model.current is not CurrentType.AC or facts.get("limit") is None:
        return False
    nominal_w = AC_NOMINAL_V * model.phases
    tolerance_w = max(nominal_w, 0.05 * facts["limit"] * nominal_w)
    return bool(facts["power_w"] < facts["limit"] * nominal_w + _CLEAR * tolerance_w)
