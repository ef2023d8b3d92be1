"""OCPP 2.0.1, block P: data transfer, and custom data. Source: part 6, 3.17."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V201, case
from tests.conformance.states import Bay, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage

CUSTOM = {"vendorId": "org.example", "depth": {"list": [1, None, "ö"], "flag": True}}
_DATA: dict[str, Payload] = {
    "no message": {},
    "message": {"messageId": "Ping"},
    "text": {"messageId": "Ping", "data": "hello"},
    "object": {"messageId": "Ping", "data": {"a": [1, 2.5, {"b": None}]}},
    "list": {"messageId": "Ping", "data": [1, "two", None]},
    "number": {"messageId": "Ping", "data": 12.5},
}


@case(
    "TC_P_02_CSMS",
    version=V201,
    block="P",
    title="Data Transfer to the CSMS - Rejected / Unknown VendorId / Unknown MessageId",
    requirements=("P02.FR.06", "P02.FR.07"),
    variants=_DATA,
)
async def unknown_vendor(stage: Stage) -> None:
    charger = await stage.charger()
    told = {"vendorId": stage.unique("org.vendor"), **_DATA[str(stage.variant)]}
    answer = await charger.call("DataTransfer", told)
    assert answer["status"] == "UnknownVendorId", answer
    assert "data" not in answer, answer


@case("TC_P_03_CSMS", version=V201, block="P", title="CustomData - Receive custom data")
async def custom_data(stage: Stage) -> None:
    bay = await Bay.of(stage)
    charger = bay.charger
    status = {
        "timestamp": stamp(),
        "connectorStatus": "Occupied",
        "evseId": 1,
        "connectorId": 1,
        "customData": CUSTOM,
    }
    assert await charger.call("StatusNotification", status) == {}
    assert await stage.connector(charger) == "Occupied"
    event = {
        "eventType": "Started",
        "timestamp": stamp(),
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": stage.unique("TX"), "customData": CUSTOM},
        "idToken": {**bay.token, "customData": CUSTOM},
        "evse": {"id": 1, "connectorId": 1, "customData": CUSTOM},
        "meterValue": [
            {
                "timestamp": stamp(),
                "sampledValue": [{"value": 1234.5, "customData": CUSTOM}],
                "customData": CUSTOM,
            }
        ],
        "customData": CUSTOM,
    }
    answer = await charger.call("TransactionEvent", event)
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    await stage.session(charger, transaction_id=event["transactionInfo"]["transactionId"])
