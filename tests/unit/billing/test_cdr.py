"""CDRs: as OCPI 2.2.1 wants them, and every figure that of the charge record."""

from __future__ import annotations

import base64
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.billing import read_tariff
from csms.billing.cdr import cdr_of, credit_of
from csms.billing.party import Location, Outlet, Party
from tests.charge_records import DAY, TARIFF, a_record, z
from tests.ocpi_cdr import mistakes
from tests.signed_values import a_key, a_row, an_ocmf, der_of

SODER = Location(
    "Söders garage", "Götgatan 1", "Stockholm", "116 46", None, "SWE", "59.31510", "18.07320"
)
PARTY = Party("SE", "ABC", locations={"Söder": SODER})


def test_a_cdr_of_a_record_is_one_of_ocpi():
    cdr = cdr_of(a_record(), PARTY)
    assert mistakes(cdr) == []
    assert read_tariff(cdr["tariffs"][0]).id == "DAY-NIGHT"
    assert (cdr["id"], cdr["currency"]) == ("CDR-2026-000123", "SEK")
    assert cdr["total_cost"] == {"excl_vat": 67.32, "incl_vat": 83.37}
    assert (cdr["total_energy"], cdr["total_time"], cdr["total_parking_time"]) == (14.8123, 3, 0.5)
    assert cdr["total_fixed_cost"] == {"excl_vat": 5, "incl_vat": 6.25}
    assert cdr["total_parking_cost"] == {"excl_vat": 6, "incl_vat": 6.72}
    assert [each["dimensions"] for each in cdr["charging_periods"]] == [
        [{"type": "ENERGY", "volume": 4.9333}, {"type": "TIME", "volume": 1}],
        [{"type": "ENERGY", "volume": 9.879}, {"type": "TIME", "volume": 1.5}],
        [{"type": "PARKING_TIME", "volume": 0.5}],
    ]
    assert "remark" in cdr
    assert "not set" not in cdr["remark"]


def test_the_checker_finds_what_is_missing_wrong_or_unknown():
    cdr = cdr_of(a_record(), PARTY)
    del cdr["cdr_token"]["uid"]
    broken = cdr | {"auth_method": "X", "total_energy": 1.00001, "other": 1, "charging_periods": []}
    assert sorted(mistakes(broken)) == [
        "cdr.auth_method: 'X'",
        "cdr.cdr_token.uid is missing",
        "cdr.charging_periods is no list, or empty",
        "cdr.other is not known",
        "cdr.total_energy: 1.00001",
    ]


@pytest.mark.parametrize(
    ("session", "uid", "kind", "contract"),
    [
        ({"token": "04AB", "token_kind": None}, "04AB", "RFID", "XX"),
        ({"token": "04AB", "token_kind": "ISO14443"}, "04AB", "RFID", "XX"),
        ({"token": "app", "token_kind": "Central"}, "app", "APP_USER", "XX"),
        (
            {"token": "DE-ABC-C12345678-9", "token_kind": "eMAID"},
            "DE-ABC-C12345678-9",
            "OTHER",
            "DE",
        ),
        ({"token": "odd", "token_kind": "eMAID"}, "odd", "OTHER", "XX"),
        ({"token": None, "token_kind": None}, "20261121-7KQ2M4", "AD_HOC_USER", "XX"),
        ({"token": "Tåg", "token_kind": None}, "Tag~", "RFID", "XX"),
        ({"token": "x" * 255, "token_kind": None}, "x" * 27 + "~", "RFID", "XX"),
    ],
)
def test_whoever_charged_is_named_as_a_token_of_ocpi(session, uid, kind, contract):
    cdr = cdr_of(a_record(session=session), Party())
    assert mistakes(cdr) == []
    told = cdr["cdr_token"]
    assert told["uid"].startswith(uid)
    assert (told["type"], told["country_code"]) == (kind, contract)


@pytest.mark.parametrize(
    "station", ["CP1", "CP-1", "CP_1", "ö" * 48, "x" * 48, "DE*ABC*E1", "../evil", "a b"]
)
def test_every_station_has_an_evse_id_of_its_own(station):
    others = {"CP.1", "CP 1", "x" * 47, "ö" * 47, "CP!1"}
    ids = {
        cdr_of(a_record(session={"station_id": each}), Party())["cdr_location"]["evse_id"]
        for each in {station, *others}
    }
    assert len(ids) == len({station, *others})
    assert mistakes(cdr_of(a_record(session={"station_id": station}), Party())) == []


def test_what_nobody_has_set_is_named_in_the_remark():
    cdr = cdr_of(a_record(), Party())
    assert (cdr["cdr_location"]["address"], cdr["country_code"]) == ("#NA", "XX")
    assert "Address or coordinates of the location are not set." in cdr["remark"]
    own = Outlet("IEC_62196_T2_COMBO", "CABLE", "DC", {"1": "SE*ABC*E7*1"})
    place = cdr_of(a_record(), Party(outlets={"CP1": own}))["cdr_location"]
    assert place["connector_power_type"] == "DC"
    assert place["evse_id"] == "SE*ABC*E7*1"


