"""The least and the most that a session may cost. PURE. Source: OCPI 2.2.1, 11.3.1."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from csms.billing.money import EXACT

if TYPE_CHECKING:
    from csms.billing.tariff import Price, Tariff

_ZERO: Final = Decimal(0)
_HUNDRED: Final = Decimal(100)


def limited(tariff: Tariff, net: Decimal, vat: Decimal) -> tuple[Decimal, Decimal]:
    """Returns (net, VAT) within `min_price` and `max_price`.

    Both amounts of a limit apply, each to its own sum: the one without VAT to the net, the one
    with VAT to the total. Where a limit has none with VAT, the VAT keeps its share of the net,
    or takes the one rate that all prices of the tariff have if there is no net yet.
    """
    due = net, vat
    for limit, is_least in ((tariff.min_price, True), (tariff.max_price, False)):
        if limit is not None:
            due = _within(tariff, due, limit, is_least=is_least)
    return due


def _within(
    tariff: Tariff, due: tuple[Decimal, Decimal], limit: Price, *, is_least: bool
) -> tuple[Decimal, Decimal]:
    pick = max if is_least else min
    net = pick(due[0], limit.excl_vat)
    if limit.incl_vat is None:
        vat = due[1] if net == due[0] else EXACT.multiply(net, _share(tariff, due))
        return net, vat
    total = pick(EXACT.add(*due), limit.incl_vat)
    return net, max(EXACT.subtract(total, net), _ZERO)


def _share(tariff: Tariff, due: tuple[Decimal, Decimal]) -> Decimal:
    if due[0]:
        return EXACT.divide(due[1], due[0])
    rates = {one.vat or _ZERO for element in tariff.elements for one in element.price_components}
    return EXACT.divide(rates.pop(), _HUNDRED) if len(rates) == 1 else _ZERO
