import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture(autouse=True)
def bench_modules(monkeypatch):
    """The benchmarks are scripts: they find each other by the folder that they lie in."""
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    scripts = ("_workload", "_judged", "judge", "limits")
    for name in [name for name in sys.modules if name.startswith(scripts)]:
        del sys.modules[name]
