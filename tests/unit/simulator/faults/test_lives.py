from unit.simulator.faults.book import shows, was_told
from unit.simulator.faults.odd import OddLab

from simulator.station.firmware import FirmwareOrder
from simulator.station.lifecycle import Registration


def register(room):
    return room.station.bays[1].supply.meter.register_wh


@shows("power-loss")
def test_power_fails_in_the_middle_and_the_end_is_told_after_the_boot(version):
    room = OddLab(version, "power-loss")
    room.run(120)
    assert room.is_up
    room.run(20)
    (closed,) = room.closings
    assert closed[1].is_abrupt
    assert not room.is_up
    assert was_told(room, "power-loss")
    before = register(room)
    room.run(200)
    assert not room.is_up
    assert register(room) == before
    room.run(120)
    assert len(room.said("BootNotification")) == 2
    (stop,) = room.of("Stop")
    reason = stop.get("reason") or stop["transactionInfo"]["stoppedReason"]
    assert reason == "PowerLoss"
    assert stop["timestamp"] < "2026-11-21T08:02:30"
    room.run(30)


@shows("runs-on-after-power-loss")
def test_a_transaction_runs_on_after_the_power_is_back(version):
    room = OddLab(version, "runs-on-after-power-loss")
    room.run(60)
    started = room.of("Start")
    room.station.lifecycle.power_cut(room.now, 100.0)
    before = register(room)
    room.run(99)
    assert register(room) == before
    room.run(100)
    assert room.of("Start") == started
    assert room.of("Stop") == []
    assert register(room) > before + 50
    assert was_told(room, "runs-on-after-power-loss")
    if version == "2.0.1":
        numbers = [each["seqNo"] for each in room.said("TransactionEvent")]
        assert numbers == list(range(len(numbers)))


@shows("queue-lost-with-power")
def test_a_power_loss_empties_the_queue(version):
    for fault, expected in (("queue-lost-with-power", 0), (None, 1)):
        room = OddLab(version, fault)
        room.run(60)
        room.stays_away = True
        room.drop()
        room.stop()
        room.station.lifecycle.power_cut(room.now, 10.0)
        room.stays_away = False
        room.run(60)
        assert len(room.of("Stop")) == expected
    lost = [each for each in room.events if each.name == "message.discarded"]
    assert lost == []


@shows("watchdog-reboot", "boot-loop")
def test_the_watchdog_reboots_now_and_then(version):
    room = OddLab(version, "boot-loop")
    room.run(3600)
    assert was_told(room, "boot-loop")
    boots = room.said("BootNotification")
    assert 4 <= len(boots) <= 30
    assert version == "1.6" or boots[-1]["reason"] == "Watchdog"
    daily = OddLab(version, "watchdog-reboot@0+1~2000", wants=1)
    daily.run(10_000)
    assert was_told(daily, "watchdog-reboot")
    assert 2 <= len(daily.said("BootNotification")) <= 15


@shows("never-boots-again")
def test_no_boot_after_a_reboot(version):
    room = OddLab(version, "never-boots-again")
    room.run(20)
    room.station.lifecycle.power_cut(room.now, 10.0)
    room.run(60)
    assert room.is_up
    assert len(room.said("BootNotification")) == 1
    assert room.said("Heartbeat")
    assert was_told(room, "never-boots-again")


@shows("breaks-before-boot")
def test_a_command_before_the_boot_breaks_the_station_down(version):
    room = OddLab(version, "breaks-before-boot", online=False)
    room.mute = True
    room.run(2)
    message_id = room.ask("ClearCache", {})
    assert message_id not in room.replies
    assert not room.is_up
    room.mute = False
    room.run(60)
    assert room.station.is_accepted
    assert was_told(room, "breaks-before-boot")


def fails(version, fault, action, request, told):
    room = OddLab(version, fault, stays=20)
    room.run(60)
    room.ask(action, request)
    room.run(3600)
    states = [each["status"] for each in room.said(told)]
    assert was_told(room, fault)
    return states


