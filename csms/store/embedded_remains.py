"""What an earlier run left in a data folder: a running server, its lock files; and our own lock.

The lock of ours tells a second csms from a dead one, which PostgreSQL's lock files cannot do.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

import structlog

from csms.errors import DatabaseUnavailable

if sys.platform != "win32":
    import fcntl

PATIENCE_S = 30
POLL_S = 0.02

log = structlog.get_logger(__name__)


def take_lock(path: Path, data: Path) -> TextIO:
    """Locks the data folder for this process; closing the file, or dying, unlocks it.

    Raises: DatabaseUnavailable if another csms holds it.
    """
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise DatabaseUnavailable(
            f"Another csms (process {holder}) keeps its data in {data}: stop it first, "
            "or give this one another data folder."
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def clear_remains(data: Path, socket_folder: Path) -> None:
    """Ends a server that outlived its csms and removes locks that would fool PostgreSQL.

    Call it under the lock of `take_lock`: a server found here is then nobody's. The lock file of a
    dead server stays, PostgreSQL judges it better than we can (it looks at the shared memory); only
    one whose process ID is now somebody else, or a zombie, goes.

    Raises: DatabaseUnavailable if the old server does not end.
    """
    lock_file = data / "postmaster.pid"
    postmaster = recorded_pid(data)
    _wait_for_end(data, postmaster)
    if postmaster is not None and _exists(postmaster):
        log.info("postgres.stale_lock_removed", path=str(lock_file), process=postmaster)
        lock_file.unlink(missing_ok=True)
        for path in socket_folder.glob(".s.PGSQL.*"):
            path.unlink(missing_ok=True)


def recorded_pid(data: Path) -> int | None:
    """The process ID in the server's lock file."""
    lines = lock_lines(data)
    try:
        return abs(int(lines[0]))
    except (IndexError, ValueError):
        return None


def lock_lines(data: Path) -> list[str]:
    """The lines of the server's lock file; none if there is no such file."""
    try:
        return (data / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _wait_for_end(data: Path, postmaster: int | None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    asked = False
    while running := _servers_in(data, postmaster):
        if postmaster in running and not asked:
            log.warning("postgres.orphan_stopped", process=postmaster, data=str(data))
            os.kill(postmaster, signal.SIGINT)
            asked = True
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"A PostgreSQL of an earlier run (process {min(running)}) still works in {data} "
                f"and does not end: stop it with kill -QUIT {min(running)} and start again."
            )
        time.sleep(POLL_S)


def _servers_in(data: Path, postmaster: int | None) -> set[int]:
    """The PostgreSQL processes that work in this data folder, helpers of a dead server included."""
    if sys.platform != "linux":
        found = postmaster is not None and str(data) in _command_line(postmaster)
        return {postmaster} if postmaster is not None and found else set()
    return {int(entry.name) for entry in Path("/proc").iterdir() if _works_in(entry, data)}


def _works_in(process: Path, data: Path) -> bool:
    """A zombie has no folder any more, and another user's process does not show it: both are no."""
    try:
        return (
            process.name.isdigit()
            and (process / "comm").read_text().strip() == "postgres"
            and (process / "cwd").samefile(data)
        )
    except OSError:
        return False


def _command_line(pid: int) -> str:
    answer = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
