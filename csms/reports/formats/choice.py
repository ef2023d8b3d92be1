"""Which writer a format's name stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.reports.formats.delimited import CsvWriter
from csms.reports.formats.documents import JsonWriter
from csms.reports.formats.lines import LinesWriter
from csms.reports.formats.pages import HtmlWriter
from csms.reports.formats.workbooks import XlsxWriter
from csms.reports.report import QueryInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.reports.formats.writing import Writer

FORMATS: Final = ("table", "csv", "json", "xlsx", "html")
_PLAIN: Final[dict[str, Callable[[], Writer]]] = {
    "json": JsonWriter,
    "xlsx": XlsxWriter,
    "html": HtmlWriter,
}


def writer_of(name: str, *, has_mark: bool = False, is_wide: bool = False) -> Writer:
    """Returns a writer for one answer; `has_mark` is about CSV only, `is_wide` about the table.

    Raises:
        QueryInvalid: if there is no such format.
    """
    if name == "csv":
        return CsvWriter(has_mark=has_mark)
    if name == "table":
        return LinesWriter(is_wide=is_wide)
    if name in _PLAIN:
        return _PLAIN[name]()
    raise QueryInvalid("format", f"{name!r} is no format; there are {', '.join(FORMATS)}")
