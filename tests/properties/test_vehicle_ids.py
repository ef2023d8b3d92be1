"""Normal forms of identities: of whatever text, in whatever writing."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from csms.domain.emaid import Contract, check_digit, contract_of
from csms.domain.token import TokenRef
from csms.domain.vehicle_ids import Identity, identities_of, is_plausible_mac, read_identity

KINDS = [None, "MacAddress", "eMAID", "Central", "ISO14443", "NoAuthorization", "odd"]
HEX = st.text("0123456789ABCDEF", min_size=12, max_size=12).filter(is_plausible_mac)
CONTRACTS = st.from_regex(r"[A-Z]{2}[A-Z0-9]{3}[A-Z0-9]{9}", fullmatch=True)


@given(st.text(max_size=60), st.sampled_from(KINDS))
@example("VID:", None)
@example("VID:" + "0" * 11, None)
@example("4:1:2:3:4:5", "MacAddress")
@settings(max_examples=150)
def test_every_text_has_identities_that_read_as_themselves(text, kind):
    for read in identities_of(TokenRef(text, kind)):
        identity = read.identity
        assert identity.key
        assert Identity.of_ref(identity.ref) == identity
        assert identities_of(TokenRef(text, kind)) == identities_of(TokenRef(f" {text} ", kind))


@given(HEX, st.sampled_from([":", "-", ".", ""]), st.booleans(), st.sampled_from(["", "VID:"]))
@settings(max_examples=60)
def test_an_address_is_the_same_in_every_writing(digits, separator, is_lower, prefix):
    pairs = separator.join(digits[place : place + 2] for place in range(0, 12, 2))
    text = prefix + (pairs.lower() if is_lower else pairs)
    [read] = identities_of(TokenRef(text, "MacAddress"))
    assert read.identity.ref == f"mac:{digits}"
    assert read_identity(read.identity.kind, read.identity.text).identity == read.identity


@given(CONTRACTS, st.booleans(), st.booleans())
@settings(max_examples=100)
def test_a_contract_is_the_same_in_every_writing(key, has_hyphens, has_digit):
    parts = [key[:2], key[2:5], key[5:], *([check_digit(key)] if has_digit else [])]
    contract = contract_of(("-" if has_hyphens else "").join(parts).lower())
    assert contract is not None
    assert contract.assumed == ()
    assert contract_of(contract.text) == Contract(contract.key)


@given(CONTRACTS, st.integers(0, 12))
@settings(max_examples=60)
def test_a_check_digit_shows_neighbours_that_changed_places(key, place):
    swapped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
    assert swapped == key or check_digit(swapped) != check_digit(key)
