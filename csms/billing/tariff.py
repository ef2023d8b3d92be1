"""The tariff model of OCPI 2.2.1, and the one thing that we add to it: spot prices. PURE.

Source: OCPI 2.2.1, 11.3.1 (Tariff object) and 11.4 (its classes); 16.5 for Price.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from csms.errors import LaddvaktError

if TYPE_CHECKING:
    from datetime import date, datetime, time
    from decimal import Decimal

    from csms.billing.energy_mix import EnergyMix

Dimension = Literal["ENERGY", "FLAT", "PARKING_TIME", "TIME"]
DIMENSIONS: Final[tuple[Dimension, ...]] = ("ENERGY", "FLAT", "PARKING_TIME", "TIME")
TARIFF_TYPES: Final = (
    "AD_HOC_PAYMENT",
    "PROFILE_CHEAP",
    "PROFILE_FAST",
    "PROFILE_GREEN",
    "REGULAR",
)
DAYS: Final = (
    "MONDAY",
    "TUESDAY",
    "WEDNESDAY",
    "THURSDAY",
    "FRIDAY",
    "SATURDAY",
    "SUNDAY",
)
"""In the order of `datetime.weekday`."""

Reservation = Literal["RESERVATION", "RESERVATION_EXPIRES"]
RESERVATIONS: Final[tuple[Reservation, ...]] = ("RESERVATION", "RESERVATION_EXPIRES")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or surely not meant, at one place of a document.

    `field` is a path like `elements[0].restrictions.start_time`, `` for the whole document.
    """

    field: str
    message: str


class TariffInvalid(LaddvaktError):  # noqa: N818 - says what is the case
    """A document is no tariff; `findings` has every mistake in it, in the document's order."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{first.field or 'tariff'}: {first.message}{more}")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Price:
    """An amount excluding VAT and, where it is known, including VAT."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """Our extension: a kWh costs `factor` times the series' price of that time, plus `add`."""

    series: str
    factor: Decimal
    add: Decimal


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """A price without VAT: for a kWh, for an hour, or (FLAT) for the session.

    `vat` is a percentage, None where no VAT applies. `step_size` is in Wh or in seconds.
    """

    type: Dimension
    price: Decimal
    vat: Decimal | None = None
    step_size: int = 1
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element applies: all that is given has to hold (OCPI 2.2.1, 11.4.6).

    Lower bounds belong to the range, upper bounds do not. Times, dates and days are local; an
    `end_time` of 00:00 is the end of the day. Currents are sums over the phases, in A, powers
    in kW, durations in seconds since the session's start, whatever the car did in them.
    """

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: tuple[str, ...] = ()
    reservation: Reservation | None = None


NO_RESTRICTIONS: Final = Restrictions()


@dataclass(frozen=True, slots=True)
class Element:
    """Prices that share their restrictions; at most one of each dimension."""

    price_components: tuple[PriceComponent, ...]
    restrictions: Restrictions = NO_RESTRICTIONS

    def component(self, dimension: Dimension) -> PriceComponent | None:
        """Returns the price of a dimension; None if the element has none."""
        for component in self.price_components:
            if component.type == dimension:
                return component
        return None


@dataclass(frozen=True, slots=True)
class DisplayText:
    """A text for people, in a language of ISO 639-1."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff. `ignored` are the paths of members that OCPI 2.2.1 does not know."""

    country_code: str
    party_id: str
    id: str
    currency: str
    elements: tuple[Element, ...]
    last_updated: datetime
    type: str | None = None
    tariff_alt_text: tuple[DisplayText, ...] = ()
    tariff_alt_url: str | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None
    energy_mix: EnergyMix | None = None
    ignored: tuple[str, ...] = field(default=(), compare=False)

    def is_valid_at(self, at: datetime) -> bool:
        """Tells whether a session that starts then may take this tariff."""
        started = self.start_date_time is None or self.start_date_time <= at
        return started and (self.end_date_time is None or at < self.end_date_time)

    @property
    def series(self) -> frozenset[str]:
        """The names of the price series that its prices follow."""
        spots = (one.spot for element in self.elements for one in element.price_components)
        return frozenset(spot.series for spot in spots if spot is not None)
