"""What a table means: its target, rows that count, columns that are read."""

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn_suite.checks import check_columns
from sknn_suite.cli._column_values import as_numbers, describe
from sknn_suite.cli._dialect import Dialect, pandas
from sknn_suite.cli._reading import read_table
from sknn_suite.encoding import LEFT_OUT, ColumnKinds, find_kinds
from sknn_suite.exceptions import DataError

# Whole numbers with more different values than this are a quantity, not labels, and so
# are strings of numbers, such as "$1,250".
MOST_LABELS = 20

# Names of columns in an error, at most.
MOST_NAMES = 8

IMAGE_SUFFIXES = {
    ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp",
}  # fmt: skip

REASONS = {
    "constant": "it has one value",
    "duplicate": "it repeats another column",
    "identifier": "it is different in every row",
    "dropped text": "texts are not read",
}


@dataclass
class Understanding:
    """A table with all that was decided about it.

    Parameters
    ----------
    X : DataFrame
        The columns beside the target and those with a role.
    y : Series
        The target, without gaps.
    raw_target : dtype
        Its type in the table.
    n_rare : int
        Number of rows that are left out, since their class occurs once.
    is_label : bool
        Whether it has labels.
    kinds : ColumnKinds
        Kind of each column of X, or why it is left out.
    dialect : Dialect
        How the file was read.
    remarks : list of str
        What the user is told.
    aside : dict of str to Series
        Columns with a role: "id", "groups", "weights", "time".
    """

    X: Any
    y: Any
    raw_target: Any
    n_rare: int
    is_label: bool
    kinds: ColumnKinds
    dialect: Dialect
    remarks: list[str] = field(default_factory=list)
    aside: dict[str, Any] = field(default_factory=dict)

    @property
    def read(self) -> list[str]:
        """Names of the columns that a model gets."""
        return [name for name, kind in self.kinds.items() if kind not in LEFT_OUT]


def find_name(name: str, names: list[str], what: str, option: str) -> str:
    """Check that a column is there.

    Raises
    ------
    DataError
        If not; the nearest names are offered.
    """
    if name in names:
        return name
    lower = {own.lower(): own for own in reversed(names)}
    near = difflib.get_close_matches(name.lower(), lower, 3, 0.5)
    offered = f"The table has {listed(names)}"
    if near:
        found = ", ".join(repr(lower[one]) for one in near)
        offered = f"The nearest {'is' if len(near) == 1 else 'are'} {found}"
    raise DataError(
        f"There is no column {name!r} for {what}. {offered}. Change {option}."
    )


def listed(names: list[str]) -> str:
    """Tell how many columns there are, and the names of the first."""
    shown = ", ".join(map(repr, names[:MOST_NAMES]))
    more = len(names) - MOST_NAMES
    count = "1 column" if len(names) == 1 else f"{len(names)} columns"
    return f"{count}: {shown}{f' and {more} more' if more > 0 else ''}"


def _infinite_rows(column: Any) -> str:
    """Tell in how many rows a column is infinite, and the first."""
    rows = np.flatnonzero(np.isinf(column.astype(float)))
    return f"row {int(column.index[rows[0]]) + 1}{_more(len(rows) - 1)}"


def folder_table(path: Path) -> Any:
    """Make a table of the image files in a folder of folders, which are the labels.

    Raises
    ------
    DataError
        If there is no image.
    """
    rows = [
        (str(file), file.parent.name)
        for file in sorted(path.glob("*/*"))
        if file.suffix.lower() in IMAGE_SUFFIXES
    ]
    if not rows:
        raise DataError(
            f"The directory '{path}' has no folders with images. Expected a folder for "
            "each label, or a file with a table. Name one of these."
        )
    return pandas().DataFrame(rows, columns=["image", "label"])


def load_training(path: Path, options: Any) -> tuple[Any, Dialect, list[str]]:
    """Read the table of a training; return also the columns of image paths."""
    if path.is_dir():
        options.target = options.target or "label"
        return folder_table(path), Dialect("arrow"), ["image"]
    frame, dialect = read_table(path)
    names = list(frame.columns)
    images = [find_name(n, names, "images", "--image") for n in options.image]
    for name in images:
        frame[name] = image_paths(frame[name], path.parent, name)
    return frame, dialect, images


