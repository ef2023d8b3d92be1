"""Chargers in a process of their own, which can be stopped and started like a machine.

The parent tells it words, one JSON line each, on stdin; it reports on stdout in the same way. What
it measures is thus measured beside the runner, not in its loop.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from tests.chaos.server import PROJECT, end_with_us

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_ROLES = "tests.chaos.roles"
_LINE = 1 << 26


class Crew:
    """The parent's side: `async with Crew("steady", port=..., count=50) as crew`."""

    def __init__(self, role: str, **config: Any) -> None:
        self._role, self._config = role, config
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.chaos.crew",
            self._role,
            json.dumps(self._config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=PROJECT,
            limit=_LINE,
            preexec_fn=end_with_us,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        assert process is not None
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()

    async def tell(self, word: str, **more: Any) -> None:
        """Says a word to it."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"word": word, **more}).encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self, word: str, within_s: float = 120) -> dict[str, Any]:
        """Returns its next report of that name; skips others.

        Raises:
            AssertionError: if it ends, or says nothing in time.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(within_s):
                while line := await self._process.stdout.readline():
                    report: dict[str, Any] = json.loads(line)
                    if report["word"] == word:
                        return report
        except TimeoutError:
            raise AssertionError(f"{self._role}: no {word} within {within_s:g} s") from None
        raise AssertionError(f"{self._role}: ended before {word}")

    async def ask(self, word: str, within_s: float = 120, **more: Any) -> dict[str, Any]:
        """Says a word, and returns the report of the same name."""
        await self.tell(word, **more)
        return await self.hear(word, within_s)

    def freeze(self) -> None:
        """Stops it where it is; its connections stay open and say nothing more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


class Orders:
    """The child's side: words that came, and a way to report."""

    def __init__(self) -> None:
        self._words: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def next(self) -> dict[str, Any]:
        """Returns the next word."""
        return await self._words.get()

    async def until(self, word: str) -> dict[str, Any]:
        """Returns the next word of that name."""
        while (found := await self.next())["word"] != word:
            pass
        return found

    def report(self, word: str, **more: Any) -> None:
        """Says something to the parent."""
        sys.stdout.write(json.dumps({"word": word, **more}) + "\n")
        sys.stdout.flush()

    async def listen(self) -> None:
        """Takes words until the parent is gone."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            self._words.put_nowait(json.loads(line))


async def _main(role: Callable[..., Coroutine[Any, Any, None]], config: dict[str, Any]) -> None:
    orders = Orders()
    playing = asyncio.create_task(role(orders, **config))
    listening = asyncio.create_task(orders.listen())
    await asyncio.wait({playing, listening}, return_when=asyncio.FIRST_COMPLETED)
    if playing.done():
        playing.result()


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    import uvloop  # noqa: PLC0415 - not on every platform

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(coroutine)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _run(_main(getattr(import_module(_ROLES), sys.argv[1]), json.loads(sys.argv[2])))
    sys.stdout.flush()
    os._exit(0)
