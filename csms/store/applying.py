"""Has units written together, and takes out those that the database cannot take."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from csms.store.trouble import REFUSED, TRANSIENT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")


async def apply(
    units: Sequence[T],
    write: Callable[[Sequence[T]], Awaitable[None]],
    refuse: Callable[[T, Exception], Awaitable[None]],
) -> None:
    """Writes all units at once; if they are refused, halves them until the bad ones stand alone.

    `refuse` is done with a bad unit before any later one is written.

    Raises:
        Any of `TRANSIENT`: for trouble that is not in the units.
    """
    try:
        await write(units)
    except TRANSIENT:
        raise
    except REFUSED as error:
        if len(units) == 1:
            await refuse(units[0], error)
            return
        middle = len(units) // 2
        await apply(units[:middle], write, refuse)
        await apply(units[middle:], write, refuse)
