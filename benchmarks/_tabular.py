"""Mixed tables, the contenders that read them, and their scores.

Each contender has the defaults that its documentation recommends. Those that are not
installed are left out; SKNN_PEERS may name another Python that has them.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent

CLASSES = ("adult", "bank_marketing", "forest_cover_15k", "mammography")
CLASSES += ("telco_churn", "titanic")
NUMBERS = ("abalone", "ames_housing", "california_housing", "diamonds")

N_BINS = 15  # of the calibration error

PIXELS = 32  # height and width of pictures that boosting reads


def split(data: dict, *, is_number: bool, most: int | None) -> tuple:
    """Split 25 % off for the test, stratified for classes."""
    X, y = data["X"], np.asarray(data["y"])
    if not isinstance(X, pd.DataFrame):
        X = pd.DataFrame({"text": [str(text) for text in X]})
    if most is not None and len(X) > most:
        rows = np.random.RandomState(0).permutation(len(X))[:most]
        X, y = X.iloc[rows].reset_index(drop=True), y[rows]
    strata = None if is_number else y
    return train_test_split(X, y, test_size=0.25, random_state=0, stratify=strata)


def scores(model: Any, X: Any, y: np.ndarray, *, is_number: bool) -> dict[str, float]:
    """Score a fitted model on test rows."""
    if is_number:
        predicted = np.asarray(model.predict(X)).ravel()
        return {
            "RMSE": float(root_mean_squared_error(y, predicted)),
            "MAE": float(mean_absolute_error(y, predicted)),
        }
    proba = np.asarray(model.predict_proba(X), dtype=np.float64)
    proba /= proba.sum(axis=1, keepdims=True)
    labels = np.asarray(model.classes_)
    binary = proba.shape[1] == 2
    return {
        "log-loss": float(log_loss(y, proba, labels=labels)),
        "AUC": float(
            roc_auc_score(y, proba[:, 1] if binary else proba, multi_class="ovr")
        ),
        "accuracy": float(accuracy_score(y, labels[proba.argmax(axis=1)])),
        "ECE": calibration_error(proba, labels.searchsorted(y)),
    }


def calibration_error(proba: np.ndarray, codes: np.ndarray) -> float:
    """Mean distance of confidence and accuracy over bins of confidence."""
    sure, right = proba.max(axis=1), proba.argmax(axis=1) == codes
    bins = np.minimum((sure * N_BINS).astype(int), N_BINS - 1)
    parts = [bins == b for b in range(N_BINS) if (bins == b).any()]
    return float(
        sum(part.mean() * abs(sure[part].mean() - right[part].mean()) for part in parts)
    )


def _ours(seed: int, is_number: bool, categories: list[str]) -> Any:
    from sknn_suite import TabularClassifier, TabularRegressor

    return (TabularRegressor if is_number else TabularClassifier)(random_state=seed)


class _Told:
    """A model that gets what `_told` makes of a table; `_learn` sees it before."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def _learn(self, X: Any) -> None:
        """Keep what `_told` needs of the training rows."""

    def _told(self, X: Any) -> Any:
        raise NotImplementedError

    def fit(self, X: Any, y: np.ndarray) -> "_Told":
        self._learn(X)
        self.model.fit(self._told(X), y)
        return self

    @property
    def classes_(self) -> Any:
        return self.model.classes_

    def predict(self, X: Any) -> Any:
        return self.model.predict(self._told(X))

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(self._told(X))


class _FewLevels(_Told):
    """Leave out columns of more than 255 levels, which boosting refuses."""

    def _learn(self, X: Any) -> None:
        categories = X.select_dtypes(exclude="number")
        many = [name for name in categories if X[name].nunique() > 255]
        self.read = X.columns.drop(many)

    def _told(self, X: Any) -> Any:
        return X[self.read]


def _gradient_boosting(seed: int, is_number: bool, categories: list[str]) -> Any:
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    kinds = HistGradientBoostingClassifier, HistGradientBoostingRegressor
    return _FewLevels(kinds[is_number](random_state=seed))


