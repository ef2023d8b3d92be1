"""Which user of this machine the embedded PostgreSQL runs as, and how programs run as that user.

PostgreSQL refuses to run as root. We drop to a user that exists already: none is created, and no
mode of a folder that is not ours is changed.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from csms.errors import DatabaseUnavailable

if sys.platform != "win32":
    import pwd

UNPRIVILEGED = ("postgres", "nobody")
RUN_TIMEOUT_S = 120


class Identity(TypedDict, total=False):
    """The part of `subprocess.Popen`'s arguments that changes the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user with an entry in the password database.

    `is_other` says that we are root and that the programs run as somebody else.
    """

    name: str
    uid: int
    gid: int
    is_other: bool

    @property
    def identity(self) -> Identity:
        """The arguments for `subprocess.Popen` that make the child run as this user."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(
        self, command: Sequence[str | Path], *, text_in: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end, in `/` since our own folder may be closed to this user.

        A program that this user may not execute ends with code 126 instead of an exception.
        """
        try:
            return subprocess.run(  # noqa: S603 - the binaries we have chosen, no shell
                command,
                input=text_in,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                cwd="/",
                env=environment(),
                timeout=RUN_TIMEOUT_S,
                **self.identity,
            )
        except OSError as error:
            return subprocess.CompletedProcess(command, 126, "", str(error))

    def can_enter(self, folder: Path) -> bool:
        """Whether the folder exists for this user, asked of the kernel and not of mode bits."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def give(self, path: Path) -> None:
        """Makes this user the owner of a path that we have created."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)


def environment() -> dict[str, str]:
    """Our environment without PostgreSQL's own variables, which would redirect the server."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PG")}


def account_for(data_dir: Path) -> Account:
    """The user to run as: ourselves, or for root the owner of the data, `postgres` or `nobody`.

    Raises: DatabaseUnavailable where no such user exists.
    """
    if os.geteuid() != 0:
        return _ourselves(data_dir)
    names = [_owner(data_dir), *UNPRIVILEGED]
    for entry in map(_entry, names):
        if entry is not None and entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, is_other=True)
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and this machine has no user 'postgres' or 'nobody' "
        "to run it as: start csms as an ordinary user or give --database-url."
    )


def _ourselves(data_dir: Path) -> Account:
    uid = os.geteuid()
    entry = _entry(uid)
    if entry is None:
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as user {uid}, which has no entry in the password database: "
            "start csms as a named user or give --database-url."
        )
    owner = _owner(data_dir)
    if owner not in {None, uid}:
        raise DatabaseUnavailable(
            f"The data in {data_dir} belongs to user {owner}, not to {entry.pw_name}: start csms "
            "as the user who did before (root, if it ran as root) or name another data folder."
        )
    return Account(entry.pw_name, uid, entry.pw_gid, is_other=False)


def _owner(data_dir: Path) -> int | None:
    try:
        return data_dir.stat().st_uid
    except OSError:
        return None


def _entry(user: int | str | None) -> "pwd.struct_passwd | None":
    if user is None:
        return None
    try:
        return pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        return None
