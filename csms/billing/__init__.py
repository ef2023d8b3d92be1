"""What a charge costs. PURE: exact decimals in, exact decimals out; no clock, no network."""

from csms.billing.price import RUNNING, Cost, Price, Prices

__all__ = ["RUNNING", "Cost", "Price", "Prices"]
