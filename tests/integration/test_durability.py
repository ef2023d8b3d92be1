import os
from datetime import UTC, datetime, timedelta

import pytest
from running import Running, charger, running

ROUNDS = int(os.environ.get("ROUNDS", "10"))


def _stamp(offset_s: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=offset_s)).isoformat(timespec="milliseconds")


async def _start_v16(server: Running, number: int) -> tuple[str, int]:
    async with charger(server, "KILL-16") as station:
        start = {
            "connectorId": 1,
            "idTag": f"TAG{number}",
            "meterStart": 1000 * number,
            "timestamp": _stamp(),
        }
        answer = await station.call("StartTransaction", start)
        transaction = answer[2]["transactionId"]
        sample = {"timestamp": _stamp(), "sampledValue": [{"value": str(1000 * number + 7)}]}
        await station.call(
            "MeterValues",
            {"connectorId": 1, "transactionId": transaction, "meterValue": [sample]},
        )
        server.kill()
        return str(transaction), 7


async def _start_v201(server: Running, number: int) -> tuple[str, int]:
    async with charger(server, "KILL-201", "ocpp2.0.1") as station:
        transaction = f"tx-{number}"
        for sequence, kind in enumerate(("Started", "Updated", "Ended")):
            value = {"timestamp": _stamp(), "sampledValue": [{"value": 500 + 4 * sequence}]}
            answer = await station.call(
                "TransactionEvent",
                {
                    "eventType": kind,
                    "timestamp": _stamp(),
                    "triggerReason": "MeterValuePeriodic",
                    "seqNo": sequence,
                    "transactionInfo": {"transactionId": transaction},
                    "evse": {"id": 1, "connectorId": 1},
                    "meterValue": [value],
                },
            )
            assert answer[0] == 3, answer
        server.kill()
        return transaction, 8


@pytest.mark.timeout(240)
async def test_what_was_answered_is_there_after_kill_9() -> None:
    expected: dict[str, int] = {}
    async with running("--accept-unknown-stations") as server:
        for number in range(ROUNDS):
            begin = _start_v16 if number % 2 else _start_v201
            transaction, energy = await begin(server, number)
            expected[transaction] = energy
            server.start()
        found = (await server.get("/sessions", limit=100))["items"]
    assert {each["transaction_id"]: each["energy_wh"] for each in found} == expected
    assert len({each["id"] for each in found}) == ROUNDS
