"""Names that a user got wrong: what was perhaps meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_FEW: Final = 8


def unknown(what: str, name: str, known: Iterable[str], listed_by: str = "") -> str:
    """Return a sentence on a name that does not exist: near ones, or all if they are few.

    `listed_by` is the command that lists them all.
    """
    names = list(known)
    sentence = f"there is no {what} {name!r}"
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"{sentence}; did you mean {' or '.join(near)}?"
    if len(names) <= _FEW or not listed_by:
        return f"{sentence}; known are {', '.join(names)}"
    return f"{sentence}; `{listed_by}` lists all {len(names)}"
