"""The spill journal: what was acknowledged is there, in order, whatever happened."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson
import pytest
from structlog.testing import capture_logs

from csms.errors import JournalUnusable
from csms.store.journal import Files, Journal

if TYPE_CHECKING:
    from pathlib import Path


def some(first: int, count: int) -> list[bytes]:
    return [b"unit %d" % number for number in range(first, first + count)]


OPEN: list[Journal] = []


@pytest.fixture(autouse=True)
def closed_in_the_end():
    yield
    while OPEN:
        OPEN.pop().close()


def opened(folder: Path, database: str = "db", **options) -> Journal:
    OPEN.append(Journal.open(folder, database, **options))
    return OPEN[-1]


def read_all(journal: Journal, limit: int = 3) -> list[bytes]:
    found: list[bytes] = []
    while batch := journal.batch(limit):
        found += [record.payload for record in batch.records]
        journal.forget(batch)
    return found


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def reopened(journal: Journal, **options) -> Journal:
    journal.close()
    return opened(journal.folder, **options)


def test_what_was_appended_comes_back_in_order_also_after_a_restart(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 5))
    journal.append(some(6, 2))
    journal = reopened(journal)
    assert journal.units == 7
    journal.append(some(8, 3))
    assert read_all(journal) == some(1, 10)
    assert journal.units == 0


def test_only_its_owner_can_look_into_the_folder(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 1))
    assert journal.folder.stat().st_mode & 0o777 == 0o700
    assert files(journal.folder)[0].stat().st_mode & 0o777 == 0o600


def test_a_batch_that_is_not_forgotten_comes_again(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 4))
    assert journal.batch(2) == journal.batch(2)
    journal.forget(journal.batch(2))
    assert [record.payload for record in journal.batch(9).records] == some(3, 2)


def test_segments_that_are_done_with_are_deleted_and_the_rest_stays(tmp_path):
    journal = opened(tmp_path / "j", segment_bytes=100)
    for number in range(1, 21):
        journal.append(some(number, 1))
    before = len(files(journal.folder))
    assert before > 5
    for _ in range(10):
        journal.forget(journal.batch(1))
    assert 1 < len(files(journal.folder)) < before
    journal.append(some(21, 1))
    journal = reopened(journal)
    found = read_all(journal)
    assert found[-11:] == some(11, 11)
    assert not files(journal.folder)


def test_sequences_go_on_after_a_restart(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 3))
    last = journal.batch(9).records[-1].sequence
    journal = reopened(journal)
    journal.append(some(4, 1))
    journal.forget(journal.batch(9))
    assert [record.sequence for record in journal.batch(9).records] == [last + 1]


def test_a_cleared_journal_is_empty_and_can_be_used_again(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 3))
    journal.clear()
    assert not files(journal.folder)
    assert journal.batch(9) is None
    journal.append(some(4, 2))
    assert read_all(reopened(journal)) == some(4, 2)


def test_two_processes_cannot_have_one_folder(tmp_path):
    journal = opened(tmp_path / "j")
    with pytest.raises(JournalUnusable, match="another csms"):
        opened(tmp_path / "j")
    journal.close()
    opened(tmp_path / "j").close()


def test_units_for_another_database_are_not_taken(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 2))
    journal.close()
    with pytest.raises(JournalUnusable, match="2 units for another database"):
        opened(tmp_path / "j", "other")
    assert read_all(opened(tmp_path / "j")) == some(1, 2)


def test_a_torn_tail_is_cut_kept_aside_and_told(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 3))
    journal.close()
    path = files(tmp_path / "j")[0]
    with path.open("ab") as file:
        file.write(b"\x05\0\0\0half")
    with capture_logs() as logs:
        journal = opened(tmp_path / "j")
    assert [line["event"] for line in logs] == ["journal.tail_cut"]
    assert path.with_suffix(".torn").read_bytes() == b"\x05\0\0\0half"
    journal.append(some(4, 1))
    assert read_all(reopened(journal)) == some(1, 4)


def test_damage_in_the_middle_loses_what_is_damaged_and_nothing_else(tmp_path):
    journal = opened(tmp_path / "j", segment_bytes=400)
    for number in range(1, 31):
        journal.append(some(number, 1))
    journal.close()
    path = files(tmp_path / "j")[0]
    data = bytearray(path.read_bytes())
    at = data.index(b"unit 3")
    data[at] ^= 1
    path.write_bytes(data)
    with capture_logs() as logs:
        journal = opened(tmp_path / "j")
    told = [line for line in logs if line["log_level"] == "error"]
    assert [line["units_lost"] for line in told] == [1]
    assert told[0]["kept"] == str(path.with_suffix(".damaged"))
    assert path.with_suffix(".damaged").read_bytes() == bytes(data)
    assert read_all(journal) == some(1, 2) + some(4, 27)


def test_damage_while_it_is_open_is_told_and_mended_by_a_restart(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 3))
    path = files(journal.folder)[0]
    data = bytearray(path.read_bytes())
    data[data.index(b"unit 1")] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match="a restart mends"):
        journal.batch(9)
    assert read_all(reopened(journal)) == some(2, 2)


def test_a_lost_header_costs_no_unit(tmp_path):
    journal = opened(tmp_path / "j")
    journal.append(some(1, 3))
    journal.close()
    path = files(tmp_path / "j")[0]
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    with capture_logs() as logs:
        journal = opened(tmp_path / "j")
    assert "journal.damaged" in [line["event"] for line in logs]
    assert read_all(journal) == some(1, 3)


def test_a_segment_cut_in_the_middle_of_the_folder_is_told_with_what_is_lost(tmp_path):
    journal = opened(tmp_path / "j", segment_bytes=400)
    for number in range(1, 31):
        journal.append(some(number, 1))
    journal.close()
    path = files(tmp_path / "j")[0]
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"unit 5")])
    with capture_logs() as logs:
        journal = opened(tmp_path / "j")
    (gap,) = [line for line in logs if line["event"] == "journal.gap"]
    found = read_all(journal)
    assert found[:4] == some(1, 4)
    assert found[4:] == some(31 - len(found) + 4, len(found) - 4)
    assert gap["units_lost"] == 30 - len(found)


def a_disk(fail: dict[str, int]) -> Files:
    """A disk on which the named call fails as often as it says, writes in their middle."""

    def write(fd: int, data: memoryview) -> int:
        if fail.get("write", 0):
            fail["write"] -= 1
            os.write(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "no space left on device")
        return os.write(fd, data)

    def sync(fd: int) -> None:
        if fail.get("sync", 0):
            fail["sync"] -= 1
            raise OSError(errno.EIO, "input/output error")
        os.fsync(fd)

    return Files(write, sync)


@pytest.mark.parametrize("call", ["write", "sync"])
@pytest.mark.parametrize("before", [0, 3])
def test_a_group_that_the_disk_refuses_is_not_there_and_the_next_one_is(tmp_path, call, before):
    fail: dict[str, int] = {}
    journal = opened(tmp_path / "j", files=a_disk(fail))
    if before:
        journal.append(some(1, before))
    for _ in range(3):
        fail[call] = 1
        with pytest.raises(OSError, match=r"space|input"):
            journal.append(some(100, 5))
    assert journal.units == before
    journal.append(some(before + 1, 4))
    assert read_all(reopened(journal)) == some(1, before + 4)


def test_after_a_failed_sync_its_file_is_not_written_again(tmp_path):
    fail: dict[str, int] = {}
    journal = opened(tmp_path / "j", files=a_disk(fail))
    journal.append(some(1, 2))
    fail["sync"] = 1
    with pytest.raises(OSError, match="input"):
        journal.append(some(3, 1))
    sizes = [path.stat().st_size for path in files(journal.folder)]
    journal.append(some(3, 1))
    assert [path.stat().st_size for path in files(journal.folder)][:1] == sizes
    assert read_all(journal) == some(1, 3)


_LIMITED = """
import resource, sys
from pathlib import Path
from csms.store.journal import Journal
resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
journal, told = Journal.open(Path(sys.argv[1]), "db"), 0
for number in range(1, 100):
    try:
        journal.append([b"unit %d" % number])
        told = number
    except OSError:
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
journal.append([b"unit %d" % (told + 1)])
print(told + 1)
"""


def test_a_full_disk_stops_it_and_room_lets_it_go_on(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "j")],
        capture_output=True,
        text=True,
        check=True,
    )
    told = int(ran.stdout)
    assert 5 < told < 50
    assert read_all(opened(tmp_path / "j")) == some(1, told)


def test_what_is_refused_is_kept_beside_as_lines(tmp_path):
    journal = opened(tmp_path / "j")
    journal.refuse({"why": "x"})
    journal.refuse({"why": "y"})
    lines = (journal.folder / "refused.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["why"] for line in lines] == ["x", "y"]


def test_a_large_record_is_read_whole(tmp_path):
    journal = opened(tmp_path / "j")
    payloads = [b"a", b"b" * 9_000_000, b"c"]
    journal.append(payloads)
    assert read_all(journal) == payloads
