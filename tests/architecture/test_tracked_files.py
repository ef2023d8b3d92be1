"""What no file of the repository holds, and what every pinned package has."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

# Written so that this file does not match itself.
FOREIGN = {
    "a registry host": r"\bpy[p]i\.|python[h]osted\.org|--(?:extra-)?index[-]url|--find[-]links",
    "a path of one machine": r"(?<![\w.])/(?:root|work|opt/pyp[i])/|\.\./share[d]\b",
}
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")


def tracked(root: Path) -> list[Path]:
    command = ["git", "ls-files", "-z"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return [root / name for name in answer.stdout.split("\0") if name and (root / name).is_file()]


def foreign_things(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            text = line.decode(errors="replace")
            for what, pattern in FOREIGN.items():
                if re.search(pattern, text):
                    yield f"{path.name}:{number} holds {what}"


def entries(lock_file: str) -> list[str]:
    """The entries of a requirements file, continued lines joined, comments left out."""
    joined = lock_file.replace("\\\n", " ")
    lines = (line.split(" #")[0].strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def unlocked(lock_file: str) -> list[str]:
    return [
        entry.split(" ")[0]
        for entry in entries(lock_file)
        if not PIN.match(entry) or not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)
    ]


def pins(lock_file: str) -> dict[str, str]:
    return {found[1]: found[2] for entry in entries(lock_file) if (found := PIN.match(entry))}


def names_asked_for(requirements: str) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in entries(requirements))
    return {name[0] for name in found if name and not name[0].startswith("-")}


def test_no_tracked_file_names_a_registry_or_a_machine(project):
    if not (project / ".git").exists():
        pytest.skip("not a git work tree")
    assert list(foreign_things(tracked(project))) == []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_pin_has_a_hash(project, name):
    text = (project / "requirements" / f"{name}.txt").read_text()
    assert len(entries(text)) > 20
    assert unlocked(text) == []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_package_asked_for_is_pinned(project, name):
    folder = project / "requirements"
    asked = names_asked_for((folder / f"{name}.in").read_text())
    assert asked - pins((folder / f"{name}.txt").read_text()).keys() == set()


def test_the_tools_do_not_change_what_runs(project):
    folder = project / "requirements"
    run, dev = (pins((folder / f"{name}.txt").read_text()) for name in ("run", "dev"))
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize(
    "line",
    [
        "see https://" + "py" + "pi.org/simple",
        "https://files.python" + "hosted.org/a.whl",
        "pip install --extra-index" + "-url x",
        "cd /ro" + "ot/project",
        "read ../sha" + "red/design.md",
    ],
)
def test_a_foreign_thing_is_found(tmp_path, line):
    path = tmp_path / "README.md"
    path.write_text(f"fine: PyPI, /api/work/1, pip install uv\n{line}\n")
    assert len(list(foreign_things([path]))) == 1


def test_a_pin_without_hash_is_found():
    digest = "0" * 64
    text = (
        f"a==1.0 \\\n    --hash=sha256:{digest}\n    # via b\n"
        "b==2.0\n    # via --hash=sha256:{digest}\n"
        f"c>=3 \\\n    --hash=sha256:{digest}\n"
        f"d==4 ; python_version > '3' \\\n    --hash=sha256:{digest} \\\n"
        f"    --hash=sha256:{digest}\n"
    )
    assert unlocked(text) == ["b==2.0", "c>=3"]
    assert pins(text) == {"a": "1.0", "b": "2.0", "d": "4"}
