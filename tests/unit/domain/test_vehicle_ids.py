"""What a vehicle is known by, however it is written."""

import pytest

from csms.domain.emaid import check_digit, contract_of, din_check_digit, is_written_as_contract
from csms.domain.token import TokenRef
from csms.domain.vehicle_ids import (
    IdentityInvalid,
    IdentityKind,
    guesses,
    identities_of,
    read_identity,
    vin_check_digit,
    vin_of,
)


def refs(text, kind=None):
    return [read.identity.ref for read in identities_of(TokenRef(text, kind))]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("VID:041A2B3C4D5E", None),
        ("vid:04:1a:2b:3c:4d:5e", None),
        ("VID041A2B3C4D5E", None),
        ("04-1A-2B-3C-4D-5E", "MacAddress"),
        ("041a.2b3c.4d5e", "MacAddress"),
        ("4:1A:2B:3C:4D:5E", "MacAddress"),
        ("041A2B3C4D5E0000", "MacAddress"),
        ("0000041A2B3C4D5E", "MacAddress"),
        ("041A2BFFFE3C4D5E", "MacAddress"),
    ],
)
def test_an_address_is_one_however_a_station_writes_it(text, kind):
    assert refs(text, kind) == ["mac:041A2B3C4D5E"]


def test_what_has_no_prefix_and_no_type_is_the_token_as_well():
    assert refs("041A2B3C4D5E") == ["mac:041A2B3C4D5E", "token:041a2b3c4d5e"]
    assert refs("041A2B3C4D5E", "ISO14443") == ["token:041a2b3c4d5e"]
    assert refs("04A2B3C4") == ["token:04a2b3c4"]


def test_an_address_cut_after_twenty_characters_keeps_what_is_left():
    cut = "VID:04:1A:2B:3C:4D:5E"[:20]
    [read] = identities_of(TokenRef(cut))
    assert read.identity.ref == "mac:041A2B3C4D5"
    assert "cut by the station: 11 of 12 digits" in read.assumed


@pytest.mark.parametrize("text", ["000000000000", "FFFFFFFFFFFF", "01005E000001"])
def test_what_no_interface_has_is_no_address(text):
    assert refs(text, "MacAddress") == [f"token:{text.lower()}"]


def test_a_chademo_vehicle_id_is_one_of_its_own_kind():
    long = "010203040A0B0C0D111213141A1B1C1D212223242A2B2C2D"
    assert refs(long, "MacAddress") == [f"evccid:{long}"]


@pytest.mark.parametrize("kind", ["NoAuthorization", None])
def test_nobody_has_no_identity(kind):
    assert refs("", kind) == []
    assert refs("x" * 256, kind) == []


# Published beside the algorithm, by the clearing house that made it.
@pytest.mark.parametrize(
    ("key", "digit"),
    [
        ("NN123ABCDEFGHI", "T"),
        ("FRXYZ123456789", "2"),
        ("ITA1B2C3E4F5G6", "4"),
        ("ESZU8WOX834H1D", "R"),
        ("PT73902837ABCZ", "Z"),
        ("DE83DUIEN83QGZ", "D"),
        ("DE83DUIEN83ZGQ", "M"),
        ("DE8AA001234567", "0"),
    ],
)
def test_the_check_digit_of_a_contract(key, digit):
    assert check_digit(key) == digit


def test_the_check_digit_of_the_older_form():
    digits = [din_check_digit(f"INTNM{number:06d}") for number in (71, 110, 124, 114, 191)]
    assert digits == ["9", "X", "0", "6", "5"]


@pytest.mark.parametrize(
    "text",
    ["NL-TNM-012204-5", "NL*TNM*012204*5", "NLTNM000122045U", "nl-tnm-c00122045-k"],
)
def test_a_contract_is_one_in_all_its_forms(text):
    assert refs(text, "eMAID") == ["emaid:NLTNM000122045"]
    assert refs(text) == ["emaid:NLTNM000122045"]


def test_a_wrong_check_digit_is_told_and_taken():
    contract = contract_of("DE-8AA-001234567-9")
    assert contract is not None
    assert contract.assumed == ("the check digit 9 does not fit, 0 would",)
    assert not is_written_as_contract("DE8AA0012345679")


def test_a_vin_is_checked():
    read = vin_of("1m8gdm9a xkp042788")
    assert read is not None
    assert (read.identity.ref, read.assumed) == ("vin:1M8GDM9AXKP042788", ())
    assert vin_check_digit("11111111111111111") == "1"
    european = vin_of("WVWZZZ1JZXW000001")
    assert european is not None
    assert "no check digit" in european.assumed[0]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("vin", "1M8GDM9AXKPO42788", "cannot hold O"),
        ("vin", "1M8GDM9AXKP04278", "16 characters"),
        ("mac", "04:1A:2B:3C:4D", "twelve hexadecimal digits"),
        ("mac", "FF:FF:FF:FF:FF:FF", "not all alike"),
        ("emaid", "DE-8AA", "no contract ID"),
        ("evccid", "A1", "no EVCCID"),
        ("token", "   ", "not blank"),
    ],
)
def test_what_an_operator_mistypes_is_told(kind, text, said):
    with pytest.raises(IdentityInvalid, match=said):
        read_identity(IdentityKind(kind), text)


def test_a_typed_text_is_looked_for_as_all_that_it_may_be():
    found = [each.ref for each in guesses("04:1a:2b:3c:4d:5e")]
    assert found == ["mac:041A2B3C4D5E", "name:04:1a:2b:3c:4d:5e", "token:04:1a:2b:3c:4d:5e"]
