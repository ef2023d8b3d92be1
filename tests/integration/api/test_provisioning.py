"""Settings wanted by policy: read, compared, written, read back, reported."""

import asyncio
import json
from pathlib import Path

import pytest

from csms.domain.provisioning import same
from csms.engine import provisioning_policy
from csms.engine.provisioning_file import load_provisioning
from csms.engine.work import Work
from csms.errors import SettingsError

RULES = """
[[rules]]
name = "all"
take_base_report = false
[rules.keys]
TransactionMessageAttempts = { min = 10 }
LocalPreAuthorize = true
HeartbeatInterval = { min = 60, max = 600, set = 300 }
Absent = 1
NeedsReboot = "on"
Stubborn = 5
[rules.keys.MeterValuesSampledData]
list = ["Energy.Active.Import.Register", "SoC", "Voltage"]
shrink = true
[[rules.variables]]
component = "OCPPCommCtrlr"
variable = "MessageAttempts"
instance = "TransactionEvent"
min = 10
[[rules]]
name = "others"
vendor = ["nobody*"]
keys = { Other = 1 }
"""


def rules(tmp_path, text=RULES):
    file = Path(tmp_path) / "provisioning.toml"
    file.write_text(text)
    return load_provisioning(file)


class Keys:
    """A 1.6 station's configuration, behind its socket."""

    def __init__(self, station, values, refuses):
        self.station, self.values, self.refuses = station, values, refuses
        self.changed = []

    async def serve(self):
        while True:
            frame = json.loads(await self.station.received.get())
            answer = getattr(self, frame[2])(frame[3])
            await self.station.socket.send(json.dumps([3, frame[1], answer]))

    def GetConfiguration(self, payload):  # noqa: N802 - the action's name
        asked = payload.get("key", list(self.values))
        return {
            "configurationKey": [
                {"key": key, "readonly": False, "value": self.values[key]}
                for key in asked
                if key in self.values
            ],
            "unknownKey": [key for key in asked if key not in self.values],
        }

    def ChangeConfiguration(self, payload):  # noqa: N802 - the action's name
        key, value = payload["key"], payload["value"]
        self.changed.append((key, value))
        status = self.refuses(key, value)
        if status == "Accepted":
            self.values[key] = value
        return {"status": status}


async def settled(node, station="CP1"):
    async with asyncio.timeout(20):
        await node.noted("station.provisioned", station=station)
    view = await node.get(f"/stations/{station}/provisioning")
    return view, {each["variable"]: each for each in view["items"]}


