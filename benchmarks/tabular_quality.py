"""Whether TabularClassifier and TabularRegressor beat boosting on mixed tables.

All contenders have their defaults, and see the same 75 % of the rows. Figures are means
over seeds. The rank of a contender is the mean of its places, the best first, by
log-loss for classes and by RMSE for numbers. Results of other libraries are kept and
not measured again; those that have fewer seeds are named below the table.
"""

import os
import statistics
from typing import Any

import matplotlib.pyplot as plt
from _measure import ROOT, Line, earlier, keep, list_table, parse_options, report
from _tabular import CLASSES, NUMBERS, OURS, PEERS, measure_apart

# Figures of a table. The first one ranks the contenders.
OF_CLASSES, OF_NUMBERS = ("log-loss", "AUC", "accuracy"), ("RMSE", "MAE")
HIGHER_IS_BETTER = ("AUC", "accuracy")

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
    """Write the tables, and the picture of the tables of few rows."""
    figures = by_contender(raw, tables, n_seeds, f"{most or 'all'} rows")
    measured = {n: of for n, of in figures.items() if len(of) == len(tables)}
    ranks = mean_ranks(measured, tables)
    notes = [f"mean rank of {name}: {rank:.2f}" for name, rank in ranks.items()]
    notes.append(f"Rows of each table: {most or 'all'}, a quarter of them held out.")
    seeds = {
        name: min(len(values) for of in found.values() for values in of.values())
        for name, found in figures.items()
    }
    notes.append(f"Seeds: {', '.join(f'{name} {n}' for name, n in seeds.items())}.")
    others = [name for name in figures if name not in ranks]
    notes += [f"{n} was not measured on every table, and has no rank." for n in others]
    lines = lines_of(figures, ranks, tables)
    more = table_of(figures, [*ranks, *others], tables)
    report(title, __doc__, lines, options, notes=notes, raw=raw, more=more)
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


# Values of the seeds, by contender, table and figure.
Figures = dict[str, dict[str, dict[str, list[float]]]]


def by_contender(
    raw: dict[str, dict], tables: tuple, n_seeds: int, rows: str
) -> Figures:
    """Collect what was measured of each contender."""
    figures: Figures = {}
    for name in [*OURS, *PEERS]:
        for table in tables:
            keys = [f"{name}, {table}, seed {s}, {rows}" for s in range(n_seeds)]
            found = [raw[key] for key in keys if key in raw]
            if found:
                own = figures.setdefault(name, {})
                own[table] = {what: [f[what] for f in found] for what in found[0]}
    return figures


def metrics_of(table: str) -> tuple[str, ...]:
    """Name the figures of a table."""
    return OF_NUMBERS if table in NUMBERS else OF_CLASSES


def lines_of(figures: Figures, ranks: dict[str, float], tables: tuple) -> list[Line]:
    """Compare ranks, and tables with RealMLP; then how true probabilities are."""
    if "sknn_suite" not in ranks:
        return []
    lines, ours = [], figures["sknn_suite"]
    for name in ranks:
        if name in OURS:
            continue
        gate = 1.0 if name in GATES else None
        ratio = ranks["sknn_suite"] / ranks[name]
        work = f"mean rank on {len(tables)} tables"
        pair = ranks[name], ranks["sknn_suite"]
        lines.append(Line(work, name, *pair, ratio, gate, at_most=True, unit=""))
    if "RealMLP-TD" in figures:
        lines.append(share_as_good(ours, figures["RealMLP-TD"]))
    for table in tables:
        if table in CLASSES and ours[table]["rows"][0] >= 0.75 * LARGE:
            error = statistics.mean(ours[table]["ECE"])
            work = f"calibration error on {table}"
            lines.append(Line(work, "", None, error, error, CALIBRATED, True, unit=""))
    return lines


def share_as_good(ours: dict[str, dict], theirs: dict[str, dict]) -> Line:
    """On how many tables ours are as good as RealMLP-TD, within a standard error."""
    good = []
    for table, found in theirs.items():
        metric = metrics_of(table)[0]
        own = ours[table][metric]
        error = statistics.stdev(own) / len(own) ** 0.5 if len(own) > 1 else 0.0
        good.append(statistics.mean(own) <= statistics.mean(found[metric]) + error)
    share = sum(good) / len(good)
    work = f"share of {len(good)} tables where ours is as good, within a standard error"
    return Line(work, "RealMLP-TD", None, share, share, SHARE_OF_REALMLP, unit="")


def table_of(figures: Figures, names: list[str], tables: tuple) -> str:
    """Write all figures, a line per table and figure; the best one is bold."""
    rows = [["table", "figure", *names]]
    for table in tables:
        for metric in metrics_of(table):
            means = {
                name: statistics.mean(figures[name][table][metric])
                for name in names
                if metric in figures[name].get(table, {})
            }
            if not means:
                continue
            pick = max if metric in HIGHER_IS_BETTER else min
            best = shown(pick(means.values()))
            cells = [shown(means[n]) if n in means else "" for n in names]
            bold = [f"**{cell}**" if cell == best else cell for cell in cells]
            rows.append([table, metric, *bold])
    return "\n".join(list_table("Figures of each table, the best one in bold", rows))


def shown(value: float) -> str:
    """Format a figure, which may be a share or a price."""
    if value >= 10:
        return f"{value:,.0f}" if value >= 1_000 else f"{value:.1f}"
    return f"{value:.4f}"


def mean_ranks(figures: Figures, tables: tuple) -> dict[str, float]:
    """Mean place of each contender, 1 for the best; the best first."""
    places: dict[str, list[int]] = {name: [] for name in figures}
    for table in tables:
        metric = metrics_of(table)[0]
        means = {n: statistics.mean(f[table][metric]) for n, f in figures.items()}
        for place, name in enumerate(sorted(means, key=means.__getitem__), 1):
            places[name].append(place)
    ranks = {name: statistics.mean(own) for name, own in places.items() if own}
    return dict(sorted(ranks.items(), key=lambda item: item[1]))


if __name__ == "__main__":
    main()
