"""Vendors' own messages, passed on to whoever the operator has named for the vendor.

It is posted as JSON: station_id, vendor_id, message_id and data. The answer is JSON too: status,
by default Accepted, and data.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from csms.domain.facts import DataTransferAnswer
from csms.engine.data_transfer import vendor_of
from csms.link.outside import NotAsked, Question, post

if TYPE_CHECKING:
    from csms.domain.facts import DataTransferred, Fact
    from csms.domain.vendor import Vendor
    from csms.engine.state import StationState
    from csms.link.hub import Hub

_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_REJECTED: Final = "Rejected"
_STATUSES: Final = {"Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"}


async def ask_vendor(hub: Hub, station: StationState, fact: DataTransferred) -> Fact:
    """Returns a vendor's message with the answer to it, if somebody is to be asked."""
    vendor = vendor_of(hub.engine, fact.vendor_id)
    if vendor is None or vendor.url is None or not vendor.knows(fact.message_id):
        return fact
    return replace(fact, found=await _ask(hub, station, vendor, fact))


async def _ask(
    hub: Hub, station: StationState, vendor: Vendor, fact: DataTransferred
) -> DataTransferAnswer:
    body = {
        "station_id": station.id,
        "vendor_id": fact.vendor_id,
        "message_id": fact.message_id,
        "data": fact.content,
    }
    try:
        question = Question(vendor.url or "", orjson.dumps(body), _HEADERS, vendor.timeout_s)
        async with asyncio.timeout(vendor.timeout_s):
            said = await post(await hub.outside.get(), question)
        return _read(orjson.loads(said))
    except NotAsked as error:
        return DataTransferAnswer(_REJECTED, problem=str(error))
    except TimeoutError:
        why = f"there was no answer within {vendor.timeout_s:g} s"
        return DataTransferAnswer(_REJECTED, problem=why)
    except (TypeError, ValueError):
        return DataTransferAnswer(_REJECTED, problem="message or answer cannot be put in JSON")


def _read(said: Any) -> DataTransferAnswer:  # noqa: ANN401 - any JSON
    status = said.get("status", "Accepted") if isinstance(said, dict) else None
    if not isinstance(status, str) or status not in _STATUSES:
        problem = "the answer has no status, or one that OCPP does not know"
        return DataTransferAnswer(_REJECTED, problem=problem)
    data = said.get("data")
    try:
        orjson.dumps([[[[data]]]])  # the answer to the station is not as flat as its data
    except (TypeError, ValueError, RecursionError):
        problem = "the data are nested too deep, or hold what JSON cannot"
        return DataTransferAnswer(_REJECTED, problem=problem)
    return DataTransferAnswer(status, data)
