"""The journal after a crash at any byte: what was acknowledged is there, in order, once."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.store.journal import Files, Journal
from csms.store.segments import Record, pack, scan

HASTY = Files(sync=lambda _: None)

GROUPS = st.lists(
    st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=4), min_size=1, max_size=6
)


def read_all(journal: Journal) -> list[bytes]:
    found: list[bytes] = []
    while batch := journal.batch(2):
        found += [record.payload for record in batch.records]
        journal.forget(batch)
    return found


@given(units=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=12))
def test_every_prefix_of_a_file_gives_the_records_that_are_whole(units):
    records = [Record(number, unit) for number, unit in enumerate(units, 5)]
    data = pack(records)
    ends = [len(pack(records[:count])) for count in range(len(records) + 1)]
    for cut in range(len(data) + 1):
        whole = sum(end <= cut for end in ends) - 1
        assert scan(data[:cut]) == (records[:whole], ends[whole], [])


@settings(max_examples=25, deadline=None)
@given(
    groups=GROUPS,
    segment_bytes=st.sampled_from([1, 300, 10_000]),
    cuts=st.lists(st.floats(0, 1), min_size=6, max_size=6),
)
def test_a_crash_within_the_last_group_costs_none_that_was_acknowledged(
    groups, segment_bytes, cuts
):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "j"
        journal = Journal.open(folder, "db", segment_bytes=segment_bytes, files=HASTY)
        for group in groups[:-1]:
            journal.append(group)
        before = {path: path.stat().st_size for path in folder.glob("*.journal")}
        journal.append(groups[-1])
        journal.close()
        (last,) = [
            path for path in folder.glob("*.journal") if path.stat().st_size != before.get(path)
        ]
        data, start = last.read_bytes(), before.get(last, 0)
        acknowledged = [unit for group in groups[:-1] for unit in group]
        written = acknowledged + groups[-1]
        for share in cuts:
            cut = start + round(share * (len(data) - start))
            copy = Path(name) / "copy"
            shutil.copytree(folder, copy)
            (copy / last.name).write_bytes(data[:cut])
            reopened = Journal.open(copy, "db")
            found = read_all(reopened)
            reopened.close()
            shutil.rmtree(copy)
            assert found == written[: len(found)]
            assert len(found) >= len(acknowledged)


@settings(max_examples=60, deadline=None)
@given(groups=GROUPS, where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_costs_one_unit_at_most_and_says_so(groups, where, bit):
    with tempfile.TemporaryDirectory() as name:
        journal = Journal.open(Path(name), "db", files=HASTY)
        for group in groups:
            journal.append(group)
        journal.close()
        (path,) = Path(name).glob("*.journal")
        data = bytearray(path.read_bytes())
        data[int(where * len(data))] ^= 1 << bit
        path.write_bytes(data)
        journal = Journal.open(Path(name), "db")
        found = read_all(journal)
        journal.close()
        written = [unit for group in groups for unit in group]
        left = iter(written)
        assert all(unit in left for unit in found)
        assert len(found) >= len(written) - 1
        assert [*Path(name).glob("*.damaged"), *Path(name).glob("*.torn")]
