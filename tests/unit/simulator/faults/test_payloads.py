import pytest
from unit.simulator.faults.book import shows, was_told
from unit.simulator.faults.odd import OddLab, read

ENERGY = "Energy.Active.Import.Register"


def charged(version, fault, seconds=60, **more):
    room = OddLab(version, fault, **more)
    room.run(seconds)
    room.stop()
    room.run(5)
    assert was_told(room, fault)
    return room


def is_object(room):
    held = [payload["meterValue"] for payload in room.raw() if "meterValue" in payload]
    return len(held) >= 4 and all(isinstance(each, dict) for each in held)


def is_of_other_type(room):
    wanted = float if room.version.value == "1.6" else str
    values = [each["value"] for each in room.values()]
    return len(values) >= 20 and all(isinstance(each, wanted) for each in values)


def has_no_values(room):
    sets = [each for payload in room.raw() for each in payload.get("meterValue", ())]
    return len(sets) >= 4 and all(each["sampledValue"] == [] for each in sets)


def has_unknown_measurands(room):
    names = {each["measurand"] for each in room.values()}
    return ENERGY in names and all(each.endswith(".Total") for each in names - {ENERGY})


def has_long_serials(room):
    (boot,) = room.said("BootNotification")
    held = boot.get("chargingStation", boot)
    return max(len(each) for each in held.values() if isinstance(each, str)) == 60


def has_long_info(room):
    states = room.said("StatusNotification")
    long = [each for each in states if max(map(len, map(str, each.values()))) > 50]
    return states == long


def has_nulls(room):
    return sum(None in payload.values() for payload in room.raw()) >= 8


def has_extra_members(room):
    return sum(payload.get("vendorNote") == "odd" for payload in room.raw()) >= 8


def has_no_times(room):
    return not any("timestamp" in text for _, text in room.texts)


def has_small_letters(room):
    name = "status" if room.version.value == "1.6" else "connectorStatus"
    states = [each[name] for each in room.said("StatusNotification")]
    return states and all(each.islower() for each in states)


def is_cut_short(room):
    texts = [text for _, text in room.texts if "StatusNotification" in text]
    return texts and all(read(text) is None for text in texts)


def has_stray_commas(room):
    return any("[,{" in text and read(text) is None for _, text in room.texts)


def has_last_commas(room):
    return sum(text.endswith(",}]") for _, text in room.texts) >= 2


def is_not_a_number(room):
    if room.version.value == "1.6":
        return {each["value"] for each in room.values()} == {"NaN"}
    return any('"value":NaN' in text for _, text in room.texts)


SHOWN = {
    "meter-value-as-object": is_object,
    "values-of-other-type": is_of_other_type,
    "no-sampled-values": has_no_values,
    "unknown-measurands": has_unknown_measurands,
    "overlong-serial": has_long_serials,
    "overlong-info": has_long_info,
    "stray-commas": has_stray_commas,
    "last-commas": has_last_commas,
    "null-members": has_nulls,
    "extra-members": has_extra_members,
    "no-timestamps": has_no_times,
    "small-letters": has_small_letters,
    "cut-short": is_cut_short,
    "values-not-a-number": is_not_a_number,
}


@shows(*SHOWN)
@pytest.mark.parametrize("fault", SHOWN)
def test_messages_are_broken_in_their_way(version, fault):
    room = OddLab(version, fault)
    room.run(60)
    shown_on = SHOWN[fault]
    if room.station.is_accepted and room.station.charging_count():
        room.stop()
    assert shown_on(room)
    assert not shown_on(honest(version))
    assert not room.station.is_accepted or was_told(room, fault)


def honest(version):
    room = OddLab(version, None)
    room.run(60)
    room.stop()
    assert room.violations == room.unread == []
    return room


@shows("unknown-error-code")
def test_error_code_is_none_that_there_is():
    room = charged("1.6", "unknown-error-code")
    assert {each["errorCode"] for each in room.said("StatusNotification")} == {"Error"}


@shows("all-values-in-stop")
def test_the_end_of_a_transaction_carries_all_its_values(version):
    room = charged(version, "all-values-in-stop", 200)
    sets = [
        each
        for _, action, payload in room.calls
        if payload.get("eventType") != "Ended"
        for each in payload.get("meterValue", ())
    ]
    (stop,) = room.of("Stop")
    held = stop["transactionData" if version == "1.6" else "meterValue"]
    assert len(sets) >= 18
    assert held[: len(sets)] == sets


@shows("huge-reports")
def test_reports_are_of_65_kb_and_more():
    room = OddLab("2.0.1", "huge-reports")
    room.run(10)
    room.command("GetBaseReport", {"requestId": 3, "reportBase": "FullInventory"})
    room.run(10)
    sizes = [len(text) for _, text in room.texts if '"NotifyReport"' in text]
    assert sizes
    assert min(sizes) > 60_000
    assert was_told(room, "huge-reports")


@shows("answers-without-status")
def test_answers_have_no_status(version):
    room = OddLab(version, "answers-without-status")
    room.run(10)
    message_id = room.ask("ClearCache", {})
    assert room.replies[message_id][0][1] == [3, message_id, {}]
    assert was_told(room, "answers-without-status")


@shows("huge-answers")
def test_answers_are_huge(version):
    room = OddLab(version, "huge-answers")
    room.run(10)
    message_id = room.ask("ClearCache", {})
    assert room.replies[message_id][0][1][2]["status"] in ("Accepted", "Rejected")
    assert len(room.texts[-1][1]) > 65_000
    assert was_told(room, "huge-answers")
