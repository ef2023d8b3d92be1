"""HTML: one page that stands alone, for the screen and for paper.

It loads nothing, and every text in it that came from elsewhere is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from csms.reports.formats.cells import is_figure, shown_text
from csms.reports.formats.lines import period_text
from csms.reports.formats.pictures import svg_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from csms.reports.formats.writing import Head
    from csms.reports.report import Kind, Row, Table

# More than this no browser shows in good time; the other formats have all rows.
MOST_ROWS: Final = 20_000
# A chart comes after its table, whose rows it needs; the eye finds it before.
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 1.5rem auto;
  padding: 0 1rem; color: #111; background: #fff }
section { display: flex; flex-direction: column; margin-top: 2rem }
section h2 { order: -3; margin: 0 } section .notes { order: -2 } section figure { order: -1 }
figure { margin: .5rem 0 } svg { width: 100%; height: auto } svg text { font-size: 12px }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: 13px }
caption { text-align: left; color: #444; padding: .3rem 0 }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap;
  vertical-align: top } th { background: #f4f4f4; position: sticky; top: 0 }
.n { text-align: right; font-variant-numeric: tabular-nums }
@media print { body { max-width: none; margin: 0; font-size: 9pt } table { font-size: 7pt }
  thead { display: table-header-group } tr, figure { break-inside: avoid }
  .wide { overflow: visible }
  th { position: static } td { white-space: normal } }
"""


class HtmlWriter:
    """Tables with their charts and notes."""

    media_type = "text/html; charset=utf-8"
    extension = "html"
    is_whole = True

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._head: Head | None = None
        self._table: Table | None = None
        self._rows = self._charts = 0

    def begin(self, head: Head) -> bytes:
        """Returns title and period."""
        self._head = head
        title, period = escape(f"Laddvakt: {head.report}"), escape(period_text(head))
        return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}, {period}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>{_STYLE}</style></head><body><main>
<h1>{title}</h1><p>{escape(head.about)}</p>
<p>Sessions that started {period}. Made at {head.made_at:%Y-%m-%d %H:%M:%S} UTC.</p>
""".encode()

    def table(self, table: Table) -> bytes:
        """Returns title and headings."""
        self._table, self._rows = table, 0
        headings = "".join(
            f'<th scope="col"{_side(column.kind)}>{escape(column.heading)}</th>'
            for column in table.columns
        )
        name, title = escape(table.name), escape(table.title)
        return (
            f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>\n<div class="wide" '
            f'tabindex="0"><table><caption>{title}</caption><thead><tr>{headings}</tr></thead><tbody>\n'
        ).encode()

    def rows(self, rows: Sequence[Row]) -> bytes:
        """Returns rows, as long as the page has room."""
        assert self._table is not None  # noqa: S101 - rows come after their table
        shown = rows[: max(self._most_rows - self._rows, 0)]
        self._rows += len(rows)
        return "".join(map(self._row, shown)).encode("utf-8", "replace")

    def table_end(self, table: Table) -> bytes:
        """Returns charts and notes."""
        notes = list(table.notes)
        if self._rows > self._most_rows:
            notes.append(
                f"This page shows the first {self._most_rows} of {self._rows} rows; the other "
                "formats have all of them."
            )
        elif not self._rows:
            notes.append("There is nothing to show.")
        parts = ["</tbody></table></div>"]
        for chart in table.charts:
            self._charts += 1
            drawn = svg_of(chart, self._charts)
            parts.append(f"<figure><figcaption>{escape(chart.title)}</figcaption>{drawn}</figure>")
        parts.append('<div class="notes">')
        parts += [f"<p>{escape(note)}</p>" for note in notes]
        return "".join([*parts, "</div></section>\n"]).encode("utf-8", "replace")

    def end(self) -> Iterator[bytes]:
        """Closes the page."""
        yield b"</main></body></html>\n"

    def close(self) -> None:
        """Holds nothing."""

    def _row(self, row: Row) -> str:
        assert self._table is not None  # noqa: S101 - rows are those of a table
        assert self._head is not None  # noqa: S101 - which comes after the beginning
        zone = self._head.query.zone
        cells = [
            f"<td{_side(column.kind)}>{escape(shown_text(column, cell, zone))}</td>"
            for column, cell in zip(self._table.columns, row, strict=True)
        ]
        return f"<tr>{''.join(cells)}</tr>\n"


def _side(kind: Kind) -> str:
    return ' class="n"' if is_figure(kind) else ""
