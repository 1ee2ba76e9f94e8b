"""Dialect: the format, separator and encoding of a file, told from its content."""

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError

# Bytes and records by which a file is understood.
SAMPLE_BYTES = 1 << 20
SAMPLE_ROWS = 2_000

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
GAPS = ["?", "-", "n/a", "N.A."]

_COMMA_NUMBER = re.compile(r"[-+]?\d{1,3}(\.\d{3})*,\d+|[-+]?\d+,\d+")
_PLAIN_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_ZERO_IN_FRONT = re.compile(r"[-+]?0\d+")
_DATE = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{2,4})([ T]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?)?"
)


@dataclass(frozen=True)
class Dialect:
    """How a file is read.

    Parameters
    ----------
    kind : {"csv", "parquet", "arrow", "jsonl"}
        The format.
    encoding : str
        Of a text file.
    separator : str
        Between cells of a CSV file.
    decimal : str
        Point or comma.
    is_gzip : bool
        Whether it is compressed.
    words : list of str
        Columns that stay texts, since their numbers have zeros in front.
    dates : dict of str to str
        Columns of dates, and their formats.
    names : list of str
        Columns of a CSV file.
    is_padded : bool
        Whether there are spaces around their names.
    """

    kind: str
    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."
    is_gzip: bool = False
    words: list[str] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    is_padded: bool = False

    def __str__(self) -> str:
        if self.kind != "csv":
            told = {"parquet": "Parquet", "arrow": "Arrow", "jsonl": "JSON lines"}
            return told[self.kind]
        parts = [f"cells between {SEPARATORS[self.separator]}", self.encoding.upper()]
        if self.decimal == ",":
            parts.append("decimal commas")
        if self.is_gzip:
            parts.append("gzip")
        return ", ".join(parts)


def pandas() -> Any:
    """Import pandas, which reads tables."""
    return import_optional("pandas", needed_by="The command line", extra="cli")


def understand(path: Path) -> Dialect:
    """Tell how a file is to be read, from its first megabyte.

    Raises
    ------
    DataError
        If it is no table.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head[:4] == b"PAR1":
        return Dialect("parquet")
    if head[:6] == b"ARROW1":
        return Dialect("arrow")
    is_gzip = head[:2] == b"\x1f\x8b"
    with _opened(path, is_gzip) as file:
        sample = file.read(SAMPLE_BYTES)
    if head[:2] == b"PK":
        raise DataError(
            f"'{path}' is a zip archive or a spreadsheet. Expected CSV, Parquet, Arrow "
            "or JSON lines. Unpack it, or export it as CSV."
        )
    text, encoding = _decode(path, sample)
    if text.lstrip()[:1] == "{":
        return Dialect("jsonl", encoding, is_gzip=is_gzip)
    return _understand_csv(path, text, encoding, is_gzip, len(sample) < SAMPLE_BYTES)


@contextmanager
def _opened(path: Path, is_gzip: bool) -> Iterator[Any]:
    opener: Any = gzip.open if is_gzip else open
    try:
        with opener(path, "rb") as file:
            yield file
    except (EOFError, gzip.BadGzipFile) as error:
        raise DataError(
            f"'{path}' is a damaged gzip file: {error}. Expected a whole one. Copy it "
            "again."
        ) from error


def _decode(path: Path, sample: bytes) -> tuple[str, str]:
    if sample[:3] == codecs.BOM_UTF8:
        return sample.decode("utf-8-sig", "replace"), "utf-8-sig"
    if sample[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return sample.decode("utf-16", "replace"), "utf-16"
    if b"\0" in sample:
        raise DataError(
            f"'{path}' is no text: it has zero bytes. Expected CSV, Parquet, Arrow or "
            "JSON lines. Convert it."
        )
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(sample), "utf-8"
    except UnicodeDecodeError:
        return sample.decode("cp1252", "replace"), "cp1252"


def _records(text: str, separator: str, is_whole: bool) -> list[list[str]]:
    """First records; the last may be cut and is left out."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True
    )
    found: list[list[str]] = []
    try:
        for record in reader:
            if record:
                found.append(record)
            if len(found) > SAMPLE_ROWS:
                return found
    except csv.Error:
        return []
    return found if is_whole or len(found) < 3 else found[:-1]


