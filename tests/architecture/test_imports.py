"""The import rules of pyproject.toml hold, and each of them can fail."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint(root: Path) -> tuple[int, str]:
    answer = subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, " ".join((answer.stdout + answer.stderr).split())


def rules(project: Path) -> dict:
    return tomllib.loads((project / "pyproject.toml").read_text())["tool"]["importlinter"]


def modules_named(contracts: list[dict]) -> set[str]:
    layers = [name for contract in contracts for name in contract.get("layers", [])]
    names = {part.strip(" ()") for layer in layers for part in layer.replace(":", "|").split("|")}
    for contract in contracts:
        names |= {*contract.get("source_modules", []), *contract.get("forbidden_modules", [])}
    return {name for name in names if name.split(".")[0] in {"csms", "profiles", "simulator"}}


@pytest.fixture
def skeleton(project, tmp_path) -> Path:
    """Every package that the rules name, empty, under the project's own rules."""
    (tmp_path / "pyproject.toml").write_text((project / "pyproject.toml").read_text())
    for name in modules_named(rules(project)["contracts"]) | {"csms", "profiles", "simulator"}:
        package = tmp_path.joinpath(*name.split("."))
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
    return tmp_path


def test_the_import_rules_hold(project):
    code, said = lint(project)
    assert code == 0, said


def test_the_rules_accept_an_empty_skeleton(skeleton):
    code, said = lint(skeleton)
    assert code == 0, said


@pytest.mark.parametrize(
    ("package", "imported", "rule"),
    [
        ("profiles", "csms.domain", "Layers"),
        ("csms/domain", "csms.monitor", "Layers"),
        ("csms/engine", "csms.store", "Layers"),
        ("csms/engine", "csms.ocpp", "Layers"),
        ("csms/store", "csms.link", "Layers"),
        ("csms/domain", "asyncio", "Pure packages"),
        ("csms/ocppj", "socket", "Pure packages"),
        ("csms/ocpp", "structlog", "Pure packages"),
        ("profiles", "time", "Pure packages"),
        ("csms/app", "simulator", "Nobody imports the simulator"),
        ("simulator", "csms.ocpp", "The simulator builds"),
    ],
)
def test_an_import_against_the_rules_is_found(skeleton, package, imported, rule):
    (skeleton / package / "against.py").write_text(f"import {imported}\n")
    code, said = lint(skeleton)
    assert code != 0
    assert f"{rule}" in said.split("Broken contracts")[1]