def image_paths(column: Any, folder: Path, name: str) -> list[str]:
    """Paths of images, relative to the folder of the table.

    Raises
    ------
    DataError
        If files are missing.
    """
    paths = [str(folder / str(cell)) for cell in column]
    missing = [i for i, one in enumerate(paths) if not Path(one).is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(paths)} images of the column {name!r} do not "
            f"exist, the first in row {missing[0] + 1}: '{paths[missing[0]]}'. "
            f"Expected paths relative to '{folder}'. Mend the paths."
        )
    return paths


def understand_table(
    frame: Any, dialect: Dialect, images: list[str], options: Any
) -> Understanding:
    """Decide what is predicted, from which columns and rows.

    Raises
    ------
    DataError
        If the target is missing or has one value, or no column is left.
    """
    names, remarks = list(frame.columns), []
    if not options.target:
        raise DataError(
            "No target was named. Expected the column that is predicted. The table has "
            f"{listed(names)}. Add --target."
        )
    target = find_name(options.target, names, "the target", "--target")
    roles = {
        role: find_name(value, names, f"the {role}", option)
        for role, value, option in (
            ("id", options.id, "--id"),
            ("groups", options.groups, "--groups"),
            ("weights", options.weights, "--weights"),
            ("time", options.time_column, "--time-column"),
        )
        if value
    }
    for name in options.drop:
        find_name(name, names, "what is dropped", "--drop")
    for name in options.text:
        find_name(name, names, "a text", "--text")
    for name in (*roles.values(), *options.drop, *options.text, *images):
        if name == target:
            raise DataError(
                f"{name!r} is the target, and named for something else too. Expected "
                "another column. Change one of the options."
            )
    gaps = frame[target].isna()
    if gaps.all():
        raise DataError(
            f"The target {target!r} has no value in any row. Expected some. Choose "
            "another --target."
        )
    if gaps.any():
        remarks.append(
            f"{int(gaps.sum()):,} of {len(frame):,} rows are left out, since "
            f"{target!r} has a gap there."
        )
        frame = frame[~gaps]
    _refuse_weights(roles.get("weights"), frame)
    if "time" in roles:
        _refuse_times(roles["time"], frame, remarks)
        frame = frame.sort_values(roles["time"], kind="stable")
        remarks.append(f"Folds respect the time in {roles['time']!r}.")
    y, is_label = read_target(frame[target], options.task)
    n_known, raw = len(frame), frame[target].dtype
    frame, y = _without_rare(frame, y, target, is_label, remarks)
    aside = {role: frame[name] for role, name in roles.items()}
    away = {target, *options.drop, *(n for r, n in roles.items() if r != "time")}
    X = frame[[name for name in names if name not in away]]
    for name in dict.fromkeys(options.drop):
        remarks.append(f"{name!r} is left out, as you wish.")
    if not len(X.columns):
        raise DataError(
            "No column is left beside the target. Expected one at least. Drop fewer."
        )
    kinds = kinds_of(X, options.text, images)
    own: list[str] = []
    if "id" not in roles:
        own = [name for name in kinds.of("identifier") if name not in roles.values()]
    if len(own) == 1:
        (name,) = own
        aside["id"] = X[name]
        X = X.drop(columns=name)
        kinds = ColumnKinds({n: kind for n, kind in kinds.items() if n != name})
    for name, kind in kinds.items():
        if kind in LEFT_OUT:
            remarks.append(f"{name!r} is left out, since {REASONS[kind]}.")
    remarks += _about_ids(own)
    n_rare = n_known - len(frame)
    return Understanding(X, y, raw, n_rare, is_label, kinds, dialect, remarks, aside)


def _refuse_weights(name: str | None, frame: Any) -> None:
    """Raise DataError if a column of weights has other values than numbers >= 0."""
    if name is None:
        return
    weights = pandas().to_numeric(frame[name], errors="coerce").astype(float)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        value = frame[name].iloc[bad[0]]
        raise DataError(
            f"The weights {name!r} have the value {str(value)!r} in row "
            f"{int(frame.index[bad[0]]) + 1}{_more(len(bad) - 1)}. Expected numbers >= "
            "0 in all rows. Mend the cells."
        )