def _choose_separator(text: str, is_whole: bool) -> tuple[str, list[list[str]]]:
    """Take the separator that makes the most columns, as many in every record."""
    best: tuple[float, str, list[list[str]]] = (0.0, ",", [])
    for separator in SEPARATORS:
        records = _records(text, separator, is_whole)
        if not records:
            continue
        widths = Counter(map(len, records))
        width = len(records[0])
        agree = widths[width] / len(records)
        value = agree * (1 + min(width, 50) / 50) if width > 1 else 0.1
        if value > best[0]:
            best = (value, separator, records)
    return best[1], best[2]


def _understand_csv(
    path: Path, text: str, encoding: str, is_gzip: bool, is_whole: bool
) -> Dialect:
    separator, records = _choose_separator(text, is_whole)
    if len(records) < 2:
        raise DataError(
            f"'{path}' has {len(records)} line(s). Expected a line with the names of "
            "the columns, and rows. Check how it was written."
        )
    names = [name.strip().lstrip("\ufeff") for name in records[0]]
    _check_names(path, names)
    _check_widths(path, records)
    columns: dict[str, list[str]] = {name: [] for name in names}
    for record in records[1:]:
        for name, cell in zip(names, record):
            cell = cell.strip()
            if cell and cell not in GAPS:
                columns[name].append(cell)
    decimal = "."
    if separator != ",":
        commas = [n for n, cells in columns.items() if _all(_COMMA_NUMBER, cells)]
        decimal = "," if commas else "."
    words, dates = [], {}
    for name, cells in columns.items():
        if any(_ZERO_IN_FRONT.fullmatch(cell) for cell in cells):
            words.append(name)
        style = date_format(cells, decimal == ",")
        if style:
            dates[name] = style
    words = [name for name in words if name not in dates]
    is_padded = any(name != name.strip() for name in records[0])
    return Dialect(
        "csv", encoding, separator, decimal, is_gzip, words, dates, names, is_padded
    )


def _check_names(path: Path, names: list[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        raise DataError(
            f"'{path}' has {len(twice)} name(s) of columns twice, such as "
            f"{twice[0]!r}. Expected another name for each column. Rename them."
        )
    if all(_PLAIN_NUMBER.fullmatch(name) for name in names):
        raise DataError(
            f"The first line of '{path}' has numbers only, such as {names[0]!r}. "
            "Expected the names of the columns. Add a line with names."
        )


def _check_widths(path: Path, records: list[list[str]]) -> None:
    """Refuse a first line that has fewer names than most lines have cells."""
    width = len(records[0])
    longer = [r for r in records[1:] if any(cell.strip() for cell in r[width:])]
    if 2 * len(longer) > len(records):
        raise DataError(
            f"The first line of '{path}' has {width} name(s), such as "
            f"{records[0][0][:40]!r}, but most lines have {len(longer[0])} cells. "
            "Expected the names of the columns there. Remove what stands above them."
        )


def _all(pattern: re.Pattern, cells: list[str]) -> bool:
    plain = sum(_PLAIN_NUMBER.fullmatch(cell) is not None for cell in cells)
    found = sum(pattern.fullmatch(cell) is not None for cell in cells)
    return found > 0 and found + plain == len(cells)


def date_format(cells: list[str], has_commas: bool = False) -> str | None:
    """Format of dates, if all cells are some; None if they are not, or are ISO.

    Parameters
    ----------
    cells : list of str
        Cells without gaps.
    has_commas : bool, default=False
        Whether numbers have decimal commas, where the day comes first.
    """
    matches = [_DATE.fullmatch(cell) for cell in cells]
    if not matches or not all(matches):
        return None
    found = [m for m in matches if m]
    marks = {m[2] for m in found}
    clocks = {(bool(m[5]), bool(m[6]), bool(m[7])) for m in found}
    if len(marks) > 1 or len(clocks) > 1:
        return None
    mark, (has_clock, has_seconds, has_parts) = marks.pop(), clocks.pop()
    first = [m[1] for m in found]
    if all(len(part) == 4 for part in first):
        days = f"%Y{mark}%m{mark}%d"
    elif all(len(m[4]) == 4 for m in found):
        large = [max(int(m[1]) for m in found), max(int(m[3]) for m in found)]
        day_first = large[0] > 12 or (large[1] <= 12 and (mark == "." or has_commas))
        days = f"%d{mark}%m{mark}%Y" if day_first else f"%m{mark}%d{mark}%Y"
    else:
        return None
    clock = ""
    if has_clock:
        gap = "T" if "T" in cells[0] else " "
        clock = f"{gap}%H:%M" + (":%S" if has_seconds else "")
        clock += ".%f" if has_parts else ""
    return days + clock


# -- whole tables --------------------------------------------------------------------
