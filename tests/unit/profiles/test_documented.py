"""The documented example runs as it stands, without the central system, and prints what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import profiles

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "profiles.md").read_text()
EXAMPLE = re.search(r"```python\n(.*?)```\n\n((?: {4}[^\n]*\n)+)", TEXT, re.DOTALL)


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_example_prints_what_stands_below_it():
    code, printed = EXAMPLE.groups()
    assert run(code) == re.sub(r"^ {4}", "", printed, flags=re.MULTILINE)


def test_library_brings_nothing_of_the_central_system_along():
    found = run("import sys, profiles; print(*{name.split('.')[0] for name in sys.modules})")
    assert {"csms", "simulator", "sqlalchemy", "asyncpg", "structlog"} & set(found.split()) == set()


LIBRARY = TEXT.split('<a id="as-a-library"></a>')[1]
ROWS = re.findall(r"^\| (`[a-z_`, ]+`) \|", LIBRARY, re.MULTILINE)
NAMES = [name.strip("`") for row in ROWS for name in row.split(", ")]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_table_are_there(name):
    assert hasattr(profiles, name)


def test_table_is_found():
    assert {"evaluate", "adapt", "loosened", "advise"} <= set(NAMES)
