"""What a device model says of its station, and reports in parts that never end."""

import pytest

from csms.domain.device_model import VariableKey, VariableTold
from csms.domain.features import Feature
from csms.domain.station import Station
from csms.engine import device_model
from csms.engine.device_model_limits import bytes_of, items_of
from csms.engine.state import StationState
from csms.engine.supports import require, supports
from csms.engine.work import Work
from csms.errors import OperationRefused
from tests.builders import START


def told(work, component, variable, value, instance=None):
    key = VariableKey(component, variable, instance)
    device_model.keep(work, [VariableTold(key, {"Actual": value})])


@pytest.fixture
def work():
    return Work(StationState(Station(id="CP1", items_per_message={"SetVariables": 2})), START)


@pytest.mark.parametrize("component", ["DeviceDataCtrlr", "DeviceDataCtrl", "devicedatactrlr"])
def test_limits_are_learned_however_the_controller_is_spelled(work, component):
    told(work, component, "ItemsPerMessage", "4", "getvariables")
    told(work, component, "BytesPerMessage", "900", "GetVariables")
    told(work, component, "ItemsPerMessage", "9", "SetVariables")
    told(work, "MonitoringCtrlr", "ItemsPerMessage", "3", "ClearVariableMonitoring")
    told(work, "", "GetConfigurationMaxKeys", "7")
    assert items_of(work.station.record) == {
        "GetVariables": 4,
        "SetVariables": 2,
        "ClearVariableMonitoring": 3,
        "GetConfiguration": 7,
    }
    assert bytes_of(work.station.record) == {"GetVariables": 900}


@pytest.mark.parametrize("value", ["0", "-4", "4.5", "", "four", "\u0664", "9" * 400])
def test_a_limit_that_is_none_is_no_limit(work, value):
    told(work, "DeviceDataCtrlr", "ItemsPerMessage", value, "GetVariables")
    assert items_of(work.station.record).get("GetVariables") in {None, 999_999_999}


def test_what_a_station_has_not_said_is_not_refused(work):
    station = work.station
    assert supports(station, Feature.RESERVATION) is None
    require(station, Feature.RESERVATION, "reservations")
    told(work, "ReservationCtrlr", "Available", "False")
    assert supports(station, Feature.RESERVATION) is False
    with pytest.raises(OperationRefused, match="CP1 says that it has no reservations"):
        require(station, Feature.RESERVATION, "reservations")
    told(work, "", "SupportedFeatureProfiles", "Core, Reservation")
    assert supports(station, Feature.RESERVATION) is True
    assert supports(station, Feature.SMART_CHARGING) is False
    told(work, "", "SupportedFeatureProfiles", "")
    assert supports(station, Feature.RESERVATION) is True


def test_what_no_database_can_hold_is_cut():
    work = Work(StationState(Station(id="CP1")), START)
    key = VariableKey("a\0" * 500, "v", None, None, 2**40, None)
    device_model.keep(work, [VariableTold(key, {"Actual": "x\0" + "y" * 20_000})])
    [write] = work.writes
    assert (len(write.component), write.evse, len(write.told["Actual"])) == (200, None, 10_000)
    assert "\0" not in write.key + write.component + write.told["Actual"]
