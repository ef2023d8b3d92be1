"""A day of each shipped scenario is the same in another process, to the last byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.worlds.scenario import shipped

STAGE = Path(__file__).with_name("stage.py")
FEW = {"mixed-week": 4, "clock-chaos": 3, "default": 4, "demo": 3}
NEEDS_FILE = "real-day"


def digests(hash_seed, seed, names):
    played = [f"{name}:{FEW.get(name, 2)}" for name in names]
    ran = subprocess.run(
        [sys.executable, str(STAGE), str(seed), *played],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    return ran.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_day_has_the_same_bytes_and_the_same_truth():
    names = [name for name in shipped() if name != NEEDS_FILE]
    first = digests(1, 4, names)
    assert first == digests(2, 4, names)
    assert len({line.split()[1] for line in first.splitlines()}) == len(names)
    assert all(int(line.split()[2]) > 10 for line in first.splitlines())
