"""The thresholds as settings: of a node, a site, a station or a profile, each field by itself.

The models are made from `csms.monitor.thresholds.Thresholds`, so that each field has one
description, one default and one range, wherever it is set.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from csms.monitor.thresholds import Thresholds
from profiles import CatalogueFinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from profiles import CatalogueProfile


class ThresholdModel(BaseModel):
    """Thresholds that somebody has set."""

    model_config = ConfigDict(extra="forbid")

    def values(self) -> dict[str, float]:
        """Returns what is set here, by name."""
        given = self.model_dump(exclude_none=True)
        return {name: given[name] for name in self.model_fields_set if name in given}

    def thresholds(self) -> Thresholds:
        """Returns the thresholds that the judge works with, defaults where nothing is set."""
        return Thresholds(**self.model_dump(exclude_none=True))


def _definitions(*, is_override: bool) -> dict[str, Any]:
    """Returns type with range, default and description of each threshold, by name."""
    made: dict[str, Any] = {}
    for each in fields(Thresholds):
        kind: Any = int if isinstance(each.default, int) else float
        least, most, text = (each.metadata[name] for name in ("least", "most", "text"))
        bounds = Field(ge=least, le=most, allow_inf_nan=None if kind is int else False)
        bounded: Any = Annotated[kind, bounds]
        default = None if is_override else each.default
        made[each.name] = (
            bounded | None if is_override else bounded,
            Field(default=default, description=text),
        )
    return made


if TYPE_CHECKING:

    class DeviationSettings(ThresholdModel):
        """All thresholds, with their defaults."""

    class DeviationOverrides(ThresholdModel):
        """Those that differ for a site, a station or a profile; None as elsewhere."""

else:
    DeviationSettings = create_model(
        "DeviationSettings",
        __base__=ThresholdModel,
        __module__=__name__,
        __doc__="How closely a session must follow its limit. See docs/alerts.md.",
        **_definitions(is_override=False),
    )
    DeviationOverrides = create_model(
        "DeviationOverrides",
        __base__=ThresholdModel,
        __module__=__name__,
        __doc__="What is judged otherwise here; a member that is left out is as elsewhere.",
        **_definitions(is_override=True),
    )


def findings_of(profiles: Iterable[CatalogueProfile]) -> tuple[CatalogueFinding, ...]:
    """Returns what is wrong with the thresholds that these profiles set."""
    return tuple(
        CatalogueFinding(profile.name, f"deviations.{field}", sentence)
        for profile in profiles
        for field, sentence in findings_in(profile.deviations)
    )


def findings_in(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns what is wrong with overrides that somebody wrote, as (field, sentence)."""
    try:
        DeviationOverrides.model_validate(dict(values))
    except ValidationError as error:
        return [
            (".".join(str(part) for part in each["loc"]), _sentence(each["type"], each["msg"]))
            for each in error.errors(include_url=False)
        ]
    return []


def _sentence(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such threshold; docs/settings.md lists all, under deviations"
    return message
