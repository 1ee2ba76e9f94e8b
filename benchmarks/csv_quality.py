"""Whether `sknn-suite fit` on a file is as good as boosting, and as its best member.

The command gets nothing but a CSV file, the target and a time limit (SKNN_TIME, 300
seconds), text or image columns where there are some. Figures are of the rows held out,
as in tabular_quality: log-loss for classes, RMSE for numbers. CatBoost and
HistGradientBoosting have their defaults; AutoGluon has its medium quality and the same
time.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _measure import Line, earlier, load_shared, parse_options, report
from _tabular import NUMBERS, measure_apart, scores, split
from sklearn.model_selection import train_test_split

TABLES = ("adult", "titanic", "telco_churn", "bank_marketing")
TABLES += ("california_housing", "diamonds")
PICTURES = "dogs_cats_1400"
OTHERS = ("hate_offensive", PICTURES)
PEERS = ("CatBoost", "HistGradientBoosting")

# What has the same time, and reads no pictures. It is told beside, and is no boosting.
BESIDE = "AutoGluon"

# What takes part where there is no table. Of pictures, boosting reads small copies.
PEERS_OF = {
    "hate_offensive": ("CatBoost of texts",),
    PICTURES: ("CatBoost of pixels", "HistGradientBoosting of pixels"),
}

QUICK, QUICK_ROWS, QUICK_SECONDS = ("titanic",), 300, 10

# Limits of time that are told where they were measured, beside that of the scores.
TIMES = (60.0, 300.0, 1800.0)

# Of a limit, what may be exceeded: the larger of a share, and seconds.
OVER, OVER_SECONDS = 0.05, 10

# Share of the tables on which it must be better than the better boosting.
WINS = 5 / 8


def main() -> None:
    options = parse_options(__doc__, parts=("ours", "peers"))
    names = QUICK if options.quick else TABLES + OTHERS
    if os.environ.get("SKNN_TABLES"):
        names = tuple(os.environ["SKNN_TABLES"].split(","))
    seconds = float(os.environ.get("SKNN_TIME", 300))
    most = int(os.environ.get("SKNN_ROWS", 0)) or None
    if options.quick:
        seconds, most = QUICK_SECONDS, QUICK_ROWS
    raw: dict[str, Any] = earlier("csv_quality", options)
    for name in names:
        key = f"sknn-suite fit, {name}, {seconds:g} s, {most or 'all'} rows"
        if "ours" in options.only:
            found = measure(name, seconds, most)
            if found is not None:
                raw[key] = found
                print(key, json.dumps(found), flush=True)
        others = PEERS_OF.get(name, PEERS) + (() if name == PICTURES else (BESIDE,))
        if options.quick:
            others = PEERS[1:]
        for peer in others if "peers" in options.only else ():
            other = key_of_peer(peer, name, seconds, f"{most or 'all'} rows")
            if other not in raw:
                found = measure_apart(peer, name, 0, most)
                if found is not None:
                    raw[other] = found
                    print(other, json.dumps(found), flush=True)
        lines, notes = summarise(raw, names, seconds, most)
        report("csv_quality", __doc__, lines, options, notes=notes, raw=raw)


def key_of_peer(peer: str, name: str, seconds: float, rows: str) -> str:
    """Name what is measured of a peer; boosting has no limit of time."""
    limit = f", {seconds:g} s" if peer == BESIDE else ""
    return f"{peer}, {name}{limit}, {rows}"


def held_out(name: str, most: int | None) -> tuple | None:
    """Rows to fit and rows held out, each with the target last."""
    data = load_shared(name)
    if data is None:
        return None
    if name in TABLES:
        X, X_test, y, y_test = split(data, is_number=name in NUMBERS, most=most)
        return X.assign(target=y), X_test.assign(target=y_test), []
    column, option = ("text", "--text")
    if name == PICTURES:
        column, option = ("image", "--image")
    cells = [str(one) for one in data["X"]]
    frame = pd.DataFrame({column: cells, "target": np.asarray(data["y"])})
    if data["train"] is not None:
        train, test = frame.iloc[data["train"]], frame.iloc[data["test"]]
    else:
        train, test = train_test_split(
            frame, test_size=0.25, random_state=0, stratify=frame["target"]
        )
    if most is not None:
        train, test = train[:most], test[:most]
    return train, test, [option, column]


def measure(name: str, seconds: float, most: int | None) -> dict | None:
    """Run the command on a CSV file, and score its model on the rows held out."""
    from sknn_suite.cli._predict import features_of
    from sknn_suite.cli._reading import read_table
    from sknn_suite.persistence import load

    parts = held_out(name, most)
    if parts is None:
        return None
    train, test, given = parts
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder) / "train.csv", Path(folder) / "test.csv"
        train.to_csv(paths[0], index=False)
        test.to_csv(paths[1], index=False)
        out = Path(folder) / "model.sknn"
        command = [sys.executable, "-m", "sknn_suite", "fit", str(paths[0])]
        command += ["--target", "target", "--time", f"{seconds:g}", "--out", str(out)]
        started = time.perf_counter()
        done = subprocess.run(
            [*command, *given], capture_output=True, text=True, check=False
        )
        spent = time.perf_counter() - started
        if done.returncode:
            print(f"{name}: failed, {done.stderr.strip()}")
            return None
        model = load(out)
        frame, _ = read_table(paths[1])
        X, y = features_of(model, frame, paths[1]), frame["target"].to_numpy()
        is_number = name in NUMBERS
        if not is_number and model.notes_["labels"] == "str":
            y = y.astype(str)
        found = scores(model, X, y, is_number=is_number)
        members = {
            member: scores(_Alone(model, member), X, y, is_number=is_number)
            for member in model.members_
        }
        size = out.stat().st_size
    main_score = "RMSE" if is_number else "log-loss"
    return found | {
        "seconds": spent,
        "bytes": size,
        "rows": len(train),
        "standard error": _standard_error(model, X, y, is_number=is_number),
        "members": {member: one[main_score] for member, one in members.items()},
        "weights": model.weights_,
    }


class _Alone:
    """One member of a stack."""

    def __init__(self, model: Any, name: str) -> None:
        from copy import copy

        self.model = copy(model)
        self.model.members_ = {name: model.members_[name]}
        self.model.weights_ = {name: 1.0}
        self.classes_ = getattr(model, "classes_", None)

    def predict(self, X: Any) -> Any:
        return self.model.predict(X)

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(X)


def _standard_error(model: Any, X: Any, y: np.ndarray, *, is_number: bool) -> float:
    """Deviation of the main score over resamples of the rows held out."""
    if is_number:
        losses = (np.asarray(model.predict(X)) - y) ** 2
    else:
        codes = np.searchsorted(model.classes_, y)
        proba = model.predict_proba(X)[np.arange(len(y)), codes]
        losses = -np.log(np.clip(proba, 1e-15, 1))
    error = losses.std() / np.sqrt(len(losses))
    return float(error / (2 * np.sqrt(losses.mean())) if is_number else error)


def summarise(
    raw: dict, names: tuple, seconds: float, most: int | None
) -> tuple[list[Line], list[str]]:
    """Compare with the peers, and with the best member."""
    lines, notes, points, n_compared = [], [], 0.0, 0
    rows = f"{most or 'all'} rows"
    for name in names:
        ours = raw.get(f"sknn-suite fit, {name}, {seconds:g} s, {rows}")
        if ours is None:
            continue
        score = "RMSE" if name in NUMBERS else "log-loss"
        error = ours["standard error"]
        best = min(ours["members"].values())
        work = f"{score} on {name}, beside its best member"
        ratio = ours[score] / (best + error)
        lines.append(
            Line(work, "best member", best, ours[score], ratio, 1.0, True, unit="")
        )
        lines += times_kept(raw, name, seconds, rows)
        other = raw.get(key_of_peer(BESIDE, name, seconds, rows))
        if other is not None:
            ratio = ours[score] / other[score]
            work = f"{score} on {name}, in {seconds:g} s"
            lines.append(
                Line(
                    work, BESIDE, other[score], ours[score], ratio, None, True, unit=""
                )
            )
        keys = {
            peer: key_of_peer(peer, name, seconds, rows)
            for peer in PEERS_OF.get(name, PEERS)
        }
        peers = {peer: raw[key][score] for peer, key in keys.items() if key in raw}
        if not peers:
            continue
        n_compared += 1
        peer = min(peers, key=peers.__getitem__)
        is_tie = abs(ours[score] - peers[peer]) <= error
        points += 0.5 if is_tie else float(ours[score] < peers[peer])
        notes.append(
            f"{name}: {score} {ours[score]:.4f} (standard error {error:.4f}), "
            f"{peer} {peers[peer]:.4f}"
        )
    if n_compared:
        work = f"tables of {n_compared} better than boosting, a tie is half"
        wanted = n_compared * WINS
        lines.append(
            Line(work, "boosting", None, points, points / wanted, 1.0, unit="")
        )
    return lines, notes


def times_kept(raw: dict, name: str, seconds: float, rows: str) -> list[Line]:
    """Compare the seconds that were taken with those that may be, for each limit."""
    lines = []
    for limit in sorted({*TIMES, seconds}):
        found = raw.get(f"sknn-suite fit, {name}, {limit:g} s, {rows}")
        if found is not None:
            spent, most = found["seconds"], limit + max(OVER * limit, OVER_SECONDS)
            work = f"seconds of {limit:g} on {name}"
            lines.append(Line(work, "", None, spent, spent / most, 1.0, True))
    return lines


if __name__ == "__main__":
    main()