@shows("download-fails", "installation-fails")
def test_updates_end_in_the_failure():
    retrieve = {"location": "http://x/f.bin", "retrieveDate": "2026-11-21T08:00:00Z"}
    for fault, word in (
        ("download-fails", "DownloadFailed"),
        ("installation-fails", "InstallationFailed"),
    ):
        states = fails("1.6", fault, "UpdateFirmware", retrieve, "FirmwareStatusNotification")
        assert states[-1] == word
        firmware = {"location": "http://x/f", "retrieveDateTime": "2026-11-21T08:00:00Z"}
        request = {"requestId": 1, "firmware": firmware}
        states = fails("2.0.1", fault, "UpdateFirmware", request, "FirmwareStatusNotification")
        assert states[-1] == word


@shows("bad-signature")
def test_a_signature_is_found_wrong(version):
    room = OddLab(version, "bad-signature", stays=20)
    room.run(60)
    order = FirmwareOrder("http://x/f.bin", room.now, request_id=1, signature="c2ln")
    room.station.upkeep.firmware.take(order, room.now)
    room.run(600)
    said = room.said("SignedFirmwareStatusNotification") or room.said("FirmwareStatusNotification")
    assert said[-1]["status"] == "InvalidSignature"
    assert was_told(room, "bad-signature")


@shows("upload-fails")
def test_an_upload_fails(version):
    log = {"remoteLocation": "http://x/logs"}
    request = {"logType": "DiagnosticsLog", "requestId": 5, "log": log}
    states = fails(version, "upload-fails", "GetLog", request, "LogStatusNotification")
    assert states[-1] == "UploadFailure"


def test_power_may_come_back_earlier_and_be_cut_again(version):
    room = OddLab(version, None)
    room.run(30)
    life = room.station.lifecycle
    life.power_cut(room.now, float("inf"))
    room.run(1000)
    assert not room.is_up
    life.power_up(room.now)
    life.power_up(room.now)
    life.power_cut(room.now, 5.0)
    life.power_cut(room.now, 5.0)
    room.run(60)
    assert room.station.is_accepted
    assert len(room.said("BootNotification")) == 2
    assert life.registration is Registration.ACCEPTED


def test_several_losses_in_a_row_lose_no_end_of_a_transaction(version):
    room = OddLab(version, None)
    room.run(60)
    for _ in range(4):
        room.station.lifecycle.power_cut(room.now, 3.0)
        room.run(3.2)
    room.run(60)
    assert len(room.of("Start")) >= 1
    assert len(room.of("Stop")) == 1


def test_rejected_station_is_silent_until_its_interval_is_over(version):
    room = OddLab(version, None, online=False)
    room.statuses["BootNotification"] = "Rejected"
    room.run(10)
    said = len(room.calls)
    message_id = room.ask("ClearCache", {})
    if version == "1.6":
        assert message_id not in room.replies
    else:
        assert room.replies[message_id][0][1][2] == "SecurityError"
    room.run(250)
    assert len(room.calls) == said == 1
    room.statuses.clear()
    room.run(60)
    assert room.station.is_accepted


def test_pending_station_answers_but_starts_nothing(version):
    room = OddLab(version, None, online=False)
    room.statuses["BootNotification"] = "Pending"
    room.run(10)
    request = (
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "R"})
        if version == "1.6"
        else (
            "RequestStartTransaction",
            {"evseId": 1, "remoteStartId": 7, "idToken": {"idToken": "R", "type": "Central"}},
        )
    )
    assert room.command(*request) == {"status": "Rejected"}
    asked = {"requestedMessage": "BootNotification"}
    assert room.command("TriggerMessage", asked)["status"] == "Accepted"
    room.run(5)
    assert len(room.said("BootNotification")) == 2
    assert {action for _, action, _ in room.calls} == {"BootNotification"}
