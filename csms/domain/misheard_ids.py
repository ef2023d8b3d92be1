"""IDs that are one slip away from one that was heard or typed. PURE.

A slip is: two neighbours swapped, one place wrong, one missing, one too many, or fifteen for fifty.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from csms.domain.typed_ids import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from csms.domain.session_ids import SessionIdFormat
    from csms.domain.typed_ids import TypedId

_DIGITS: Final = "0123456789"
_ALL: Final = "0123456789ACEFHJKMNPRTUWXY"
_SHORTEST, _LONGEST = 6, 40
_TEENS: Final = {f"1{digit}": f"{digit}0" for digit in "3456789"}
_TEENS_TOO: Final = _TEENS | {tens: teens for teens, tens in _TEENS.items()}
_SOUNDS: Final = ("59", "23", "67", "MN", "80P3TCEU", "5FX", "8AHJK", "1Y", "0W")
"""Folded letters and digits that are mistaken for each other by ear."""
_LIKELY, _PLAUSIBLE, _POSSIBLE = 0, 1, 2


def near_ids(typed: TypedId, id_format: SessionIdFormat) -> dict[str, tuple[int, str]]:
    """Returns the IDs, folded, that are one slip away: how likely (0 the most), and the slip."""
    beginning = fold(id_format.text.partition("{")[0])
    found: dict[str, tuple[int, str]] = {}
    meant = _full(typed, beginning)
    if meant is None or len(typed.exact[0]) < _SHORTEST:
        return {}
    letters = _DIGITS if _counts_by_digits(id_format) else _ALL
    for near, weight, slip in _slips(meant, len(beginning), letters):
        if near not in typed.whole and weight < found.get(near, (9, ""))[0]:
            found[near] = (weight, slip)
    begun = [meant]  # how it begins was misheard, or left out
    if id_format.number != "sequence" and id_format.text.endswith("}"):
        begun += [beginning + each[-id_format.width :] for each in typed.exact]
    for each in begun:
        if each not in typed.whole:
            found[each] = (_LIKELY, "how it begins")
    return found


def _full(typed: TypedId, beginning: str) -> str | None:
    """Returns the whole ID that a text may have been, with how all of them begin."""
    fixed = len(beginning)
    for each in (*typed.whole, *typed.exact):
        if each.startswith(beginning):
            meant = each
        elif sum(a != b for a, b in zip(each, beginning, strict=False)) == 1 and fixed > 1:
            meant = beginning + each[fixed:]
        else:
            meant = beginning + each
        if len(meant) - fixed >= _SHORTEST and len(meant) <= _LONGEST:
            return meant
    return None


def _counts_by_digits(id_format: SessionIdFormat) -> bool:
    has_names = re.search(r"\{(station|site)", id_format.text) is not None
    return id_format.number != "code" and not has_names


def _slips(meant: str, fixed: int, letters: str) -> Iterator[tuple[str, int, str]]:
    for place in range(fixed, len(meant)):
        before, here, after = meant[:place], meant[place], meant[place + 1 :]
        if after and after[0] != here:
            yield before + after[0] + here + after[1:], _LIKELY, "two neighbours swapped"
        other = _TEENS_TOO.get(meant[place : place + 2])
        if other is not None:
            slip = f"{other} for {meant[place : place + 2]}"
            yield before + other + after[1:], _LIKELY, slip
        yield before + after, _PLAUSIBLE, f"one {here} too many"
        for letter in letters:
            if letter != here:
                alike = any(letter in group and here in group for group in _SOUNDS)
                weight = _PLAUSIBLE if alike else _POSSIBLE
                yield before + letter + after, weight, f"{letter} for {here}"
            yield before + letter + here + after, _PLAUSIBLE, f"a {letter} left out"
    for letter in letters:
        yield meant + letter, _PLAUSIBLE, f"a {letter} left out at the end"
