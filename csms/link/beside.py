"""Work that goes on although the one who asked for it waits no longer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

_T = TypeVar("_T")


def awaited() -> asyncio.Future[Any]:
    """Returns a future for `settle`, of which nobody needs to see the error."""
    result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    result.add_done_callback(_look_at)
    return result


async def settle(work: Coroutine[Any, Any, _T], result: asyncio.Future[_T]) -> None:
    """Does the work, and hands what comes of it, or its error, to who waits for `result`."""
    try:
        outcome = await work
    except Exception as error:  # noqa: BLE001 - handed to the one who waits
        if not result.done():
            result.set_exception(error)
    except BaseException:
        result.cancel()
        raise
    else:
        if not result.done():
            result.set_result(outcome)


def _look_at(result: asyncio.Future[Any]) -> None:
    """Keeps asyncio from complaining about an error that nobody waits for any more."""
    if not result.cancelled():
        result.exception()
