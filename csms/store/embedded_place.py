"""Where an embedded PostgreSQL keeps its things, and where instead if its user cannot get there.

PostgreSQL under root runs as another user, who has no way into a project below a closed home. The
data then lies in a folder outside, which a small file beside the wanted place names.
"""

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from csms.errors import DatabaseUnavailable
from csms.store.embedded_account import Account, account_for

OUTSIDE = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - entered through mkdtemp only
SHORT_FOLDER = Path("/tmp")  # noqa: S108 - only a folder of ours with mode 0700 is used in it
# A socket's whole path is limited to 103 bytes on macOS, 107 on Linux; ".s.PGSQL.5432.lock" is 18.
SOCKET_FOLDER_BYTES = 84
# What needs no quoting in PostgreSQL's list of folders and in asyncpg's list of hosts.
PLAIN_PATH = re.compile(r"[\w./ +-]+", re.ASCII)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A data folder and what lies beside it; everything is named after the data folder."""

    data: Path

    def beside(self, ending: str) -> Path:
        """The path next to the data folder with this ending on its name."""
        return self.data.with_name(self.data.name + ending)

    @property
    def is_initialised(self) -> bool:
        """Whether a cluster is there; it is put there whole or not at all."""
        return (self.data / "PG_VERSION").exists()


def choose_place(wanted: Path) -> tuple[Place, Account]:
    """The place for the data that is wanted at `wanted`, and the user who runs PostgreSQL there.

    Creates the parents of the data folder, not the folder itself. The same answer at every start.

    Raises: DatabaseUnavailable where no folder serves.
    """
    pointer = Place(wanted).beside(".location")
    data = _pointed(pointer) or wanted
    account = account_for(data)
    _make_parents(data.parent)
    if account.is_other and not account.can_enter(data.parent):
        data = _outside(account) / wanted.name
        pointer.write_text(f"{data}\n")
    if data != wanted:
        log.warning(
            "postgres.data_elsewhere", wanted=str(wanted), used=str(data), user=account.name
        )
    return Place(data), account


def _pointed(pointer: Path) -> Path | None:
    try:
        data = Path(pointer.read_text().strip())
    except FileNotFoundError:
        return None
    if not data.parent.is_dir():
        raise DatabaseUnavailable(
            f"The data folder {data} that {pointer} names is gone: put it back, "
            f"or delete {pointer} to start with an empty database."
        )
    return data


def _outside(account: Account) -> Path:
    for base in OUTSIDE:
        if account.can_enter(base):
            folder = Path(tempfile.mkdtemp(prefix="laddvakt-", dir=base))
            folder.chmod(0o755)
            return folder
    raise DatabaseUnavailable(
        f"The user {account.name} cannot reach the data folder, and none of "
        f"{', '.join(map(str, OUTSIDE))} either: name a folder that {account.name} can reach, "
        "start csms as an ordinary user, or give --database-url."
    )


def _make_parents(folder: Path) -> None:
    """Creates a folder and its parents open to all, unlike `mkdir`, which follows the umask."""
    missing = [path for path in [folder, *folder.parents] if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
        path.chmod(0o755)


def socket_folder(place: Place, account: Account) -> Path:
    """A folder for the socket, closed to other users: beside the data, or a short one in `/tmp`."""
    folder = place.beside(".socket")
    if len(os.fsencode(folder)) > SOCKET_FOLDER_BYTES or not PLAIN_PATH.fullmatch(str(folder)):
        digest = hashlib.sha256(os.fsencode(place.data)).hexdigest()[:12]
        folder = SHORT_FOLDER / f"laddvakt-{account.uid}-{digest}"
    try:
        folder.mkdir(mode=0o700)
        account.give(folder)
    except FileExistsError:
        _require_closed(folder, account)
    return folder


def _require_closed(folder: Path, account: Account) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise DatabaseUnavailable(
            f"{folder} is not a folder of {account.name} alone, and PostgreSQL's socket is to lie "
            "in it: delete it and start again."
        )
