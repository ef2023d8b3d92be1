"""A minimal central system on the `ocpp` package as it comes, to compare with. Keeps nothing.

Stock ChargePoint classes with default validation, `websockets` on the default asyncio loop,
deflate off. The package's INFO line for each payload is off too, since logging is as it comes.
Started by the benchmarks; by hand: `python bench/_baseline.py --port 9100`.
"""

# `ocpp` has no types: its classes and decorators are Any.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

import argparse
import asyncio
import itertools
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call_result as result16
from ocpp.v16.enums import Action as Action16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as result201
from ocpp.v201.enums import Action as Action201
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

_V16, _V201 = Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")
_ACCEPTED = {"status": "Accepted"}
_transactions = itertools.count(1)


class Central16(ChargePoint16):
    """One 1.6 charger."""

    @on(Action16.boot_notification)
    def boot(self, **_: object) -> object:
        """Accepts."""
        return result16.BootNotification(current_time=_now(), interval=300, status="Accepted")

    @on(Action16.status_notification)
    def status(self, **_: object) -> object:
        """Acknowledges."""
        return result16.StatusNotification()

    @on(Action16.heartbeat)
    def heartbeat(self) -> object:
        """Tells the time."""
        return result16.Heartbeat(current_time=_now())

    @on(Action16.authorize)
    def authorize(self, **_: object) -> object:
        """Accepts."""
        return result16.Authorize(id_tag_info=_ACCEPTED)

    @on(Action16.start_transaction)
    def start_transaction(self, **_: object) -> object:
        """Accepts, and numbers the transaction."""
        number = next(_transactions)
        return result16.StartTransaction(transaction_id=number, id_tag_info=_ACCEPTED)

    @on(Action16.meter_values)
    def meter_values(self, **_: object) -> object:
        """Acknowledges."""
        return result16.MeterValues()

    @on(Action16.stop_transaction)
    def stop_transaction(self, **_: object) -> object:
        """Accepts."""
        return result16.StopTransaction(id_tag_info=_ACCEPTED)


class Central201(ChargePoint201):
    """One 2.0.1 charger."""

    @on(Action201.boot_notification)
    def boot(self, **_: object) -> object:
        """Accepts."""
        return result201.BootNotification(current_time=_now(), interval=300, status="Accepted")

    @on(Action201.status_notification)
    def status(self, **_: object) -> object:
        """Acknowledges."""
        return result201.StatusNotification()

    @on(Action201.heartbeat)
    def heartbeat(self) -> object:
        """Tells the time."""
        return result201.Heartbeat(current_time=_now())

    @on(Action201.authorize)
    def authorize(self, **_: object) -> object:
        """Accepts."""
        return result201.Authorize(id_token_info=_ACCEPTED)

    @on(Action201.transaction_event)
    def transaction_event(self, **fields: object) -> object:
        """Accepts the token where there is one."""
        info = _ACCEPTED if "id_token" in fields else None
        return result201.TransactionEvent(id_token_info=info)


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def _on_connect(socket: ServerConnection) -> None:
    station_id = "" if socket.request is None else socket.request.path.rpartition("/")[2]
    central = Central201 if socket.subprotocol == _V201 else Central16
    with suppress(ConnectionClosed):
        await central(station_id, socket).start()


async def _serve(port: int) -> None:
    async with serve(
        _on_connect, "127.0.0.1", port, subprotocols=[_V201, _V16], compression=None
    ) as server:
        await server.serve_forever()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
