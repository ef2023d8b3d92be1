"""Plans of limits as JSON-able documents, for the store, the API and the log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from profiles import Cause, LimitStep, LimitTimeline, Purpose, RateUnit

if TYPE_CHECKING:
    from collections.abc import Mapping


def dump_plan(plan: LimitTimeline) -> dict[str, Any]:
    """Returns the plan as JSON-able values."""
    return {"steps": [dump_step(step) for step in plan.steps]}


def load_plan(doc: Mapping[str, Any]) -> LimitTimeline:
    """Returns the plan that `dump_plan` described."""
    return LimitTimeline(tuple(_load_step(step) for step in doc["steps"]))


def dump_step(step: LimitStep) -> dict[str, Any]:
    """Returns one step; its causes name profile, purpose, stack level and period."""
    return {
        "from": step.start.isoformat(),
        "to": step.end.isoformat(),
        "limit_a": step.limit_a,
        "limit_w": step.limit_w,
        "phases": step.phases,
        "ambiguous": step.ambiguous,
        "causes": [
            {
                "profile_id": cause.profile_id,
                "purpose": cause.purpose.value,
                "stack_level": cause.stack_level,
                "period": cause.period_index,
                "unit": cause.unit.value,
                "limit": cause.limit,
                "phases": cause.phases,
                "binding": cause.binding,
            }
            for cause in step.causes
        ],
    }


def _load_step(doc: Mapping[str, Any]) -> LimitStep:
    return LimitStep(
        start=datetime.fromisoformat(doc["from"]),
        end=datetime.fromisoformat(doc["to"]),
        limit_a=doc["limit_a"],
        limit_w=doc["limit_w"],
        phases=doc["phases"],
        ambiguous=doc["ambiguous"],
        causes=tuple(
            Cause(
                each["profile_id"],
                Purpose(each["purpose"]),
                each["stack_level"],
                each["period"],
                RateUnit(each["unit"]),
                each["limit"],
                each["phases"],
                each["binding"],
            )
            for each in doc["causes"]
        ),
    )
