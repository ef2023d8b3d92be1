"""What all handlers share: the hub, the archive, the live events, and how a change is made."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request

from csms.errors import DatabaseUnavailable
from csms.link.beside import awaited, settle

if TYPE_CHECKING:
    from datetime import datetime

    from csms.api.events import Broadcaster
    from csms.link.hub import Hub
    from csms.reports.desk import ReportDesk
    from csms.store.archive import Archive
    from profiles import CatalogueProfile

_T = TypeVar("_T")
_DURABLE_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a handler may use. `files` are the profiles that come from files."""

    hub: "Hub"
    archive: "Archive"
    events: "Broadcaster"
    files: Mapping[str, "CatalogueProfile"]
    reports: "ReportDesk"

    def now(self) -> "datetime":
        """Returns the present instant of the node's clock."""
        return self.hub.clock.now()

    async def durably(self, change: Coroutine[Any, Any, _T]) -> _T:
        """Makes a change that waits for the database, and returns what it returns.

        The change goes on when the one who asked has gone, or was told that it takes longer.

        Raises:
            DatabaseUnavailable: if it is not done in time.
        """
        result: asyncio.Future[_T] = awaited()
        self.hub.spawn(settle(change, result))
        try:
            async with asyncio.timeout(_DURABLE_WITHIN_S):
                return await asyncio.shield(result)
        except TimeoutError:
            raise DatabaseUnavailable(
                "the database is away; the change is made once it is back"
            ) from None


def services(request: Request) -> Services:
    """Returns the application's services."""
    found: Services = request.app.state.services
    return found


Api = Annotated[Services, Depends(services)]
