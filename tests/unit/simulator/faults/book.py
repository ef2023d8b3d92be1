"""Which test shows which fault, so that none of the catalogue goes without one."""

from __future__ import annotations

import ast
from pathlib import Path

from simulator.faults.catalogue import FAULTS

_FOLDER = Path(__file__).parent
_DECORATOR = "shows"


def shows(*names):
    """Mark a test that shows faults on the wire and in what the station tells of itself."""
    unknown = [name for name in names if name not in FAULTS]
    if unknown or not names:
        raise LookupError(f"the catalogue has no {unknown or 'fault without a name'}")

    def mark(test):
        test.shows = (*getattr(test, "shows", ()), *names)
        return test

    return mark


def was_told(room, name):
    """Whether the truth log was told that the fault was on; the room is one that tells it."""
    told = [each.fields for each in room.events if each.name == "truth.fault"]
    return any(each["fault"] == name for each in told)


def shown(folder=_FOLDER):
    """Return the names that the decorators of all tests in the folder hold.

    They are texts, or the keys of a table of the module, as in `@shows(*TABLE)`.
    """
    found = set()
    for path in sorted(folder.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tables = dict(_tables(tree))
        for function in filter(_is_test, ast.walk(tree)):
            for decorator in function.decorator_list:
                found |= set(_names(decorator, tables))
    return found


def _is_test(node):
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return is_function and node.name.startswith("test_")


def _tables(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
            yield node.targets[0].id, keys


def _names(decorator, tables):
    if not isinstance(decorator, ast.Call):
        return
    if isinstance(decorator.func, ast.Name) and decorator.func.id == _DECORATOR:
        for each in decorator.args:
            if isinstance(each, ast.Constant):
                yield each.value
            elif isinstance(each, ast.Starred):
                yield from tables[each.value.id]
