"""Part of the demo: price houses from a table as it comes."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from sknn_suite.cli._comparison import Comparison, Row
from sknn_suite.cli._stage import Stage
from sknn_suite.tabular import TabularRegressor

FULL: dict[str, Any] = {"n_train": (200, 600), "n_test": 400, "max_iter": 25}
QUICK: dict[str, Any] = {"n_train": (120,), "n_test": 200, "max_iter": 20}

COLUMNS = (
    "living area",
    "lot",
    "quality",
    "built",
    "garage",
    "place",
    "sold",
    "agent",
)

N_PLACES = 25


def price_the_houses(stage: Stage) -> Comparison:
    """Price houses that were sold, by areas, marks, types, places, dates and names.

    The table is made, in the manner of the house prices of Ames. Our model gets it as
    it is. scikit-learn's boosting gets categories as codes, and neither dates nor names
    of agents, which it cannot read.

    Parameters
    ----------
    stage : Stage
        Where to run.

    Returns
    -------
    Comparison
        R2, mean error and seconds for each number of houses, and a picture.
    """
    size = QUICK if stage.quick else FULL
    X, y = make_houses(size["n_train"][-1] + size["n_test"], seed=0)
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=size["n_test"], random_state=0
    )
    title = f"Price the houses: a table of {len(COLUMNS)} mixed columns, as it comes"
    stage.say(f"{title}\nSeconds of fits, with one thread:")
    rows = []
    for n in size["n_train"]:
        ours = TabularRegressor(max_iter=size["max_iter"], random_state=0)
        measured = [
            _measure(stage, f"{n} houses, {name}", model, X[:n], y[:n], X_test, y_test)
            for name, model in (("sknn_suite", ours), ("boosting", _make_boosting()))
        ]
        rows.append(Row(f"{n} houses", *measured))
    return Comparison(
        title=title,
        other="scikit-learn",
        measures=("R2", "error, %", "seconds"),
        rows=rows,
        remark=(
            f"error is the mean error in percent of the mean price, on {len(X_test)} "
            "other houses.\nscikit-learn's model is HistGradientBoosting, with codes "
            "for categories; it\nreads neither dates nor names."
        ),
        pictures=[_draw(ours, X_test, y_test, stage)],
    )


def make_houses(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make houses with long tails, gaps that mean something, rare types and dates.

    Parameters
    ----------
    n : int
        Number of houses.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    X, y : ndarray of shape (n, 8) and (n,)
        Python objects, in the order of `COLUMNS`; and prices.
    """
    source = np.random.RandomState(seed)
    area = np.exp(source.normal(4.8, 0.35, n)).round()
    lot = np.exp(source.normal(6.5, 0.8, n)).round()
    quality, built = source.randint(1, 11, n), source.randint(1900, 2010, n)
    kinds = ["attached", "detached", "built in", None]
    garage = source.choice(np.array(kinds, dtype=object), n, p=[0.5, 0.3, 0.1, 0.1])
    place = source.randint(0, N_PLACES, n)
    sold = np.datetime64("2006-01-01") + source.randint(0, 1500, n)
    agent = source.choice(["Mr", "Mrs"], n)
    value = (
        0.8 * np.log(area)
        + 0.09 * quality
        + 0.002 * (built - 1950)
        + source.normal(0, 0.15, N_PLACES)[place]
        + 0.1 * (garage == "built in")
        - 0.1 * np.array([kind is None for kind in garage])
    )
    price = 4000 * np.exp(value + source.normal(0, 0.08, n))
    has_lot = source.rand(n) > 0.15
    columns = (
        area.tolist(),
        [x if known else None for x, known in zip(lot.tolist(), has_lot)],
        quality.tolist(),
        built.tolist(),
        garage.tolist(),
        [f"place {i}" for i in place],
        sold.astype(str).tolist(),
        [f"{title} Agent {i}" for i, title in enumerate(agent)],
    )
    X = np.empty((n, len(columns)), dtype=object)
    for j, column in enumerate(columns):
        X[:, j] = column
    return X, price


def _make_boosting() -> Any:
    numbers, categories = [0, 1, 2, 3], [4, 5]
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
    )
    readable = make_column_transformer(
        (codes, categories), ("passthrough", numbers), remainder="drop"
    )
    boosting = HistGradientBoostingRegressor(
        categorical_features=[0, 1], random_state=0
    )
    return make_pipeline(readable, boosting)


def _measure(
    stage: Stage,
    step: str,
    model: Any,
    X: np.ndarray,
    y: np.ndarray,
    X_test: np.ndarray,
    y_test: np.ndarray,
) -> tuple[float, float, float]:
    _, seconds = stage.time(step, lambda: model.fit(X, y))
    found = model.predict(X_test)
    error = 100 * mean_absolute_error(y_test, found) / y_test.mean()
    return float(r2_score(y_test, found)), float(error), seconds


def _draw(model: TabularRegressor, X: np.ndarray, y: np.ndarray, stage: Stage) -> Path:
    figure = stage.make_figure(9, 4.2)
    left, right = figure.subplots(1, 2)
    left.scatter(y / 1e6, model.predict(X) / 1e6, s=8)
    left.axline((0, 0), slope=1, color="gray", linewidth=0.8)
    left.set(xlabel="price, millions", ylabel="prediction, millions")
    order = np.argsort(model.feature_importances_)
    right.barh(np.array(COLUMNS)[order], model.feature_importances_[order])
    right.set_xlabel("rise of the loss when shuffled")
    figure.suptitle("Price the houses: TabularRegressor", x=0.01, ha="left")
    return stage.save(figure, "houses.png")
