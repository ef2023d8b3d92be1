"""What every module keeps to: docstrings, sizes, names of the wire and versions in their place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("csms", "profiles", "simulator")
MODULE_LINES = 400
FUNCTION_LINES = 50
# Only the translators know the wire's names; the simulator is the other end of the wire.
WIRE_PACKAGES = ("csms/ocpp/", "csms/ocppj/", "simulator/")
VERSIONLESS = ("csms/engine/", "csms/store/", "csms/api/", "csms/domain/", "csms/monitor/")
# Two small letters first: "kWh" is a unit.
CAMEL_CASE = re.compile(r"[a-z]{2}[a-z0-9]*(?:[A-Z][a-z0-9]*)+")
VERSION_TEXTS = {"1.6", "2.0.1", "ocpp1.6", "ocpp2.0.1", "v16", "v201"}
VERSION_NAMES = {"V16", "V201"}

Finding = str


def modules(root: Path) -> Iterator[tuple[str, str, ast.Module]]:
    """Each source module as (path below root, text, tree)."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            yield path.relative_to(root).as_posix(), text, ast.parse(text)


def without_docstring(root: Path) -> Iterator[Finding]:
    for path, _, tree in modules(root):
        if not ast.get_docstring(tree):
            yield f"{path} has no docstring"


def too_long(root: Path) -> Iterator[Finding]:
    for path, text, tree in modules(root):
        lines = len(text.splitlines())
        if lines > MODULE_LINES:
            yield f"{path} has {lines} lines"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = code_lines(node)
                if length > FUNCTION_LINES:
                    yield f"{path}:{node.lineno} {node.name} has {length} lines"


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, its signature as one, without its docstring.

    A command has a parameter for each of its flags, and a long signature is no long function.
    """
    documented = ast.get_docstring(function, clean=False) is not None
    body = function.body[documented:] or function.body
    return 1 + function.end_lineno - body[0].lineno + 1


def wire_names(root: Path) -> Iterator[Finding]:
    for path, _, tree in modules(root):
        if path.startswith(WIRE_PACKAGES):
            continue
        for node in ast.walk(tree):
            for key in keys(node):
                if isinstance(key, ast.Constant) and is_camel_case(key.value):
                    yield f"{path}:{key.lineno} key {key.value!r}"


def keys(node: ast.AST) -> Iterator[ast.expr | None]:
    """The expressions that this node uses as keys: displays, subscripts, `get` and its like."""
    match node:
        case ast.Dict():
            yield from node.keys
        case ast.Subscript():
            yield node.slice
        case ast.Call(func=ast.Attribute(attr="get" | "pop" | "setdefault"), args=[key, *_]):
            yield key
        case ast.MatchMapping():
            yield from node.keys
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()]):
            yield left


def is_camel_case(key: object) -> bool:
    return isinstance(key, str) and CAMEL_CASE.fullmatch(key) is not None


def version_decisions(root: Path) -> Iterator[Finding]:
    for path, _, tree in modules(root):
        if not path.startswith(VERSIONLESS):
            continue
        for node in ast.walk(tree):
            if any(names_version(part) for expression in decided(node) for part in expression):
                yield f"{path}:{getattr(node, 'lineno', 0)} decides by the OCPP version"


def decided(node: ast.AST) -> Iterator[Iterator[ast.AST]]:
    """The expressions that this node branches on."""
    match node:
        case ast.Compare():
            yield ast.walk(node)
        case ast.MatchValue():
            yield ast.walk(node.value)
        case ast.Dict():
            yield (part for key in node.keys if key for part in ast.walk(key))


def names_version(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in VERSION_NAMES
        case ast.Constant(value=str(text)):
            return text in VERSION_TEXTS
    return False


@pytest.mark.parametrize("check", [without_docstring, too_long, wire_names, version_decisions])
def test_the_source_keeps_to_it(project, check):
    assert list(check(project)) == []


FORTY_NINE_MORE = "\n".join(f"    {number}" for number in range(49))


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (without_docstring, "profiles/bare.py", "LIMIT = 1\n"),
        (too_long, "simulator/long.py", "#\n" * 401),
        (too_long, "csms/long.py", f"def f():\n{FORTY_NINE_MORE}\n    pass\n"),
        (too_long, "csms/long.py", f"class A:\n  async def f():\n{FORTY_NINE_MORE}\n    pass\n"),
        (wire_names, "csms/engine/a.py", 'x = {"idTag": 1}'),
        (wire_names, "profiles/a.py", 'x = y["chargingProfileId"]'),
        (wire_names, "csms/domain/a.py", 'x = y.get("meterStart", 0)'),
        (wire_names, "csms/api/a.py", 'x = "seqNo" in y'),
        (wire_names, "csms/link/a.py", 'match y:\n    case {"vendorId": z}:\n        pass'),
        (version_decisions, "csms/engine/a.py", "if station.version is Version.V16:\n    pass"),
        (version_decisions, "csms/engine/a.py", 'x = 1 if version == "2.0.1" else 2'),
        (version_decisions, "csms/store/a.py", "x = version in {Version.V201}"),
        (version_decisions, "csms/api/a.py", "match v:\n    case Version.V16:\n        pass"),
        (version_decisions, "csms/domain/a.py", 'match v:\n    case "1.6":\n        pass'),
        (version_decisions, "csms/monitor/a.py", "x = {V16: 1, V201: 2}[version]"),
    ],
)
def test_each_check_can_fail(tmp_path, check, path, text):
    module = tmp_path / path
    module.parent.mkdir(parents=True)
    module.write_text(text)
    assert len(list(check(tmp_path))) == 1


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (
            too_long,
            "csms/a.py",
            f'def f():\n    """Says.\n\n    More.\n    """\n{FORTY_NINE_MORE}\n',
        ),
        (wire_names, "csms/ocpp/v16/a.py", 'x = {"idTag": 1}'),
        (wire_names, "csms/engine/a.py", 'x = {"id_tag": 1, "Accepted": 2, "kWh": y}["at"]'),
        (version_decisions, "csms/ocpp/a.py", "x = version is Version.V16"),
        (version_decisions, "csms/store/a.py", "x = Row(version=station.version)"),
    ],
)
def test_no_check_cries_wolf(tmp_path, check, path, text):
    module = tmp_path / path
    module.parent.mkdir(parents=True)
    module.write_text(text)
    assert list(check(tmp_path)) == []
