"""Where the energy of a tariff comes from. PURE. Source: OCPI 2.2.1, 8.4.6 to 8.4.11."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from csms.billing.fields import Fields

SOURCES: Final = (
    "NUCLEAR",
    "GENERAL_FOSSIL",
    "COAL",
    "GAS",
    "GENERAL_GREEN",
    "SOLAR",
    "WIND",
    "WATER",
)
IMPACTS: Final = ("NUCLEAR_WASTE", "CARBON_DIOXIDE")
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Share:
    """How much (percent, or grams for each kWh) of a source or of an impact there is."""

    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EnergyMix:
    """The mix as its supplier states it; `sources` in percent, `impacts` in g/kWh."""

    is_green_energy: bool
    sources: tuple[Share, ...] = ()
    impacts: tuple[Share, ...] = ()
    supplier_name: str | None = None
    energy_product_name: str | None = None


def read_energy_mix(fields: Fields | None) -> EnergyMix | None:
    """Returns a mix; mistakes go to the fields' findings."""
    if fields is None:
        return None
    green = fields.flag("is_green_energy", required=True)
    return EnergyMix(
        is_green_energy=bool(green),
        sources=_shares(fields, "energy_sources", ("source", "percentage"), SOURCES),
        impacts=_shares(fields, "environ_impact", ("category", "amount"), IMPACTS),
        supplier_name=fields.text("supplier_name", 64),
        energy_product_name=fields.text("energy_product_name", 64),
    )


def dump_energy_mix(mix: EnergyMix) -> dict[str, Any]:
    """Returns a mix as JSON of OCPI; amounts are still Decimals."""
    doc: dict[str, Any] = {"is_green_energy": mix.is_green_energy}
    if mix.sources:
        doc["energy_sources"] = [{"source": s.name, "percentage": s.amount} for s in mix.sources]
    if mix.impacts:
        doc["environ_impact"] = [{"category": i.name, "amount": i.amount} for i in mix.impacts]
    if mix.supplier_name is not None:
        doc["supplier_name"] = mix.supplier_name
    if mix.energy_product_name is not None:
        doc["energy_product_name"] = mix.energy_product_name
    return doc


def _shares(
    fields: Fields, key: str, names: tuple[str, str], allowed: tuple[str, ...]
) -> tuple[Share, ...]:
    shares = []
    for share in fields.each(key):
        name = share.choice(names[0], allowed, required=True)
        most = {"most": _HUNDRED} if names[1] == "percentage" else {}
        amount = share.number(names[1], Decimal(0), required=True, **most)
        if name is not None and amount is not None:
            shares.append(Share(name, amount))
    return tuple(shares)
