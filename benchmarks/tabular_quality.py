"""Whether TabularClassifier and TabularRegressor beat boosting on mixed tables.

All contenders have their defaults, and see the same 75 % of the rows. Figures are means
over seeds: log-loss for classes, RMSE for numbers. Ratios of single seeds of ours are
in brackets. The rank of a contender is the mean of its places, the best first. Results
of other libraries are kept and not measured again; those that have fewer seeds are
named below the table.
"""

import os
import statistics
from typing import Any

import matplotlib.pyplot as plt
from _measure import ROOT, Line, earlier, keep, parse_options, report
from _tabular import CLASSES, NUMBERS, OURS, PEERS, measure_apart

# Contenders that the mean rank must be ahead of.
GATES = ("LightGBM", "HistGradientBoosting", "RealMLP-TD")

LARGE, CALIBRATED = 10_000, 0.02
SHARE_OF_REALMLP = 0.6
QUICK = ("titanic", "abalone")
QUICK_ROWS = 400

PICTURE = ROOT / "docs" / "images" / "mean_ranks.png"


def main() -> None:
    options = parse_options(__doc__, parts=("ours", "peers"))
    tables = QUICK if options.quick else CLASSES + NUMBERS
    if os.environ.get("SKNN_TABLES"):
        tables = tuple(os.environ["SKNN_TABLES"].split(","))
    n_seeds = 1 if options.quick else (options.repeats or 3)
    most = QUICK_ROWS if options.quick else int(os.environ.get("SKNN_ROWS", 0)) or None
    title = "tabular_quality" if most else "tabular_quality_all_rows"
    raw: dict[str, Any] = earlier(title, options)
    names = [*(OURS if "ours" in options.only else ())]
    names += [*(PEERS if "peers" in options.only else ())]
    if options.quick:
        names = ["sknn_suite", "HistGradientBoosting"]
    if os.environ.get("SKNN_CONTENDERS"):
        names = os.environ["SKNN_CONTENDERS"].split(",")
    for name in names:
        for table in tables:
            for seed in range(n_seeds):
                key = f"{name}, {table}, seed {seed}, {most or 'all'} rows"
                if name in PEERS and key in raw:
                    continue
                found = measure_apart(name, table, seed, most)
                if found is not None:
                    raw[key] = found
                    keep(title, raw, options)
                    print(key, {k: round(v, 4) for k, v in found.items()}, flush=True)
    show(title, raw, tables, n_seeds, most, options)


def show(
    title: str,
    raw: dict[str, Any],
    tables: tuple,
    n_seeds: int,
    most: int | None,
    options: Any,
) -> None:
    """Write the table, and the picture of the tables of few rows."""
    lines, ranks, seeds = summarise(raw, tables, n_seeds, f"{most or 'all'} rows")
    notes = [f"mean rank of {name}: {rank:.2f}" for name, rank in ranks.items()]
    notes.append(f"Rows of each table: {most or 'all'}, a quarter of them held out.")
    told = ", ".join(f"{name} {n}" for name, n in seeds.items())
    notes.append(f"Seeds: {told}.")
    report(title, __doc__, lines, options, notes=notes, raw=raw)
    if most and not options.quick:
        draw(ranks, len(tables))


def draw(ranks: dict[str, float], n_tables: int) -> None:
    """Draw the mean ranks for the README; the best comes first in `ranks`."""
    figure, axes = plt.subplots(figsize=(7, 0.35 * len(ranks) + 0.9))
    names = list(ranks)[::-1]  # bars are drawn from below
    colors = ["tab:blue" if name in OURS else "silver" for name in names]
    shown = ["TabularClassifier, TabularRegressor" if n in OURS else n for n in names]
    bars = axes.barh(shown, [ranks[name] for name in names], color=colors)
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_xlabel(f"mean rank on {n_tables} tables (1 is best)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=120, bbox_inches="tight")


def summarise(
    raw: dict[str, dict], tables: tuple, n_seeds: int, rows: str
) -> tuple[list[Line], dict[str, float], dict[str, int]]:
    """Compare with each contender, by table and by rank; give ranks and seeds too."""
    figures: dict[str, dict[str, list[float]]] = {}
    for name in [*OURS, *PEERS]:
        for table in tables:
            metric = "RMSE" if table in NUMBERS else "log-loss"
            keys = [f"{name}, {table}, seed {s}, {rows}" for s in range(n_seeds)]
            own = [raw[key][metric] for key in keys if key in raw]
            if own:
                figures.setdefault(name, {})[table] = own
    complete = [n for n, found in figures.items() if len(found) == len(tables)]
    ranks = mean_ranks({n: figures[n] for n in complete}, tables)
    lines = []
    for name in PEERS:
        if name in ranks and "sknn_suite" in ranks:
            gate = 1.0 if name in GATES else None
            ratio = ranks["sknn_suite"] / ranks[name]
            ours, theirs = ranks["sknn_suite"], ranks[name]
            work = f"mean rank on {len(tables)} tables"
            lines.append(Line(work, name, theirs, ours, ratio, gate, True, unit=""))
        if name in figures and "sknn_suite" in figures:
            lines += by_table(figures, name)
    for table in tables:
        keys = [f"sknn_suite, {table}, seed {s}, {rows}" for s in range(n_seeds)]
        keys = [key for key in keys if key in raw]
        if table in CLASSES and keys:
            if raw[keys[0]]["rows"] < 0.75 * LARGE:
                continue
            error = statistics.mean(raw[key]["ECE"] for key in keys)
            work = f"calibration error on {table}"
            lines.append(Line(work, "", None, error, error, CALIBRATED, True, unit=""))
    seeds = {n: min(map(len, figures[n].values())) for n in ranks}
    return lines, ranks, seeds


def by_table(figures: dict[str, dict[str, list[float]]], name: str) -> list[Line]:
    """Compare with one contender on each table; for RealMLP also the share."""
    lines, as_good = [], []
    for table, theirs in figures[name].items():
        ours = figures["sknn_suite"].get(table)
        if ours is None:
            continue
        mean, other = statistics.mean(ours), statistics.mean(theirs)
        error = statistics.stdev(ours) / len(ours) ** 0.5 if len(ours) > 1 else 0.0
        as_good.append(mean <= other + error)
        metric = "RMSE" if table in NUMBERS else "log-loss"
        work = f"{metric} on {table}"
        spread = {}
        if len(ours) > 1:
            spread = {"low": min(ours) / other, "high": max(ours) / other}
        ratio = mean / other
        lines.append(
            Line(work, name, other, mean, ratio, None, True, unit="", **spread)
        )
    if name == "RealMLP-TD" and as_good:
        share = sum(as_good) / len(as_good)
        work = "share of tables where ours is as good, within a standard error"
        lines.append(Line(work, name, None, share, share, SHARE_OF_REALMLP, unit=""))
    return lines


def mean_ranks(
    figures: dict[str, dict[str, list[float]]], tables: tuple
) -> dict[str, float]:
    """Mean place of each contender, 1 for the best; the best first."""
    places: dict[str, list[int]] = {name: [] for name in figures}
    for table in tables:
        means = {n: statistics.mean(found[table]) for n, found in figures.items()}
        for place, name in enumerate(sorted(means, key=means.__getitem__), 1):
            places[name].append(place)
    ranks = {name: statistics.mean(own) for name, own in places.items() if own}
    return dict(sorted(ranks.items(), key=lambda item: item[1]))


if __name__ == "__main__":
    main()
