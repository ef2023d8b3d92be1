"""Receipts: text, PDF and CDR say what the record says, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from csms.billing.cdr import cdr_of
from csms.billing.party import Party
from csms.reports.receipt_pdf import to_pdf
from csms.reports.receipt_text import WIDTH, to_text
from csms.reports.receipt_words import LANGUAGES, REASONS
from csms.reports.receipts import amount, masked, receipt_of
from tests.charge_records import TARIFF, a_record
from tests.pdf_text import pages_of

PARTY = Party(name="Söders El & Wärme AB, łódź, 2 €", vat_number="SE556677889901")


def words_of(text: str) -> list[str]:
    """What is said, however it is broken into lines."""
    return [each.rstrip(".,;") for each in re.split(r"[\s()]+", text) if each]


def test_every_amount_of_the_record_is_on_the_receipt_in_both_forms():
    record = a_record(reasons=("gap",))
    receipt = receipt_of(record, PARTY)
    text, pdf = to_text(receipt), "\n".join(pages_of(to_pdf(receipt)))
    bill = record["bill"]
    for told in (words_of(text.replace(",", " ")), words_of(pdf.replace(",", " "))):
        for line in bill["lines"]:
            for name in ("quantity", "price", "net", "vat", "total"):
                digits = 0 if name == "quantity" else 2
                assert amount(line[name], digits) in told, (name, line)
        for name in ("net", "vat", "total"):
            assert bill[name] in told
        assert {"14.812345", "114812.345", "CDR-2026-000123", "20261121-7KQ2M4"} <= set(told)
    cdr = cdr_of(record, PARTY)
    assert Decimal(str(cdr["total_cost"]["incl_vat"])) == Decimal(receipt.total)


def test_text_and_pdf_say_the_same_words():
    receipt = receipt_of(a_record(), PARTY)
    (page,) = pages_of(to_pdf(receipt))
    text = set(words_of(to_text(receipt).replace(",", "")))
    missing = {
        each
        for each in words_of(page.replace(",", ""))
        if each not in text and each not in {"Line", "Time", "What", "Quantity", "Price", "page"}
    }
    assert missing == set()


def test_the_pdf_has_every_letter_and_the_same_bytes_each_time():
    receipt = receipt_of(a_record(), PARTY)
    pdf = to_pdf(receipt)
    assert pdf == to_pdf(receipt)
    (page,) = pages_of(pdf)
    assert "Söders El & Wärme AB, łódź, 2 €" in page
    assert "Dag och natt på Södermalm, łatwo, 2 €" in page


def test_five_hundred_lines_go_over_several_pages():
    receipt = receipt_of(a_record(), PARTY)
    pages = pages_of(to_pdf(replace(receipt, lines=receipt.lines * 100)))
    assert len(pages) > 10
    assert all(f"CDR-2026-000123, page {at}" in page for at, page in enumerate(pages, 1))
    assert sum(page.count("Rounding") for page in pages) == 100


def test_sums_by_vat_rate_come_to_the_totals_exactly():
    receipt = receipt_of(a_record(), PARTY)
    assert [each.rate for each in receipt.rates] == ["without a VAT rate", "12 %", "25 %"]
    for name in ("net", "vat", "total"):
        assert sum(Decimal(getattr(each, name)) for each in receipt.rates) == Decimal(
            getattr(receipt, name)
        )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"session": {"station_id": "x" * 48, "token": "y" * 200, "stop_reason": "\x1b[31m\n\tred"}},
        {"number": "N" * 36, "replaces": "M" * 36},
        {"contradictions": [{"kind": "end_before_start", "message": "long " * 60}]},
        {"session": {"token": None, "vehicle": None, "ended_at": None, "soc_start": None}},
    ],
)
def test_text_has_at_most_78_columns_and_nothing_that_a_terminal_obeys(changes):
    receipt = receipt_of(a_record(**changes), PARTY)
    text = to_text(receipt)
    assert max(len(line) for line in text.splitlines()) <= WIDTH == 78
    assert all(each.isprintable() for each in text.replace("\n", ""))
    assert pages_of(to_pdf(receipt))


def test_times_are_the_sites_and_both_offsets_are_told_where_the_clock_is_set_back():
    began = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    record = a_record(began=began)
    text = to_text(receipt_of(record, PARTY))
    assert "Begin                     2026-10-25 02:30:00 +02:00" in text
    assert "End                       2026-10-25 04:30:00 +01:00" in text
    assert "2026-10-25 02:30:00 +02:00 - " in text
    summer = to_text(receipt_of(a_record(began=began - timedelta(days=30)), PARTY))
    assert "2026-09-25 02:30:00 - 02:30:00  Start fee" in summer


def test_estimates_are_marked_and_explained():
    text = to_text(receipt_of(a_record(reasons=("gap", "something_new")), PARTY))
    assert "Energy, element 1 *" in text
    notes = " ".join(text[text.index("Notes") :].split())
    assert f"* rests on an estimate: {REASONS['en']['gap']}; something new." in notes
    assert "*" not in to_text(receipt_of(a_record(), PARTY)).replace("****", "")


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("valid", "(OCMF): valid. Begin and end"),
        ("invalid", "(OCMF): INVALID. Begin and end"),
        ("no_key", "(OCMF): not verified, no public key. Begin"),
        ("inconsistent", "(OCMF): DO NOT AGREE. Begin"),
    ],
)
def test_the_verdict_on_signed_values_is_told(state, shown):
    signed = {"format": "OCMF", "state": state, "why": "Begin and end are signed.", "values": []}
    assert shown in to_text(receipt_of(a_record(signed=signed), PARTY))
    assert "no signed meter values" in to_text(receipt_of(a_record(), PARTY))


def test_a_token_is_never_shown_whole():
    for token in ("04AABBCCDD1234", "ABCDE", "ABCD", "A"):
        text = to_text(receipt_of(a_record(session={"token": token}), PARTY))
        assert token not in text.replace("VAT", "").replace("AB,", "") or token == "A"
        assert f"Token                     {masked(token)}" in text
    assert [masked("A"), masked("ABCDE"), masked("ABCDEFGH")] == ["****", "****DE", "****EFGH"]


@pytest.mark.parametrize(
    ("text", "digits", "shown"),
    [
        ("5.000000", 2, "5.00"),
        ("3.953450", 2, "3.95345"),
        ("-0.000434", 2, "-0.000434"),
        ("120", 0, "120"),
        ("100.000", 0, "100"),
        ("1E+3", 0, "1000"),
        ("1.2", 3, "1.200"),
    ],
)
def test_amounts_keep_every_decimal_that_is_not_zero(text, digits, shown):
    assert amount(text, digits) == shown


def test_a_currency_without_a_minor_unit_has_no_decimals():
    tariff = TARIFF | {
        "currency": "JPY",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 25, "step_size": 1}]}],
        "min_price": {"excl_vat": 100},
        "tariff_alt_text": [],
    }
    receipt = receipt_of(a_record(tariff, points=[(60.0, 1_000_000, True)]), PARTY)
    assert receipt.total == "100"
    assert "A session costs at least 100 JPY net." in to_text(receipt)


def test_every_language_has_every_word():
    for language, words in LANGUAGES.items():
        assert words.keys() == LANGUAGES["en"].keys()
        assert REASONS[language].keys() == REASONS["en"].keys()
    with pytest.raises(KeyError):
        receipt_of(a_record(), PARTY, "xx")


def test_a_reservation_is_called_one():
    booking = {
        "price_components": [
            {"type": "FLAT", "price": 2, "vat": 25, "step_size": 1},
            {"type": "TIME", "price": 60, "vat": 25, "step_size": 1},
        ],
        "restrictions": {"reservation": "RESERVATION"},
    }
    record = a_record(TARIFF | {"elements": [booking, *TARIFF["elements"]]}, booked_s=600)
    text = to_text(receipt_of(record, PARTY))
    assert "Reservation fee, element 1" in text
    assert "Reserved time, element 1" in text
    assert "TIME 60 SEK per hour reserved" in " ".join(text.split())
