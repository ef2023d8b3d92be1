"""Currencies and their minor units. PURE.

Source: ISO 4217, list one, as the package iso4217 ships it.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from iso4217 import Currency

EXACT: Final = Context(prec=60)
"""Arithmetic that loses nothing in amounts of money: products are exact, thirds have 60 digits."""

_DIGITS: Final = {one.code: one.exponent for one in Currency if one.exponent is not None}
_DUST: Final = Decimal("1E-24")


def is_currency(code: str) -> bool:
    """Tells whether a code is a currency of ISO 4217 that has a minor unit, in capitals."""
    return code in _DIGITS


def minor_digits(currency: str) -> int:
    """Returns how many decimals a currency has: 2 for EUR, 0 for JPY, 3 for KWD.

    Raises:
        KeyError: the code is no currency that one could pay in.
    """
    return _DIGITS[currency]


def quantize(amount: Decimal, currency: str) -> Decimal:
    """Returns an amount in whole minor units of its currency, rounded half away from zero.

    What a division left beyond the 24th decimal is dust, and decides no half.
    """
    clean = amount.quantize(_DUST, context=EXACT)
    step = Decimal(1).scaleb(-minor_digits(currency))
    return clean.quantize(step, ROUND_HALF_UP, context=EXACT)
