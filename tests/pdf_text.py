"""The text of a PDF, page by page: enough of the format for what receipts are made of.

Source: ISO 32000-1, 7.3 (objects), 9.4 (text operators) and 9.10.3 (ToUnicode).
"""

from __future__ import annotations

import base64
import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\s*(.*?)\s*endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_SHOWN = re.compile(
    rb"/(F\d+(?:\+\d+)?) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj|(T\*|Td|Tm|ET)", re.DOTALL
)
_MEANING = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, a line for each piece that begins anew."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    fonts = _fonts(objects)
    kinds = [body for body in objects.values() if re.search(rb"/Type /Page\b", body)]
    return [_page(objects[_reference(body, b"Contents")], fonts) for body in kinds]


def _reference(body: bytes, name: bytes) -> int:
    return int(re.search(rb"/" + name + rb" (\d+) 0 R", body)[1])


def _fonts(objects: dict[int, bytes]) -> dict[bytes, dict[int, str]]:
    """What each code of each font means."""
    fonts: dict[bytes, dict[int, str]] = {}
    for body in objects.values():
        if b"/ToUnicode" in body:
            name = re.search(rb"/Name /(F\d+(?:\+\d+)?)", body)[1]
            fonts[name] = _meanings(_data(objects[_reference(body, b"ToUnicode")]))
    return fonts


def _meanings(cmap: bytes) -> dict[int, str]:
    return {
        int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be")
        for code, text in _MEANING.findall(cmap.partition(b"beginbfchar")[2])
    }


def _data(body: bytes) -> bytes:
    data = _STREAM.search(body)[1].strip()
    if b"ASCII85Decode" in body:
        data = base64.a85decode(b"<~" + data, adobe=True)
    return zlib.decompress(data) if b"FlateDecode" in body else data


def _page(body: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    font: dict[int, str] = {}
    told: list[str] = []
    for name, shown, moved in _SHOWN.findall(_data(body)):
        if name:
            font = fonts.get(name, {})
        elif moved:
            told.append("\n")
        else:
            told.append("".join(font.get(code, chr(code)) for code in _unescaped(shown)))
    return re.sub(r"\n+", "\n", "".join(told))


def _unescaped(raw: bytes) -> bytes:
    def meant(found: re.Match[bytes]) -> bytes:
        text = found[1]
        if text[:1].isdigit():
            return bytes([int(text, 8) & 0xFF])
        return _ESCAPES.get(text, text)

    return re.sub(rb"\\([0-7]{1,3}|.)", meant, raw, flags=re.DOTALL)
