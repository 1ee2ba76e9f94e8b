"""The Python that does what a command did."""

import argparse
from pathlib import Path

from sknn_suite.cli._column_values import WORDS
from sknn_suite.cli._dialect import GAPS, Dialect
from sknn_suite.cli._understanding import IMAGE_SUFFIXES, Understanding


def python_of(u: Understanding, options: argparse.Namespace, images: list[str]) -> str:
    """Write the program that reads the table, fits and saves."""
    kind = "AutoClassifier" if u.is_label else "AutoRegressor"
    lines = ["import pandas as pd"]
    threshold = _threshold(options)
    if threshold:
        lines.append("from sknn_suite.decision import Capacity, CostMatrix")
    if _is_written(u):
        lines.append("from sknn_suite.encoding import parse_numbers")
    lines += [
        f"from sknn_suite.ensemble import {kind}",
        "from sknn_suite.persistence import save",
        "",
        *_reading(Path(options.file), u.dialect),
        *_dates(u, options.target),
        *_rows(u, options.target),
    ]
    target = options.target
    if images and not Path(options.file).is_dir():
        lines[:0] = ["from pathlib import Path", ""]
        lines.append(f"folder = Path({str(Path(options.file).parent)!r})")
        lines += [
            f"table[{name!r}] = [str(folder / str(cell)) for cell in table[{name!r}]]"
            for name in images
        ]
    lines.append(f"columns = {u.read!r}")
    lines.append(f"X, y = table[columns], table[{target!r}]")
    settings = {
        "time_limit": options.time,
        "scoring": options.metric,
        "decision_threshold": threshold,
        "text_features": [name for name in options.text if name in u.read] or None,
        "image_features": images or None,
        "cv": "time" if "time" in u.aside else options.cv,
        "device": None if options.device == "auto" else options.device,
        "n_jobs": options.jobs,
        "random_state": options.seed,
    }
    given = [
        f"{name}={value if name == 'decision_threshold' else repr(value)}"
        for name, value in settings.items()
        if value is not None
    ]
    lines += [f"model = {kind}(", *(f"    {one}," for one in given), ")"]
    extra = ""
    if "weights" in u.aside:
        extra += f", sample_weight=table[{u.aside['weights'].name!r}]"
    if "groups" in u.aside:
        extra += f", groups=table[{u.aside['groups'].name!r}].astype(str)"
    lines.append(f"model.fit(X, y{extra})")
    # Not the command's own file: `predict` reads more from it than a model.
    out = Path(options.out or usual_model(Path(options.file)))
    out = out.with_name(f"{out.stem}_in_python{out.suffix}")
    lines += [
        f"save(model, {str(out)!r})",
        "# model.predict(other[columns]) predicts the rows of another table",
    ]
    return "\n".join(lines) + "\n"


def usual_model(path: Path) -> str:
    """Name of the model file for a table, if the user gives none."""
    return path.stem.split(".")[0] + ".sknn"


def _threshold(options: argparse.Namespace) -> str | None:
    if options.costs:
        return f"CostMatrix({options.costs})"
    if options.capacity:
        return f"Capacity({options.capacity}, out_of={options.capacity_of})"
    return None


def _is_written(u: Understanding) -> bool:
    """Whether the target has numbers that are written in strings."""
    return not u.is_label and str(u.raw_target) in WORDS


def _rows(u: Understanding, target: str) -> list[str]:
    """Choose and sort the rows, and read the target, as the command does."""
    lines = [f"table = table[table[{target!r}].notna()]"]
    if "time" in u.aside:
        name = u.aside["time"].name
        lines.append(f"table = table.sort_values({name!r}, kind='stable')")
    is_number = str(u.y.dtype) == "int64"
    if _is_written(u):
        lines.append(
            f"table[{target!r}] = parse_numbers(table[{target!r}].to_numpy(str))"
        )
    elif u.y.dtype != u.raw_target or str(u.raw_target) == "object":
        kind = "'int64'" if is_number else "str"
        lines.append(
            f"table = table.assign(**{{{target!r}: table[{target!r}].astype({kind})}})"
        )
    if u.n_rare:
        lines += [
            f"times = table[{target!r}].map(table[{target!r}].value_counts())",
            "table = table[times > 1]",
        ]
    return lines


def _dates(u: Understanding, target: str) -> list[str]:
    """Convert the columns that hold dates in another form than ISO."""
    columns = [u.X[name] for name in u.X] + list(u.aside.values())
    types = {str(column.name): column.dtype for column in columns}
    types[target] = u.raw_target
    return [
        f"table[{name!r}] = pd.to_datetime(table[{name!r}].str.strip(), "
        f"format={style!r})"
        for name, style in u.dialect.dates.items()
        if str(types.get(name, "")).startswith("datetime")
    ]


def _reading(path: Path, dialect: Dialect) -> list[str]:
    if path.is_dir():
        return [
            "from pathlib import Path",
            "",
            f"suffixes = {sorted(IMAGE_SUFFIXES)!r}",
            "table = pd.DataFrame(",
            "    [",
            "        (str(file), file.parent.name)",
            f"        for file in sorted(Path({str(path)!r}).glob('*/*'))",
            "        if file.suffix.lower() in suffixes",
            "    ],",
            "    columns=['image', 'label'],",
            ")",
        ]
    name = str(path)
    if dialect.kind == "parquet":
        return [f"table = pd.read_parquet({name!r})"]
    if dialect.kind == "arrow":
        return [f"table = pd.read_feather({name!r})"]
    if dialect.kind == "jsonl":
        return [f"table = pd.read_json({name!r}, lines=True, dtype=False)"]
    options = [
        f"na_values={GAPS!r}",
        "skipinitialspace=True",
        "index_col=False",
        "low_memory=False",
    ]
    if dialect.separator != ",":
        options.append(f"sep={dialect.separator!r}")
    if dialect.encoding != "utf-8":
        options.append(f"encoding={dialect.encoding!r}")
    if dialect.decimal != ".":
        options.append(f"decimal={dialect.decimal!r}")
    if dialect.is_gzip != name.lower().endswith(".gz"):  # pandas goes by the name
        options.append(f"compression={'gzip' if dialect.is_gzip else None!r}")
    if dialect.words:
        options.append(f"dtype={dict.fromkeys(dialect.words, 'str')!r}")
    lines = [
        "table = pd.read_csv(",
        f"    {name!r},",
        *(f"    {one}," for one in options),
        ")",
    ]
    if dialect.is_padded:
        lines.append("table.columns = table.columns.str.strip()")
    return lines
