"""Commas too many, and members without a value, in a text that is otherwise JSON.

Some stations leave holes where a value is not known: `"transactionId":,` and `[,{"timestamp"…`.
What is meant is clear, and the message may be one that a bill depends on.
"""

import re
from typing import Final

MAX_LENGTH: Final = 65_536
_PIECE: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+|\s+')
_OPENING: Final = frozenset({"[", "{", ","})
_CLOSING: Final = frozenset({"]", "}", ","})


def without_stray_commas(text: str) -> str | None:
    """Return the text without them, None if it has none or is something else.

    A member without a value becomes null. It takes time linear in the text, which must have at
    most 65,536 characters.
    """
    if len(text) > MAX_LENGTH:
        return None
    pieces = _pieces(text)
    if pieces is None:
        return None
    mended: list[str] = []
    for index, piece in enumerate(pieces):
        following = pieces[index + 1] if index + 1 < len(pieces) else ""
        is_stray = piece == "," and (
            not mended or mended[-1] in _OPENING or (following in _CLOSING and following != ",")
        )
        if is_stray:
            continue
        mended.append(piece)
        if piece == ":" and following in _CLOSING:
            mended.append("null")
    return "".join(mended) if mended != pieces else None


def _pieces(text: str) -> list[str] | None:
    """Return strings, marks and scalars in order; None if anything else is in between."""
    pieces: list[str] = []
    position = 0
    for found in _PIECE.finditer(text):
        if found.start() != position:
            return None
        position = found.end()
        if not found[0].isspace():
            pieces.append(found[0])
    return pieces if position == len(text) else None
