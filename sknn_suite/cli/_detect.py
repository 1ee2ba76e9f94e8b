"""The command detect: the rows that are unlike the others, and the columns to blame."""

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sknn_suite.anomaly import AutoencoderDetector
from sknn_suite.cli._dialect import pandas
from sknn_suite.cli._files import writable
from sknn_suite.cli._reading import read_table
from sknn_suite.cli._understanding import REASONS, find_name, kinds_of
from sknn_suite.cli._voice import Voice
from sknn_suite.data import replacing
from sknn_suite.device import resolve_device
from sknn_suite.encoding import LEFT_OUT, READ
from sknn_suite.exceptions import DataError

# Columns that are blamed for a row, at most, and the least share of its score.
MOST_REASONS, LEAST_BLAME = 3, 0.1

# Levels of a category that have a flag each.
MOST_FLAGS = 10


def detect(options: argparse.Namespace) -> None:
    """Find anomalies, and write them with their reasons, the worst first."""
    voice, path = Voice(options.json), Path(options.file)
    out = writable(options.out, f"{path.stem.split('.')[0]}_anomalies.csv")
    resolve_device(options.device)
    frame, dialect = read_table(path)
    names = list(frame.columns)
    if options.id:
        find_name(options.id, names, "the id", "--id")
    for name in options.drop:
        find_name(name, names, "what is dropped", "--drop")
    X = frame.drop(columns=[*options.drop, *([options.id] if options.id else [])])
    voice.say(f"{path}: {len(frame):,} rows, {len(names)} columns ({dialect})")
    if not len(X.columns):
        raise DataError("No column is left. Expected one at least. Drop fewer.")
    kinds = kinds_of(X, [], [])
    for name, kind in kinds.items():
        if kind in LEFT_OUT:
            voice.say(f"{name!r} is left out, since {REASONS[kind]}.")
    read = [name for name, kind in kinds.items() if kind in READ]
    voice.say(f"Learns from {len(read)} columns: {', '.join(read)}")
    numbers, origins = encode(X[read], {name: kinds[name] for name in read})
    left = options.time - (time.perf_counter() - options.began)
    model = AutoencoderDetector(
        contamination=max(options.share, 1 / len(frame)),
        max_time=max(0.7 * left, 1.0),
        random_state=options.seed,
        device=options.device,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(numbers)
    scores = -model.score_samples(numbers)
    n_found = max(round(options.share * len(frame)), 1)
    worst = np.argsort(-scores, kind="stable")[:n_found]
    blame = model.feature_scores(numbers[worst], groups=np.array(origins))
    of_column = [read[i] for i in dict.fromkeys(origins)]
    result = frame.iloc[worst].reset_index(drop=True)
    for name in ("row", "anomaly_score", "reasons"):
        if name in result:
            result = result.rename(columns={name: f"{name} (of the table)"})
    result.insert(0, "row", worst + 1)
    result.insert(1, "anomaly_score", scores[worst])
    told = [
        reasons(row, of_column, frame.iloc[place]) for row, place in zip(blame, worst)
    ]
    result.insert(2, "reasons", told)
    with replacing(out) as file:
        file.write(result.to_csv(index=False).encode("utf-8"))
    options.written = out
    for place, text in list(zip(worst, told))[:5]:
        voice.say(f"  row {place + 1}: {text}")
    voice.say(f"Wrote {out}: {n_found:,} rows, the worst first")
    voice.tell("done", out=str(out), rows=n_found)


def encode(X: Any, kinds: dict[str, str]) -> tuple[np.ndarray, list[int]]:
    """Turn columns into numbers, and tell which column each comes from.

    Numbers stay as they are, so that extreme ones stay extreme. Dates are hour, weekday
    and days; categories are how rare they are, and a flag for each of a few levels;
    texts are their length and how rare their words are. A gap is the median and a flag.

    Parameters
    ----------
    X : DataFrame
        The columns.
    kinds : dict of str to str
        Their kinds.
    """
    found, origins = [], []
    for place, (name, kind) in enumerate(kinds.items()):
        column, gaps = X[name], X[name].isna().to_numpy()
        parts = _PARTS[kind](column)
        if gaps.any():
            parts.append(gaps.astype(float))
        for part in parts:
            known = part[np.isfinite(part)]
            if not len(known) or np.ptp(known) == 0:
                continue
            found.append(np.where(np.isfinite(part), part, np.median(known)))
            origins.append(place)
    return np.column_stack(found), origins


def _numbers(column: Any) -> list[np.ndarray]:
    return [
        pandas().to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    ]


def _dates(column: Any) -> list[np.ndarray]:
    stamps = pandas().to_datetime(column, errors="coerce")
    days = (stamps - stamps.min()) / pandas().Timedelta(days=1)
    hours = stamps.dt.hour + stamps.dt.minute / 60
    parts = (hours, stamps.dt.weekday, days)
    return [part.to_numpy(float, na_value=np.nan) for part in parts]


def _categories(column: Any) -> list[np.ndarray]:
    cells = column.astype(object).where(column.notna(), "a gap").astype(str)
    shares = cells.value_counts(normalize=True)
    parts = [-np.log(cells.map(shares).to_numpy(float))]
    if len(shares) <= MOST_FLAGS:
        parts += [(cells == level).to_numpy(float) for level in shares.index]
    return parts


def _texts(column: Any) -> list[np.ndarray]:
    texts = column.fillna("").astype(str)
    words = [set(text.lower().split()) for text in texts]
    times = Counter(word for row in words for word in row)
    rarity = [
        float(np.mean([-np.log(times[word] / len(words)) for word in row]))
        if row
        else 0.0
        for row in words
    ]
    return [np.log1p(texts.str.len().to_numpy(float)), np.array(rarity)]


_PARTS: dict[str, Callable[[Any], list[np.ndarray]]] = {
    "number": _numbers,
    "boolean": _categories,
    "category": _categories,
    "date": _dates,
    "text": _texts,
}


def reasons(blame: np.ndarray, names: list[str], row: Any) -> str:
    """Name the columns that make a row odd, with its values."""
    blame = np.maximum(blame, 0)
    share = blame / max(blame.sum(), 1e-12)
    order = np.argsort(-share, kind="stable")[:MOST_REASONS]
    kept = [i for i in order if share[i] >= LEAST_BLAME] or [order[0]]
    return "; ".join(
        f"{names[i]} = {_told(row[names[i]])} ({share[i]:.0%})" for i in kept
    )


def _told(value: Any) -> str:
    if value is None or pandas().isna(value):
        return "a gap"
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:40]
