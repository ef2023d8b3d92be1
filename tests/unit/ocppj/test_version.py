from importlib import resources

import pytest

from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version


@pytest.mark.parametrize(
    ("version", "subprotocol"), [(Version.V16, "ocpp1.6"), (Version.V201, "ocpp2.0.1")]
)
def test_subprotocol_is_that_of_the_specification(version, subprotocol):
    assert version.subprotocol == subprotocol


@pytest.mark.parametrize(("version", "directory"), [(Version.V16, "v16"), (Version.V201, "v201")])
def test_both_directions_together_are_all_actions_with_a_schema(version, directory):
    files = {file.name for file in (resources.files("ocpp") / directory / "schemas").iterdir()}
    shipped = {name.removesuffix("Response.json") for name in files if "Response" in name}
    assert STATION_ACTIONS[version] | CSMS_ACTIONS[version] == shipped


@pytest.mark.parametrize("version", Version)
def test_only_data_transfer_goes_both_ways(version):
    assert STATION_ACTIONS[version] & CSMS_ACTIONS[version] == {"DataTransfer"}