def _mlp(seed: int, is_number: bool, categories: list[str]) -> Any:
    from sklearn.compose import (
        TransformedTargetRegressor,
        make_column_selector,
        make_column_transformer,
    )
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from sknn_suite import MLPClassifier, MLPRegressor

    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=3)
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")), (one_hot, categories)
    )
    if not is_number:
        return make_pipeline(columns, MLPClassifier(random_state=seed))
    net = make_pipeline(columns, MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(net, transformer=StandardScaler())


class _Catboost(_Told):
    """CatBoost, which wants strings in the categories."""

    def __init__(
        self,
        seed: int,
        is_number: bool,
        categories: list[str],
        texts: Sequence[str] = (),
    ) -> None:
        import catboost

        kinds = catboost.CatBoostClassifier, catboost.CatBoostRegressor
        self.categories = categories
        model = kinds[is_number](
            random_seed=seed,
            verbose=0,
            cat_features=categories,
            text_features=list(texts),
            allow_writing_files=False,
        )
        super().__init__(model)

    def _told(self, X: Any) -> Any:
        X = X.copy()
        for name in self.categories:
            X[name] = X[name].astype(object).fillna("missing").astype(str)
        return X


class _AutoGluon:
    """AutoGluon, which reads a table with its target and keeps models in a folder."""

    def __init__(self, is_number: bool, **given: Any) -> None:
        self.is_number = is_number
        self.given = given

    def fit(self, X: Any, y: np.ndarray) -> "_AutoGluon":
        import tempfile

        from autogluon.tabular import TabularPredictor

        told = {"problem_type": "regression", "eval_metric": "root_mean_squared_error"}
        if not self.is_number:
            told = {"eval_metric": "log_loss"}
        self.folder = tempfile.TemporaryDirectory()
        model = TabularPredictor("_y", path=self.folder.name, **told)
        self.model = model.fit(X.assign(_y=y), num_gpus=0, verbosity=0, **self.given)
        return self

    @property
    def classes_(self) -> Any:
        return self.model.class_labels

    def predict(self, X: Any) -> Any:
        return self.model.predict(X)

    def predict_proba(self, X: Any) -> Any:
        return self.model.predict_proba(X)[self.model.class_labels]


def _autogluon_net(seed: int, is_number: bool, categories: list[str]) -> Any:
    net = {"NN_TORCH": {"ag_args_fit": {"seed_value": seed}}}
    return _AutoGluon(is_number, hyperparameters=net, fit_weighted_ensemble=False)


def _autogluon(seed: int, is_number: bool, categories: list[str]) -> Any:
    seconds = float(os.environ.get("SKNN_TIME", 300))
    return _AutoGluon(is_number, presets="medium_quality", time_limit=seconds)


def _lightgbm(seed: int, is_number: bool, categories: list[str]) -> Any:
    import lightgbm

    kinds = lightgbm.LGBMClassifier, lightgbm.LGBMRegressor
    return kinds[is_number](random_state=seed, verbose=-1)


class _Pytabkit(_Told):
    """A network of pytabkit, which refuses gaps among numbers."""

    def __init__(self, kind: str, seed: int, is_number: bool, **given: Any) -> None:
        import pytabkit

        name = f"{kind}_{'Regressor' if is_number else 'Classifier'}"
        net = getattr(pytabkit, name)(random_state=seed, device="cpu", **given)
        super().__init__(net)

    def _learn(self, X: Any) -> None:
        numbers = X.select_dtypes("number")
        self.gaps = list(numbers.columns[numbers.isna().any()])
        self.medians = numbers.median().to_dict()

    def _told(self, X: Any) -> Any:
        missing = X[self.gaps].isna().astype(float).add_suffix(" is missing")
        return pd.concat([X.fillna(self.medians), missing], axis=1)


def _realmlp(seed: int, is_number: bool, categories: list[str]) -> Any:
    # Its README: without label smoothing where the log-loss counts.
    given = {} if is_number else {"use_ls": False}
    return _Pytabkit("RealMLP_TD", seed, is_number, **given)


def _realmlp_s(seed: int, is_number: bool, categories: list[str]) -> Any:
    return _Pytabkit("RealMLP_TD_S", seed, is_number)


def _catboost_of_texts(seed: int, is_number: bool, texts: list[str]) -> Any:
    return _Catboost(seed, is_number, [], texts)


class _OfPixels(_Told):
    """Boosting on the numbers of small pictures, which are given as paths."""

    def _told(self, X: Any) -> Any:
        from PIL import Image

        size = PIXELS, PIXELS
        pictures = [Image.open(p).convert("RGB").resize(size) for p in X["text"]]
        return pd.DataFrame(np.stack([np.asarray(p).ravel() for p in pictures]))


def _catboost_of_pixels(seed: int, is_number: bool, paths: list[str]) -> Any:
    return _OfPixels(_Catboost(seed, is_number, []))


def _gradient_boosting_of_pixels(seed: int, is_number: bool, paths: list[str]) -> Any:
    return _OfPixels(_gradient_boosting(seed, is_number, []))


def _tabm(seed: int, is_number: bool, categories: list[str]) -> Any:
    return _Pytabkit("TabM_D", seed, is_number)


Make = Callable[[int, bool, list[str]], Any]
OURS: dict[str, Make] = {"sknn_suite": _ours}
# By name: what makes it, and the package that it needs.
PEERS: dict[str, tuple[Make, str]] = {
    "CatBoost": (_Catboost, "catboost"),
    "LightGBM": (_lightgbm, "lightgbm"),
    "HistGradientBoosting": (_gradient_boosting, "sklearn"),
    "RealMLP-TD": (_realmlp, "pytabkit"),
    "RealMLP-TD-S": (_realmlp_s, "pytabkit"),
    "TabM": (_tabm, "pytabkit"),
    "AutoGluon's net": (_autogluon_net, "autogluon"),
    "MLP behind a pipeline": (_mlp, "sknn_suite"),
}

# What has the time of a whole command, or reads texts, or paths to pictures.
OF_OTHERS: dict[str, tuple[Make, str]] = {
    "AutoGluon": (_autogluon, "autogluon"),
    "CatBoost of texts": (_catboost_of_texts, "catboost"),
    "CatBoost of pixels": (_catboost_of_pixels, "catboost"),
    "HistGradientBoosting of pixels": (_gradient_boosting_of_pixels, "sklearn"),
}


def measure(name: str, table: str, seed: int, most: int | None) -> dict | None:
    """Fit and score a contender in this Python; None if its package is missing."""
    from _measure import load_shared

    make, package = (PEERS | OF_OTHERS).get(name, (_ours, "sknn_suite"))
    data = load_shared(table)
    if data is None or importlib.util.find_spec(package) is None:
        return None
    is_number = table in NUMBERS
    X, X_test, y, y_test = split(data, is_number=is_number, most=most)
    categories = list(X.select_dtypes(exclude="number").columns)
    started = time.perf_counter()
    model = make(seed, is_number, categories).fit(X, y)
    seconds = time.perf_counter() - started
    found = scores(model, X_test, y_test, is_number=is_number)
    return found | {"seconds": seconds, "rows": len(X)}


def measure_apart(name: str, table: str, seed: int, most: int | None) -> dict | None:
    """Do the same in the Python that SKNN_PEERS names, or in this one."""
    python = os.environ.get("SKNN_PEERS", sys.executable)
    if name in OURS:
        python = sys.executable
    given = [name, table, str(seed), str(most or 0)]
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [python, str(HERE / "_tabular.py"), *given],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        print(f"{name} on {table}: failed, {' '.join(last)}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    most_rows = int(sys.argv[4]) or None
    print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), most_rows)))