def test_a_correction_is_a_credit_of_the_old_and_a_new_one():
    old = a_record()
    new = a_record(number="CDR-2026-000124", replaces=old["number"], reasons=("gap",))
    credit = credit_of(old, PARTY, new["issued_at"])
    assert mistakes(credit) == []
    assert (credit["id"], credit["credit"]) == ("CDR-2026-000123-C", True)
    assert credit["credit_reference_id"] == "CDR-2026-000123"
    assert credit["total_cost"] == {"excl_vat": -67.32, "incl_vat": -83.37}
    same = {"id", "credit", "credit_reference_id", "total_cost", "last_updated"}
    before = cdr_of(old, PARTY)
    assert {name: credit[name] for name in before if name not in same} == {
        name: value for name, value in before.items() if name not in same
    }
    told = cdr_of(new, PARTY)
    assert not {"credit", "credit_reference_id"} & told.keys()
    assert told["remark"].startswith("Replaces CDR-2026-000123.")


def test_signed_values_go_along_as_they_came():
    key = a_key()
    data = an_ocmf(a_row(DAY, "B", "1.0"), a_row(DAY + timedelta(hours=1), "E", "2.0"), key=key)
    entry = {"context": "Transaction.End", "encoding": "OCMF", "method": "", "data": data}
    signed = {
        "format": "OCMF",
        "public_key": der_of(key).hex(),
        "end": {"meter": "M1"},
        "values": [entry, entry | {"encoding": "EDL", "data": "x" * 6000}],
    }
    cdr = cdr_of(a_record(signed=signed), PARTY)
    assert mistakes(cdr) == []
    (value,) = cdr["signed_data"]["signed_values"]
    assert base64.b64decode(value["signed_data"]).decode() == data
    assert value["nature"] == "End"
    assert cdr["meter_id"] == "M1"


def test_without_vat_only_the_net_is_told():
    tariff = TARIFF | {
        "elements": [{"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}]}]
    }
    assert cdr_of(a_record(tariff), PARTY)["total_cost"] == {"excl_vat": 14.81}


def test_a_session_of_no_time_and_no_energy_has_a_cdr():
    record = a_record(points=[(0.0, 0, False)])
    cdr = cdr_of(record, PARTY)
    assert mistakes(cdr) == []
    assert (cdr["total_energy"], cdr["total_time"]) == (0, 0)
    empty = record | {"bill": record["bill"] | {"periods": [], "lines": []}}
    assert mistakes(cdr_of(empty, PARTY)) == []


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4000), st.integers(0, 3_000_000), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_the_periods_add_up_to_the_totals_in_four_decimals(steps):
    at, energy, points = 0, 0, []
    for seconds, milliwh, is_charging in steps:
        at, energy = at + seconds, energy + (milliwh if seconds and is_charging else 0)
        points.append((float(at), energy, is_charging))
    cdr = cdr_of(a_record(points=points), PARTY)
    assert mistakes(cdr) == []
    sums = {"ENERGY": Decimal(0), "TIME": Decimal(0), "PARKING_TIME": Decimal(0)}
    for period in cdr["charging_periods"]:
        for each in period["dimensions"]:
            sums[each["type"]] += Decimal(str(each["volume"]))
    assert sums["ENERGY"] == Decimal(str(cdr["total_energy"]))
    assert sums["PARKING_TIME"] == Decimal(str(cdr["total_parking_time"]))
    total = sums["TIME"] + sums["PARKING_TIME"]
    assert abs(total - Decimal(str(cdr["total_time"]))) <= Decimal("0.0001")


def test_times_are_to_the_second_and_in_utc():
    record = a_record(began=DAY + timedelta(microseconds=750_000))
    cdr = cdr_of(record | {"issued_at": z(DAY).replace("Z", "+00:00")}, PARTY)
    assert (cdr["start_date_time"], cdr["last_updated"]) == ("2026-11-21T08:00:00Z",) * 2


def test_what_a_reservation_costs_is_a_part_of_its_own():
    booking = {
        "price_components": [{"type": "TIME", "price": 60, "vat": 25, "step_size": 1}],
        "restrictions": {"reservation": "RESERVATION"},
    }
    tariff = TARIFF | {"elements": [booking, *TARIFF["elements"]]}
    record = a_record(tariff, booked_s=600)
    cdr = cdr_of(record, PARTY)
    assert mistakes(cdr) == []
    assert cdr["total_reservation_cost"] == {"excl_vat": 10, "incl_vat": 12.5}
    assert cdr["start_date_time"] == "2026-11-21T07:50:00Z"
    (first,) = cdr["charging_periods"][0]["dimensions"]
    assert first == {"type": "RESERVATION_TIME", "volume": 0.1667}
    assert cdr["total_time"] == 3
    assert "total_time_cost" not in cdr
    assert cdr["total_fixed_cost"] == {"excl_vat": 5, "incl_vat": 6.25}
