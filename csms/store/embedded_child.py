"""The server process as our direct child, which the kernel ends when we end."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from csms.store.embedded_account import Identity, environment

PR_SET_PDEATHSIG = 1
LAST_LINES = 5


class Child:
    """A started server, and the thread that started it and waits for it.

    The kernel's signal comes at the end of the *thread* that started the child, so that thread is
    one of our own and lasts as long as the child, whoever called us.
    """

    def __init__(self, command: Sequence[str | Path], identity: Identity, log_path: Path) -> None:
        self._command = command
        self._identity = identity
        self._log_path = log_path
        self._log_start = log_path.stat().st_size if log_path.exists() else 0
        self._started: Future[subprocess.Popen[bytes]] = Future()
        self._ended = threading.Event()
        threading.Thread(target=self._keep, name="embedded-postgres", daemon=True).start()
        self._process = self._started.result()
        self.pid = self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return not self._ended.is_set()

    def wait(self, timeout_s: float | None) -> bool:
        """Whether the process ends within the time; blocks until it does."""
        return self._ended.wait(timeout_s)

    def stop(self, fast_s: float, immediate_s: float) -> None:
        """Ends the process: fast shutdown, then without a checkpoint, then by force."""
        for number, patience_s in (
            (signal.SIGINT, fast_s),
            (signal.SIGQUIT, immediate_s),
            (signal.SIGKILL, immediate_s),
        ):
            if self._ended.is_set():
                return
            self._process.send_signal(number)
            self._ended.wait(patience_s)

    def last_words(self) -> str:
        """The last lines this process has written to its log, on one line."""
        with self._log_path.open("rb") as file:
            file.seek(self._log_start)
            lines = file.read().decode(errors="replace").splitlines()
        return f"{' '.join(lines[-LAST_LINES:])} (log: {self._log_path})"

    def _keep(self) -> None:
        try:
            process = self._spawn()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it
            self._started.set_exception(error)
            return
        self._started.set_result(process)
        process.wait()
        self._ended.set()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log_path.open("ab") as file:
            return subprocess.Popen(  # noqa: S603 - the binaries we have chosen, no shell
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment(),
                start_new_session=True,
                preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - it makes two system calls
                **self._identity,
            )


def _dies_with(parent: int) -> Callable[[], None] | None:
    """What the child does last before it becomes the server: ask for SIGINT at our death.

    It runs after the change of user, which would take the request back.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return ask
