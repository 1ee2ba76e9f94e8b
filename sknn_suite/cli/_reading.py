"""Tables from files: whole, or in parts."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sknn_suite.cli._dialect import GAPS, Dialect, pandas, understand
from sknn_suite.cli._files import find_file
from sknn_suite.device import free_host_bytes
from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError

# A table in memory takes up to this many times the bytes of its file.
GROWTH = 6

# Share of the memory at hand that a table may take.
MEMORY_SHARE = 0.6

CHUNK_ROWS = 50_000

# What a file of each format is expected to be.
WHOLE = {
    "csv": "as many cells in each line as there are names",
    "jsonl": 'an object in each line, such as {"size": 3}',
    "parquet": "a whole file",
    "arrow": "a whole file",
}


def read_table(path: Path, dialect: Dialect | None = None) -> tuple[Any, Dialect]:
    """Read a whole table.

    Parameters
    ----------
    path : Path
        The file.
    dialect : Dialect or None, default=None
        How it is read; None tells it from the file.

    Returns
    -------
    frame : DataFrame
        The table.
    dialect : Dialect
        How it was read.

    Raises
    ------
    DataError
        If it is no table, is too large, or changes meanwhile.
    """
    find_file(path)
    dialect = understand(path) if dialect is None else dialect
    _refuse_large(path, dialect)
    before = path.stat()
    (frame,) = _frames(path, dialect, whole=True)
    _refuse_change(path, before)
    if not len(frame):
        raise DataError(
            f"'{path}' has no rows. Expected some below the names. Check how it was "
            "written."
        )
    return frame, dialect


def _refuse_large(path: Path, dialect: Dialect) -> None:
    size, free = path.stat().st_size, free_host_bytes()
    growth = GROWTH * (5 if dialect.is_gzip else 1)
    if free is None or size * growth <= free * MEMORY_SHARE:
        return
    most = free * MEMORY_SHARE / growth
    raise DataError(
        f"'{path}' has {_tell(size)}. Expected at most {_tell(most)}, by the "
        f"{_tell(free)} of memory that are free. Fit on a part of the rows; predict "
        "reads files of any size in pieces."
    )


def _tell(size: float) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:.0f} bytes"


def _refuse_change(path: Path, before: os.stat_result) -> None:
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise DataError(
            f"'{path}' was changed while it was read. Expected a complete file. "
            "Wait until it is written, and run again."
        )


def read_chunks(path: Path, dialect: Dialect) -> Iterator[Any]:
    """Read a table in parts, each a data frame.

    A part alone may not tell the type of a column: one of a whole table may differ.

    Raises
    ------
    DataError
        If it is no table, or changes meanwhile.
    """
    before = path.stat()
    yield from _frames(path, dialect, whole=False)
    _refuse_change(path, before)


def _frames(path: Path, dialect: Dialect, *, whole: bool) -> Iterator[Any]:
    readers = {
        "csv": _csv_frames,
        "jsonl": _json_frames,
        "parquet": _parquet_frames,
        "arrow": _arrow_frames,
    }
    n_rows = 0
    try:
        for frame in readers[dialect.kind](path, dialect, whole):
            frame.columns = [str(name).strip() for name in frame.columns]
            frame.index = range(n_rows, n_rows + len(frame))
            n_rows += len(frame)
            yield frame
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(
            f"'{path}' is not {dialect.encoding.upper()} throughout: byte "
            f"{error.object[error.start]:#x} at {error.start}. Expected one encoding. "
            "Convert the file to UTF-8."
        ) from error
    except (ValueError, EOFError) as error:
        # pandas' errors of parsing are ValueErrors, with the number of the line.
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. ")
        reason = reason.removeprefix("C error: ")
        raise DataError(
            f"'{path}' cannot be read as {dialect}: {reason.rstrip('.')}. Expected "
            f"{WHOLE[dialect.kind]}. Mend the file."
        ) from error


def _csv_frames(path: Path, dialect: Dialect, whole: bool) -> Iterator[Any]:
    given: dict[str, Any] = dict.fromkeys(dialect.words, str)
    given |= dict.fromkeys(dialect.dates, str)
    options: dict[str, Any] = {
        "sep": dialect.separator,
        "encoding": dialect.encoding,
        "decimal": dialect.decimal,
        "compression": "gzip" if dialect.is_gzip else None,
        "dtype": given,
        "na_values": GAPS,
        "skipinitialspace": True,
        "index_col": False,
        "low_memory": False,
    }
    if whole:
        yield _with_dates(pandas().read_csv(path, **options), dialect)
        return
    with pandas().read_csv(path, **options, chunksize=CHUNK_ROWS) as reader:
        for frame in reader:
            yield _with_dates(frame, dialect)


def _json_frames(path: Path, dialect: Dialect, whole: bool) -> Iterator[Any]:
    options: dict[str, Any] = {
        "lines": True,
        "encoding": dialect.encoding,
        "compression": "gzip" if dialect.is_gzip else None,
        "dtype": False,
    }
    if whole:
        yield pandas().read_json(path, **options)
        return
    with pandas().read_json(path, **options, chunksize=CHUNK_ROWS) as reader:
        yield from reader


def _parquet_frames(path: Path, dialect: Dialect, whole: bool) -> Iterator[Any]:
    parquet: Any = import_optional(
        "pyarrow.parquet", needed_by="A Parquet file", extra="cli"
    )
    with parquet.ParquetFile(path) as file:
        if whole or not file.metadata.num_rows:
            yield file.read().to_pandas()
            return
        for batch in file.iter_batches(batch_size=CHUNK_ROWS):
            yield batch.to_pandas()


def _arrow_frames(path: Path, dialect: Dialect, whole: bool) -> Iterator[Any]:
    arrow: Any = import_optional("pyarrow", needed_by="An Arrow file", extra="cli")
    import_optional("pyarrow.ipc", needed_by="An Arrow file", extra="cli")
    with arrow.memory_map(str(path)) as source, arrow.ipc.open_file(source) as file:
        if whole or not file.num_record_batches:
            yield file.read_all().to_pandas()
            return
        for number in range(file.num_record_batches):
            batch = file.get_batch(number)
            for first in range(0, len(batch), CHUNK_ROWS):
                yield batch.slice(first, CHUNK_ROWS).to_pandas()


def _with_dates(frame: Any, dialect: Dialect) -> Any:
    for name, style in dialect.dates.items():
        if name not in frame:
            continue
        cells = frame[name].str.strip()
        found = pandas().to_datetime(cells, format=style, errors="coerce")
        if not (found.isna() & cells.notna()).any():
            frame[name] = found
    return frame