async def test_what_differs_is_written_and_read_back(node, tmp_path):
    node.hub.engine.policy.provisioning = rules(tmp_path)

    def refuses(key, value):
        if key == "NeedsReboot":
            return "RebootRequired"
        return "Rejected" if key == "Stubborn" or value.count(",") == 2 else "Accepted"

    async with node.station("CP1") as station:
        values = {
            "TransactionMessageAttempts": "3",
            "LocalPreAuthorize": "TRUE",
            "HeartbeatInterval": "86400",
            "NeedsReboot": "off",
            "Stubborn": "4",
            "MeterValuesSampledData": "Voltage",
        }
        keys = Keys(station, values, refuses)
        serving = asyncio.create_task(keys.serve())
        assert (await node.get("/stations/CP1/provisioning"))["state"] == "waiting"
        assert (await node.http.post("/stations/CP1/provisioning/check")).status_code == 202
        view, items = await settled(node)
        serving.cancel()
    assert (view["state"], view["rules"], view["needs_reboot"]) == ("done", ["all"], True)
    assert {name: each["state"] for name, each in items.items()} == {
        "TransactionMessageAttempts": "as_wanted",
        "LocalPreAuthorize": "as_wanted",
        "HeartbeatInterval": "as_wanted",
        "Absent": "unknown",
        "NeedsReboot": "awaits_reboot",
        "Stubborn": "refused",
        "MeterValuesSampledData": "as_wanted",
    }
    assert items["MeterValuesSampledData"]["value"] == "Energy.Active.Import.Register,SoC"
    assert keys.changed == [
        ("TransactionMessageAttempts", "10"),
        ("HeartbeatInterval", "300"),
        ("NeedsReboot", "on"),
        ("Stubborn", "5"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,SoC,Voltage"),
        ("MeterValuesSampledData", "Energy.Active.Import.Register,SoC"),
    ]


async def test_variables_are_wanted_of_stations_that_have_components(node, tmp_path):
    node.hub.engine.policy.provisioning = rules(tmp_path)
    value = "3"
    async with node.station("CP1", "ocpp2.0.1") as station:

        async def serve():
            nonlocal value
            while True:
                frame = json.loads(await station.received.get())
                if frame[2] == "SetVariables":
                    value = frame[3]["setVariableData"][0].pop("attributeValue")
                    named = {**frame[3]["setVariableData"][0], "attributeStatus": "Accepted"}
                    answer = {"setVariableResult": [named]}
                else:
                    told = {"attributeStatus": "Accepted", "attributeValue": value}
                    answer = {"getVariableResult": [{**frame[3]["getVariableData"][0], **told}]}
                await station.socket.send(json.dumps([3, frame[1], answer]))

        serving = asyncio.create_task(serve())
        await node.http.post("/stations/CP1/provisioning/check")
        _, items = await settled(node)
        serving.cancel()
    told = items["OCPPCommCtrlr/MessageAttempts[TransactionEvent]"]
    assert (told["state"], told["value"], value) == ("as_wanted", "10", "10")


async def test_a_boot_has_it_looked_at_and_no_policy_asks_nothing(node, tmp_path):
    async with node.station("CP1"):
        state = node.hub.engine.stations["CP1"]
        assert state.provision_at is None
        view = await node.get("/stations/CP1/provisioning")
        assert (view["state"], view["items"]) == ("none", [])
        refused = await node.http.post("/stations/CP1/provisioning/check")
        assert refused.status_code == 409
    node.hub.engine.policy.provisioning = rules(tmp_path)
    async with node.station("CP1"):
        assert state.provision_at is not None
        work = Work(state, state.provision_at)
        assert provisioning_policy.check(node.hub.engine, work) is None
        assert [each.name for each in work.asks] == ["get_variables"]


async def test_a_base_report_is_taken_once_for_each_firmware(node, tmp_path):
    text = '[[rules]]\nname = "all"\ntake_base_report = true\n'
    node.hub.engine.policy.provisioning = rules(tmp_path, text)
    async with node.station("CP1", "ocpp2.0.1") as station:
        state = node.hub.engine.stations["CP1"]
        for status, event in (
            ("Rejected", "operation.refused"),
            ("EmptyResultSet", "operation.done"),
        ):
            station.answers["GetBaseReport"] = [3, {"status": status}]
            await node.http.post("/stations/CP1/provisioning/check")
            frame = json.loads(await asyncio.wait_for(station.received.get(), 20))
            assert (frame[2], frame[3]["reportBase"]) == ("GetBaseReport", "FullInventory")
            await node.noted(event, station="CP1")
        work = Work(state, state.provision_at)
        provisioning_policy.begin(node.hub.engine, work)
        assert work.asks == []


def test_every_mistake_of_a_file_is_named(tmp_path):
    text = """
[[rules]]
name = "a"
foo = 1
[rules.keys]
AuthorizationKey = "x"
A = { min = 10, max = 1 }
B = {}
C = [1]
D = { value = 1, shrink = true }
[[rules.variables]]
variable = "x"
value = 1
"""
    with pytest.raises(SettingsError) as refused:
        rules(tmp_path, text)
    sentences = str(refused.value).splitlines()
    for place, words in (
        ("rules.1.foo", "no such field"),
        ("rules.1.keys.AuthorizationKey", "secret"),
        ("rules.1.keys.A", "above max"),
        ("rules.1.keys.B", "give one of"),
        ("rules.1.keys.C", "must be a value"),
        ("rules.1.keys.D", "shrink"),
        ("rules.1.variables.1.component", "is missing"),
    ):
        assert any(place in each and words in each for each in sentences), (place, sentences)
    assert len(sentences) == 7


@pytest.mark.parametrize(
    ("told", "wanted", "is_same"),
    [
        ("True", "true", True),
        ("false", "true", False),
        ("60.0", "60", True),
        ("1e400", "60", False),
        ("SoC, Voltage", "Voltage,SoC", True),
        ("SoC", "Voltage,SoC", False),
        (" on ", "on", True),
        ("On", "on", False),
        ("\u0661", "1", False),
        ("NaN", "NaN", True),
    ],
)
def test_values_compare_by_what_they_mean(told, wanted, is_same):
    assert same(told, wanted) is is_same
