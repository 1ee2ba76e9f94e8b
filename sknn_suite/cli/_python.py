"""The Python that does what a command did."""

import argparse
from pathlib import Path

from sknn_suite.cli._reading import GAPS, Dialect
from sknn_suite.cli._understanding import Understanding


def python_of(u: Understanding, options: argparse.Namespace, images: list[str]) -> str:
    """Write the program that reads the table, fits and saves."""
    kind = "AutoClassifier" if u.is_label else "AutoRegressor"
    lines = ["import pandas as pd"]
    threshold = _threshold(options)
    if threshold:
        lines.append("from sknn_suite.decision import Capacity, CostMatrix")
    lines += [
        f"from sknn_suite.ensemble import {kind}",
        "from sknn_suite.persistence import save",
        "",
        *_reading(Path(options.file), u.dialect, u.is_label),
    ]
    target = options.target
    lines.append(f"table = table[table[{target!r}].notna()]")
    if "time" in u.aside:
        lines.append(f"table = table.sort_values({u.aside['time'].name!r})")
    for name in images:
        folder = str(Path(options.file).parent)
        if not Path(options.file).is_dir():
            lines.append(f"table[{name!r}] = {folder + '/'!r} + table[{name!r}]")
    lines.append(f"X, y = table[{list(u.X.columns)!r}], table[{target!r}]")
    settings = {
        "time_limit": options.time,
        "scoring": options.metric,
        "decision_threshold": threshold,
        "text_features": options.text or None,
        "image_features": images or None,
        "cv": "time" if "time" in u.aside else options.cv,
        "device": None if options.device == "auto" else options.device,
        "n_jobs": options.jobs,
        "random_state": options.seed,
    }
    from_time = _seconds(options.time)
    settings["time_limit"] = from_time
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
        extra += f", groups=table[{u.aside['groups'].name!r}]"
    lines.append(f"model.fit(X, y{extra})")
    out = options.out or Path(options.file).stem.split(".")[0] + ".sknn"
    lines.append(f"save(model, {str(out)!r})")
    return "\n".join(lines) + "\n"


def _threshold(options: argparse.Namespace) -> str | None:
    if options.costs:
        pairs = dict(part.split("=") for part in options.costs.split(","))
        pairs = {name.strip(): value for name, value in pairs.items()}
        fn, fp = pairs.get("fn"), pairs.get("fp")
        tn, tp = pairs.get("tn", "0"), pairs.get("tp", "0")
        return f"CostMatrix([[{tn}, {fp}], [{fn}, {tp}]])"
    if options.capacity:
        return f"Capacity({options.capacity}, out_of={options.capacity_of})"
    return None


def _seconds(text: str) -> float:
    units = {"m": 60, "h": 3600, "s": 1}
    text = text.strip().lower()
    return float(text.rstrip("smh")) * units.get(text[-1], 1)


def _reading(path: Path, dialect: Dialect, is_label: bool) -> list[str]:
    if path.is_dir():
        return [
            "from pathlib import Path",
            "",
            f"files = sorted(Path({str(path)!r}).glob('*/*'))",
            "table = pd.DataFrame(",
            "    [(str(f), f.parent.name) for f in files], columns=['image', 'label']",
            ")",
        ]
    name = str(path)
    if dialect.kind == "parquet":
        return [f"table = pd.read_parquet({name!r})"]
    if dialect.kind == "arrow":
        return [f"table = pd.read_feather({name!r})"]
    if dialect.kind == "jsonl":
        return [f"table = pd.read_json({name!r}, lines=True, dtype=False)"]
    options = [f"na_values={GAPS!r}", "skipinitialspace=True"]
    if dialect.separator != ",":
        options.append(f"sep={dialect.separator!r}")
    if dialect.encoding != "utf-8":
        options.append(f"encoding={dialect.encoding!r}")
    if dialect.decimal != ".":
        options.append(f"decimal={dialect.decimal!r}")
    if dialect.words:
        options.append(f"dtype={dict.fromkeys(dialect.words, 'str')!r}")
    lines = [
        "table = pd.read_csv(",
        f"    {name!r},",
        *(f"    {one}," for one in options),
        ")",
    ]
    for column, style in dialect.dates.items():
        lines.append(
            f"table[{column!r}] = pd.to_datetime(table[{column!r}], format={style!r})"
        )
    return lines
