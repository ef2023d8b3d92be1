"""What a scripted OCPP 1.6 station lives through: the transaction on one of its connectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage


def stamp(**ago: float) -> str:
    """Returns a time as a station writes it; by default now, or that long ago."""
    at = datetime.now(UTC) - timedelta(**ago)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def authorize(charger: Charger, tag: str, status: str = "Accepted") -> Payload:
    """Presents a tag, which must be judged so."""
    answer = await charger.call("Authorize", {"idTag": tag})
    info: Payload = answer["idTagInfo"]
    assert info["status"] == status, info
    return info


@dataclass
class Bay16:
    """A connector of a station, and the transaction there."""

    stage: Stage
    charger: Charger
    tag: str
    connector: int = 1
    transaction_id: int | None = None
    register: int = 1000

    @classmethod
    async def of(
        cls, stage: Stage, charger: Charger | None = None, connector: int = 1, **decided: Any
    ) -> Bay16:
        """Returns a connector, by default of a new station, with an accepted tag of its own."""
        tag = await stage.token(**decided)
        return cls(stage, charger or await stage.charger(), tag, connector)

    async def status(self, status: str, error: str = "NoError", **more: Any) -> None:
        """Tells the connector's state."""
        told = {"connectorId": self.connector, "errorCode": error, "status": status}
        sent = told | {"timestamp": stamp()} | more
        assert await self.charger.call("StatusNotification", sent) == {}

    async def shows(self, status: str) -> None:
        """Tells the connector's state, and holds what operators see against it."""
        await self.status(status)
        shown = await self.stage.connector(self.charger, self.connector, self.connector)
        assert shown == status, f"{status} was told, the API shows {shown}"

    async def start(self, status: str = "Accepted", **given: Any) -> Payload:
        """Starts a transaction; the answer must judge the tag so, and give a number."""
        sent = {
            "connectorId": self.connector,
            "idTag": self.tag,
            "meterStart": self.register,
            "timestamp": stamp(),
        } | given
        answer = await self.charger.call("StartTransaction", sent)
        assert answer["idTagInfo"]["status"] == status, answer
        assert answer["transactionId"] > 0, answer
        self.transaction_id = answer["transactionId"]
        return answer

    async def meter(self, wh: int = 100) -> None:
        """Sends a meter value that is some more than the last."""
        self.register += wh
        value = {"timestamp": stamp(), "sampledValue": [{"value": str(self.register)}]}
        sent = {
            "connectorId": self.connector,
            "transactionId": self.transaction_id,
            "meterValue": [value],
        }
        assert await self.charger.call("MeterValues", sent) == {}

    def stopping(self, **given: Any) -> Payload:
        """Returns the StopTransaction of the transaction."""
        self.register += 100
        stopped = {
            "transactionId": self.transaction_id,
            "meterStop": self.register,
            "timestamp": stamp(),
        }
        return stopped | given

    async def stop(self, **given: Any) -> Payload:
        """Stops the transaction. The answer judges the tag if, and only if, one was given."""
        answer = await self.charger.call("StopTransaction", self.stopping(**given))
        assert ("idTagInfo" in answer) is ("idTag" in given), answer
        return answer

    async def charging(self) -> None:
        """Brings it to where a vehicle charges, authorized before."""
        await authorize(self.charger, self.tag)
        await self.status("Preparing")
        await self.start()
        await self.shows("Charging")

    async def session(self, **members: Any) -> dict[str, Any]:
        """Waits for the station's newest session to be this transaction, with these members."""
        wanted = str(self.transaction_id)
        found = await self.stage.session(self.charger, **members)
        assert str(found["transaction_id"]) == wanted, found
        return found

    async def is_free(self) -> None:
        """Tells that the vehicle has left."""
        await self.status("Finishing")
        await self.shows("Available")