def _refuse_times(name: str, frame: Any, remarks: list[str]) -> None:
    """Raise DataError if a column of times has neither dates nor numbers."""
    known = frame[name].dropna()
    types = pandas().api.types
    if not (types.is_numeric_dtype(known) or types.is_datetime64_any_dtype(known)):
        stamps = pandas().to_datetime(known, errors="coerce", format="ISO8601")
        if stamps.isna().any():
            raise DataError(
                f"The time {name!r} has the value {str(known[stamps.isna()].iloc[0])!r}"
                ". Expected dates, such as 2026-01-31, or numbers. Convert them, or "
                "change --time-column."
            )
    if len(known) < len(frame):
        remarks.append(
            f"{len(frame) - len(known):,} rows have no time in {name!r}; they count as "
            "the last."
        )


def _more(count: int) -> str:
    return f" and {count:,} more" if count else ""


def _about_ids(names: list[str]) -> list[str]:
    """Tell what names the rows in predictions, if columns do that and none was named.

    A single one is taken. Of several, any may be meant.
    """
    if not names:
        return []
    if len(names) == 1:
        return [
            f"{names[0]!r} is different in every row, so it is taken as the id: it is "
            "not learnt from, and predict writes it. Name another column with --id, or "
            f"add --drop {quote(names[0])} to write numbers of rows."
        ]
    return [
        f"Any of {listed(names)} may be the id. Add --id with the one that predict "
        "is to write; without, it writes numbers of rows."
    ]


def kinds_of(X: Any, texts: list[str], images: list[str]) -> ColumnKinds:
    """Kinds of columns; raises DataError if none is left."""
    plain = X[[name for name in X.columns if name not in images]]
    found: dict[str, str] = dict.fromkeys(images, "image")
    if len(plain.columns):
        table = check_columns(BaseEstimator(), plain, reset=True)
        try:
            found |= find_kinds(table.columns, dict.fromkeys(texts, "text"))
        except DataError as error:
            told = str(error).partition(". Expected")[0].replace(" of X", "")
            raise DataError(
                f"{told}. Expected one whose values differ and do not only name the "
                "rows. Add columns."
            ) from error
    return ColumnKinds({name: found[name] for name in X.columns})


def read_target(column: Any, task: str | None) -> tuple[Any, bool]:
    """Values of a target, and whether they are labels.

    Raises
    ------
    DataError
        If labels are to be numbers.
    """
    types = pandas().api.types
    if task == "regress" or (task is None and column.nunique() > MOST_LABELS):
        numbers = as_numbers(column)
        column = column if numbers.hasnans else numbers  # blank cells are no numbers
    is_number = types.is_numeric_dtype(column) and not types.is_bool_dtype(column)
    if is_number and np.isinf(column.astype(float)).any():
        raise DataError(
            f"The target {column.name!r} is infinite in {_infinite_rows(column)}. "
            "Expected finite numbers, or gaps, whose rows are left out. Mend the cells."
        )
    if is_number and (column == column.round()).all():
        column = column.astype("int64")
    n_values = column.nunique()
    is_label = not is_number or (
        types.is_integer_dtype(column) and n_values <= MOST_LABELS
    )
    if task == "regress":
        if not is_number:
            raise DataError(
                f"--task regress, but the target has values such as "
                f"{str(column.iloc[0])!r}. Expected numbers. Leave --task out."
            )
        is_label = False
    elif task == "classify":
        is_label = True
    if is_label and not types.is_integer_dtype(column):
        column = column.astype(str)
    if n_values < 2:
        raise DataError(
            f"The target has one value, {str(column.iloc[0])!r}, in all rows. Expected "
            "two at least. Choose another --target, or add rows."
        )
    return column, is_label


def _without_rare(
    frame: Any, y: Any, target: str, is_label: bool, remarks: list[str]
) -> tuple[Any, Any]:
    if not is_label:
        return frame, y
    counts = y.value_counts()
    rare = counts[counts < 2].index
    if not len(rare):
        return frame, y
    if len(counts) - len(rare) < 2:
        raise DataError(
            f"{len(rare)} classes of {target!r} have a single row, such as "
            f"{str(rare[0])!r}. Expected two rows of two classes at least. Choose "
            "another --target, or --task regress."
        )
    kept = ~y.isin(rare)
    remarks.append(
        f"{len(rare):,} rows are left out, since their class occurs once, such as "
        f"{str(rare[0])!r}."
    )
    return frame[kept], y[kept]


def tell_columns(u: Understanding) -> list[str]:
    """Lines about each column that is read."""
    lines = []
    width = max(len(name) for name in u.X.columns)
    for name, kind in u.kinds.items():
        if kind not in LEFT_OUT:
            lines.append(f"  {name:<{width}}  {kind:<8}  {describe(u.X[name], kind)}")
    return lines
