"""What a charge costs. PURE: exact decimals in, exact decimals out; no clock, no network."""

from csms.billing.advice import advise
from csms.billing.bill import Bill, Line, Period, dump_bill, load_bill
from csms.billing.of_prices import tariff_of_prices
from csms.billing.offline import SessionInvalid, price_session
from csms.billing.price import RUNNING, Price, Prices
from csms.billing.reading import dump_tariff, read_tariff
from csms.billing.series import PriceSeries, SeriesInvalid
from csms.billing.series_reading import read_series
from csms.billing.tally import Tally
from csms.billing.tariff import Finding, Tariff, TariffInvalid

__all__ = [
    "RUNNING",
    "Bill",
    "Finding",
    "Line",
    "Period",
    "Price",
    "PriceSeries",
    "Prices",
    "SeriesInvalid",
    "SessionInvalid",
    "Tally",
    "Tariff",
    "TariffInvalid",
    "advise",
    "dump_bill",
    "dump_tariff",
    "load_bill",
    "price_session",
    "read_series",
    "read_tariff",
    "tariff_of_prices",
]
