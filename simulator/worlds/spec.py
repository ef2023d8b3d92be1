"""What all parts of a scenario file share: strict fields, and numbers that are drawn."""

from __future__ import annotations

import math
import re
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

if TYPE_CHECKING:
    from random import Random
    from typing import Self

MOST = 10_000_000
_TOO_WIDE: Final = re.compile(r"[{}]|[1-9]\d{2}")
Number: TypeAlias = Annotated[float, Field(ge=0, le=MOST)]


class Spec(BaseModel):
    """A table of a scenario file: unknown fields are mistakes, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Drawn(Spec):
    """A distribution; what is drawn below `least` or above `most` is moved there."""

    least: Number = Field(default=0.0, description="nothing below this is drawn")
    most: Number = Field(default=MOST, description="nothing above this is drawn")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least ({self.least:g}) is above most ({self.most:g})")
        return self

    def draw(self, random: Random) -> float:
        """Return one number."""
        return min(self.most, max(self.least, self._drawn(random)))

    def _drawn(self, random: Random) -> float:
        raise NotImplementedError

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that can be drawn."""
        return self.least, self.most


class Normal(_Drawn):
    """Normal: `{ normal = [mean, standard deviation] }`."""

    normal: tuple[Number, Number]

    def _drawn(self, random: Random) -> float:
        return random.gauss(*self.normal)


class LogNormal(_Drawn):
    """Log-normal, for what has a long tail: `{ lognormal = [median, sigma] }`."""

    lognormal: tuple[Annotated[float, Field(gt=0, le=MOST)], Annotated[float, Field(ge=0, le=5)]]

    def _drawn(self, random: Random) -> float:
        median, sigma = self.lognormal
        return random.lognormvariate(math.log(median), sigma)


class OneOf(_Drawn):
    """Empirical: `{ one_of = [numbers], weights = [numbers] }`; without weights all alike."""

    one_of: tuple[Number, ...] = Field(min_length=1, max_length=10_000)
    weights: tuple[Number, ...] | None = None

    @model_validator(mode="after")
    def _has_a_weight_each(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.one_of):
            raise ValueError(f"{len(self.one_of)} numbers need as many weights")
        if self.weights is not None and not any(self.weights):
            raise ValueError("one of the weights must be above 0")
        return self

    def _drawn(self, random: Random) -> float:
        return random.choices(self.one_of, self.weights)[0]

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most that can be drawn."""
        return max(self.least, min(self.one_of)), min(self.most, max(self.one_of))


_FORMS = ("normal", "lognormal", "one_of")
_EXPECTED = (
    "write a number, [low, high], { normal = [mean, deviation] }, "
    "{ lognormal = [median, sigma] } or { one_of = [numbers] }"
)


def _form(given: object) -> str | None:
    """Return which of the forms was meant, so that only its own mistakes are told."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return "number"
    if isinstance(given, (list, tuple)):
        return "range"
    if isinstance(given, dict):
        return next((form for form in _FORMS if form in given), None)
    return next((form for form in _FORMS if hasattr(given, form)), None)


Amount: TypeAlias = Annotated[
    Annotated[Number, Tag("number")]
    | Annotated[tuple[Number, Number], Tag("range")]
    | Annotated[Normal, Tag("normal")]
    | Annotated[LogNormal, Tag("lognormal")]
    | Annotated[OneOf, Tag("one_of")],
    Discriminator(_form, custom_error_type="amount", custom_error_message=_EXPECTED),
]
"""A number; the two ends between which it is drawn evenly; or a distribution."""


def draw(amount: Amount, random: Random) -> float:
    """Return a number; where there is nothing to choose, chance is not asked."""
    if isinstance(amount, _Drawn):
        return amount.draw(random)
    if isinstance(amount, tuple):
        return random.uniform(*amount)
    return float(amount)


def draw_or(amount: Amount | None, random: Random, without: float = math.inf) -> float:
    """Return a number, `without` where none is given."""
    return without if amount is None else draw(amount, random)


def bounds(amount: Amount) -> tuple[float, float]:
    """Return the least and the most that can be drawn."""
    if isinstance(amount, _Drawn):
        return amount.bounds
    if isinstance(amount, tuple):
        return min(amount), max(amount)
    return float(amount), float(amount)


def numbered(text: str, number: int) -> str:
    """Put a number where a text holds `{n}`. Raises: ValueError for other braces."""
    try:
        _check_braces(text)
        return text.format(n=number)
    except ValueError as error:
        raise ValueError(f"{text!r}: only {{n}} may stand in braces, as in BAY-{{n:03}}") from error


def _check_braces(text: str) -> None:
    """Raise ValueError for more than {n}, and for widths that nobody means."""
    for _, field, spec, conversion in Formatter().parse(text):
        if field is not None and (field != "n" or conversion or _TOO_WIDE.search(spec or "")):
            raise ValueError(field)
