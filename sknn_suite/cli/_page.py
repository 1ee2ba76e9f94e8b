"""Page: an HTML file without outside resources, for screens, phones and paper."""

import html
from typing import Any

import numpy as np

STYLE = """
:root { color-scheme: light dark; --ink: #1c2128; --soft: #5b6470; --line: #d7dce2;
  --ground: #ffffff; --band: #f5f7f9; --mark: #b3541e; --warn: #fff4e5; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e4e8ed;
  --soft: #9aa4b0; --line: #3a424c; --ground: #15181d; --band: #1d2127; --mark: #f0a46c;
  --warn: #33271a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 72rem; color: var(--ink);
  background: var(--ground); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-bottom: .2rem;
  border-bottom: 1px solid var(--line); }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 1rem 0; }
.facts div { min-width: 7rem; } .facts b { display: block; font-size: 1.35rem; }
.facts span { color: var(--soft); font-size: .88rem; }
.figures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
figure { margin: 0; max-width: 34rem; } figure svg { width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; margin: .6rem 0 1.1rem; }
table { border-collapse: collapse; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .9rem .28rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); }
td.n, th.n { text-align: right; } tr.all td { font-weight: 600; }
td.long { min-width: 14rem; max-width: 30rem; overflow-wrap: anywhere; }
td.heat { text-align: right; padding: .35rem .7rem; }
.warning { background: var(--warn); border-left: 4px solid var(--mark);
  padding: .5rem .8rem; margin: .5rem 0; }
pre { background: var(--band); padding: .8rem; overflow-x: auto; font-size: .84rem; }
mark { background: none; color: inherit; border-bottom: 3px solid; }
img.thumb { height: 5.5rem; border-radius: 4px; display: block; }
@media screen and (max-width: 40rem) { table { font-size: .8rem; }
  th, td { padding-right: .4rem; } td.long { min-width: 9rem; }
  .cards thead { display: none; }
  .cards, .cards tbody, .cards tr, .cards td { display: block; }
  .cards tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  .cards td { border: 0; padding: .05rem 0; text-align: left; min-width: 0; }
  .cards td::before { content: attr(data-name) "  "; color: var(--soft); } }
@page { margin: 14mm; }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0;
  font-size: 10pt; } h1, h2, p { break-after: avoid; } h2 { margin-top: 1.2rem; }
  section, .scroll, figure, tr, pre, .warning { break-inside: avoid; }
  thead { display: table-header-group; } .scroll, pre { overflow: visible; }
  table { font-size: 8pt; max-width: 100%; } th, td { padding-right: .5rem;
  overflow-wrap: break-word; } td.long { min-width: 0; max-width: none; }
  .figures { display: flex; flex-wrap: wrap; }
  .figures figure { flex: 0 1 30%; min-width: 5.6cm; }
  .figures figure:only-child { flex-basis: 60%; } pre { white-space: pre-wrap; }
  td.heat, .warning, mark, pre { print-color-adjust: exact; } }
"""


class Raw(str):
    """Text that is HTML already."""


