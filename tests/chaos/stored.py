"""What the embedded PostgreSQL of a server holds, read after the server has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.chaos.postgres import Postgres

if TYPE_CHECKING:
    from tests.chaos.server import Server


async def query(server: Server, *statements: str) -> list[list[Any]]:
    """Returns the rows of each statement."""
    postgres = Postgres(server.data_dir / "postgres")
    await postgres.start()
    try:
        return [await postgres.fetch(each) for each in statements]
    finally:
        await postgres.stop()