class Page:
    """Collects parts of a page.

    Parameters
    ----------
    title : str
        Its title.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._parts: list[str] = ["<section>", f"<h1>{html.escape(title)}</h1>"]

    def head(self, text: str) -> None:
        """Begin a section, which is printed on one page if it fits."""
        self._parts += ["</section><section>", f"<h2>{html.escape(text)}</h2>"]

    def text(self, text: str, kind: str = "") -> None:
        """Add a paragraph."""
        name = f' class="{kind}"' if kind else ""
        self._parts.append(f"<p{name}>{html.escape(text)}</p>")

    def warning(self, text: str) -> None:
        """Add a paragraph that stands out."""
        self._parts.append(f'<div class="warning">{html.escape(text)}</div>')

    def facts(self, pairs: list[tuple[str, str]]) -> None:
        """Add large values with their names."""
        found = "".join(
            f"<div><b>{html.escape(value)}</b><span>{html.escape(name)}</span></div>"
            for name, value in pairs
        )
        self._parts.append(f'<div class="facts">{found}</div>')

    def figures(self, figures: list[tuple[str, str]]) -> None:
        """Add figures, each SVG and a sentence."""
        found = "".join(
            f"<figure>{svg}<figcaption>{html.escape(text)}</figcaption></figure>"
            for svg, text in figures
        )
        self._parts.append(f'<div class="figures">{found}</div>')

    def table(
        self,
        head: list[str],
        rows: list[list[Any]],
        *,
        last_is_sum: bool = False,
        long: tuple[int, ...] = (),
        cards: bool = False,
    ) -> None:
        """Add a table; numbers are set to the right.

        Parameters
        ----------
        head : list of str
            Names of the columns.
        rows : list of list
            Cells: texts, formatted numbers, or `Raw` HTML.
        last_is_sum : bool, default=False
            Whether the last row stands out.
        long : tuple of int, default=()
            Columns with long texts.
        cards : bool, default=False
            Whether a phone shows each row as a list, since there are many columns.
        """
        numeric = [
            bool(rows) and all(_is_number(row[j]) for row in rows)
            for j in range(len(head))
        ]
        top = "".join(
            f"<th{' class=n' if number else ''}>{html.escape(name)}</th>"
            for name, number in zip(head, numeric)
        )
        lines = []
        for i, row in enumerate(rows):
            name = " class=all" if last_is_sum and i == len(rows) - 1 else ""
            cells = "".join(
                f"<td{_class(numeric[j], j in long)}{_named(head[j], cards)}>"
                f"{_cell(cell)}</td>"
                for j, cell in enumerate(row)
            )
            lines.append(f"<tr{name}>{cells}</tr>")
        self._parts.append(
            f'<div class="scroll"><table{" class=cards" if cards else ""}>'
            f"<thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        )

    def confusion(self, labels: list[str], counts: Any) -> None:
        """Add a table of true and predicted labels, darker where there are more."""
        top = "".join(f"<th class=n>{html.escape(label)}</th>" for label in labels)
        lines = []
        for label, row in zip(labels, counts):
            total = max(int(row.sum()), 1)
            cells = "".join(
                f'<td class=heat style="background:'
                f'rgba(59,130,196,{0.55 * n / total:.2f})">{int(n):,}</td>'
                for n in row
            )
            lines.append(f"<tr><th>{html.escape(label)}</th>{cells}</tr>")
        self._parts.append(
            '<div class="scroll"><table><thead><tr><th>true, below; predicted, right'
            f"</th>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        )

    def code(self, text: str) -> None:
        """Add a program."""
        self._parts.append(f"<pre>{html.escape(text)}</pre>")

    def __str__(self) -> str:
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(self.title)}</title><style>{STYLE}</style></head>"
            f"<body>\n{chr(10).join(self._parts)}\n</section></body></html>\n"
        )


def _class(is_number: bool, is_long: bool) -> str:
    return " class=n" if is_number else " class=long" if is_long else ""


def _named(name: str, cards: bool) -> str:
    return f' data-name="{html.escape(name)}"' if cards else ""


def _cell(cell: Any) -> str:
    return str(cell) if isinstance(cell, Raw) else html.escape(str(cell))


def _is_number(cell: Any) -> bool:
    text = str(cell).replace(",", "").rstrip("%")
    if text in ("", "-"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return not isinstance(cell, Raw)


def short(value: float, digits: int = 4) -> str:
    """Write a number with so many digits, large ones without a power of ten.

    Examples
    --------
    >>> from sknn_suite.cli._page import short
    >>> short(-48430.1618), short(0.82412, 3), short(1.2e-7, 2)
    ('-48,430', '0.824', '1.2e-07')
    """
    if np.isfinite(value) and abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"
