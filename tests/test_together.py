"""The networks inside scikit-learn's and imbalanced-learn's tools, on real data."""

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampler_pipeline
from joblib import parallel_config
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    train_test_split,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_suite import MLPClassifier, MLPRegressor

QUICK = {
    "hidden_layer_sizes": (16,),
    "learning_rate_init": 0.01,
    "tol": 0.01,
    "random_state": 0,
}


def scaled_classifier(**params):
    return make_pipeline(StandardScaler(), MLPClassifier(**QUICK | params))


def scaled_regressor(**params):
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), MLPRegressor(**QUICK | params)),
        transformer=StandardScaler(),
    )


def split(load, **kwargs):
    X, y = load(return_X_y=True, **kwargs)
    stratify = None if load is load_diabetes else y
    return train_test_split(X, y, random_state=0, stratify=stratify)


@pytest.fixture(scope="module")
def cancer():
    """569 rows, 30 columns, two classes."""
    return split(load_breast_cancer)


@pytest.fixture(scope="module")
def wine():
    """178 rows, 13 columns, three classes."""
    return split(load_wine)


@pytest.fixture(scope="module")
def diabetes():
    """442 rows, 10 columns, a number."""
    return split(load_diabetes)


@pytest.fixture(scope="module")
def eights():
    """600 digits, 64 columns, one in ten is an eight."""
    X, y = load_digits(return_X_y=True)
    is_eight = (y[:600] == 8).astype(int)
    return train_test_split(X[:600], is_eight, random_state=0, stratify=is_eight)


def test_pipeline(wine):
    X_train, X_test, y_train, y_test = wine
    model = scaled_classifier().fit(X_train, y_train)
    assert model.score(X_test, y_test) > 0.9
    inside = model[-1].predict_proba(model[0].transform(X_test))
    np.testing.assert_array_equal(model.predict_proba(X_test), inside)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_column_transformer_of_a_dataframe(kind):
    pytest.importorskip(kind)
    pandas = pytest.importorskip("pandas")
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    X["sex"] = np.where(X["sex"] == 1, "a", "b")
    y = (y > y.median()).to_numpy()
    numbers = X.columns.drop("sex").tolist()
    scale = make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(sparse_output=False), ["sex"])
    )
    plain = scale.fit_transform(X)
    expected = MLPClassifier(**QUICK).fit(plain, y).predict_proba(plain)
    rows = X if kind == "pandas" else pytest.importorskip("polars").from_pandas(X)
    assert isinstance(rows, pandas.DataFrame) == (kind == "pandas")

    model = make_pipeline(scale.set_output(transform=kind), MLPClassifier(**QUICK))
    model.fit(rows, y)
    assert model[-1].feature_names_in_[0] == "standardscaler__age"
    np.testing.assert_array_equal(model.predict_proba(rows), expected)
    assert model.score(rows, y) > 0.7


def test_grid_search_in_two_processes(cancer):
    X_train, X_test, y_train, y_test = cancer
    grid = {
        "mlpclassifier__hidden_layer_sizes": [(4,), (16,)],
        "mlpclassifier__activation": ["relu", "silu"],
    }
    searches = [
        GridSearchCV(
            scaled_classifier(), grid, cv=3, scoring="neg_log_loss", n_jobs=n_jobs
        ).fit(X_train, y_train)
        for n_jobs in (1, 2)
    ]
    one, two = searches
    for i in range(3):
        np.testing.assert_array_equal(
            one.cv_results_[f"split{i}_test_score"],
            two.cv_results_[f"split{i}_test_score"],
        )
    np.testing.assert_array_equal(one.predict_proba(X_test), two.predict_proba(X_test))
    assert roc_auc_score(y_test, two.predict_proba(X_test)[:, 1]) > 0.97


@pytest.mark.slow
def test_randomized_search_in_two_processes(cancer):
    X_train, X_test, y_train, y_test = cancer
    ranges = {
        "mlpclassifier__alpha": loguniform(1e-5, 10),
        "mlpclassifier__dropout": [0.0, 0.2],
        "mlpclassifier__learning_rate_init": loguniform(1e-4, 1e-1),
    }
    search = RandomizedSearchCV(
        scaled_classifier(tol=0.1), ranges, n_iter=4, cv=3, n_jobs=2, random_state=0
    ).fit(X_train, y_train)
    assert len(set(search.cv_results_["param_mlpclassifier__alpha"])) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.score(X_test, y_test) > 0.9


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_halving_search_gives_better_candidates_more_epochs(cancer):
    X_train, X_test, y_train, y_test = cancer
    grid = {"mlpclassifier__learning_rate_init": [1e-6, 1e-5, 1e-3, 1e-2]}
    search = HalvingGridSearchCV(
        scaled_classifier(tol=0, n_iter_no_change=np.inf),
        grid,
        resource="mlpclassifier__max_iter",
        min_resources=5,
        max_resources=20,
        factor=2,
        cv=3,
        random_state=0,
    ).fit(X_train, y_train)
    assert search.n_resources_ == [5, 10, 20]
    assert search.best_estimator_[-1].n_iter_ == 20
    assert search.best_params_["mlpclassifier__learning_rate_init"] >= 1e-3
    assert search.score(X_test, y_test) > 0.9


def test_smote_pipeline_in_a_grid_search(eights):
    X_train, X_test, y_train, y_test = eights
    pipeline = make_sampler_pipeline(
        StandardScaler(), SMOTE(random_state=0), MLPClassifier(**QUICK)
    )
    grid = {"smote__k_neighbors": [3, 5], "mlpclassifier__alpha": [1e-4, 1.0]}
    search = GridSearchCV(pipeline, grid, scoring="average_precision", cv=3)
    search.fit(X_train, y_train)
    assert search.best_score_ > 0.9
    assert f1_score(y_test, search.predict(X_test)) > 0.8
    balanced = 2 * np.sum(y_train == 0)
    trained = search.best_estimator_[-1]
    assert trained.t_ == trained.n_iter_ * balanced


def test_tuned_threshold_moves_the_decision(eights):
    X_train, X_test, y_train, y_test = eights
    tuned = TunedThresholdClassifierCV(
        scaled_classifier(), scoring="recall", cv=3, store_cv_results=True
    ).fit(X_train, y_train)
    proba = tuned.predict_proba(X_test)[:, 1]
    np.testing.assert_array_equal(tuned.predict(X_test), proba >= tuned.best_threshold_)
    # Recall alone is best where everything counts as an eight.
    assert tuned.best_threshold_ < 0.5
    assert tuned.predict(X_test)[y_test == 1].all()


def test_threshold_of_a_fitted_model_is_tuned_without_a_fit(eights):
    X_train, X_test, y_train, y_test = eights
    model = scaled_classifier().fit(X_train, y_train)
    tuned = TunedThresholdClassifierCV(
        model, scoring="balanced_accuracy", cv="prefit", refit=False
    ).fit(X_test, y_test)
    assert tuned.estimator_ is model
    assert tuned.score(X_test, y_test) > 0.9
    default = FixedThresholdClassifier(FrozenEstimator(model)).fit(X_test, y_test)
    np.testing.assert_array_equal(default.predict(X_test), model.predict(X_test))


@pytest.mark.parametrize("method", ["predict_proba", "decision_function"])
def test_fixed_threshold_decides_on_probabilities_and_raw_scores(eights, method):
    X_train, X_test, y_train, _ = eights
    model = FixedThresholdClassifier(
        scaled_classifier(), threshold=0.2, response_method=method
    ).fit(X_train, y_train)
    scores = getattr(model.estimator_, method)(X_test)
    if method == "predict_proba":
        scores = scores[:, 1]
    np.testing.assert_array_equal(model.predict(X_test), scores >= 0.2)


def test_stacking_classifier_with_a_forest(wine):
    X_train, X_test, y_train, y_test = wine
    stack = StackingClassifier(
        [
            ("network", scaled_classifier()),
            ("forest", RandomForestClassifier(20, random_state=0)),
        ],
        final_estimator=LogisticRegression(max_iter=1000),
        cv=3,
    ).fit(X_train, y_train)
    assert stack.transform(X_test).shape == (len(X_test), 6)
    assert stack.score(X_test, y_test) > 0.9


def test_network_on_top_of_a_stack(wine):
    X_train, X_test, y_train, y_test = wine
    network = scaled_classifier().fit(X_train, y_train)
    forest = RandomForestClassifier(20, random_state=0).fit(X_train, y_train)
    stack = StackingClassifier(
        [("network", network), ("forest", forest)],
        final_estimator=MLPClassifier(**QUICK),
        cv="prefit",
    ).fit(X_train, y_train)
    assert stack.estimators_[0] is network
    assert stack.score(X_test, y_test) > 0.9


def test_stacking_regressor(diabetes):
    X_train, X_test, y_train, y_test = diabetes
    stack = StackingRegressor(
        [
            ("network", scaled_regressor()),
            ("forest", RandomForestRegressor(20, random_state=0)),
        ],
        final_estimator=RidgeCV(),
        cv=3,
    ).fit(X_train, y_train)
    assert stack.transform(X_test).shape == (len(X_test), 2)
    assert stack.score(X_test, y_test) > 0.3


def test_soft_vote_is_the_mean_of_probabilities(wine):
    X_train, X_test, y_train, y_test = wine
    vote = VotingClassifier(
        [
            ("network", scaled_classifier()),
            ("linear", make_pipeline(StandardScaler(), LogisticRegression())),
        ],
        voting="soft",
    ).fit(X_train, y_train)
    mean = np.mean([model.predict_proba(X_test) for model in vote.estimators_], axis=0)
    np.testing.assert_allclose(vote.predict_proba(X_test), mean)
    assert vote.score(X_test, y_test) > 0.9


def test_bagging_draws_rows_and_columns(cancer):
    X_train, X_test, y_train, y_test = cancer
    bag = BaggingClassifier(
        scaled_classifier(), n_estimators=4, max_features=0.5, random_state=0
    ).fit(X_train, y_train)
    assert {model[-1].n_features_in_ for model in bag.estimators_} == {15}
    assert len({model[-1].coefs_[0][0, 0] for model in bag.estimators_}) == 4
    assert bag.score(X_test, y_test) > 0.9


def test_adaboost_weighs_rows_that_were_wrong(cancer):
    X_train, X_test, y_train, y_test = cancer
    two = StandardScaler().fit(X_train[:, :2])
    X_train, X_test = two.transform(X_train[:, :2]), two.transform(X_test[:, :2])
    weak = MLPClassifier(**QUICK | {"hidden_layer_sizes": (2,)})
    boost = AdaBoostClassifier(weak, n_estimators=5, random_state=0)
    boost.fit(X_train, y_train)
    assert len(boost.estimators_) == 5
    assert boost.score(X_test, y_test) > 0.8

    first, second = boost.estimators_[:2]
    wrong = first.predict(X_train) != y_train
    weight = np.exp(boost.estimator_weights_[0] * wrong)
    by_hand = clone(second).fit(X_train, y_train, weight / weight.sum())
    np.testing.assert_allclose(by_hand.coefs_[0], second.coefs_[0])


def test_calibration_repairs_overconfident_probabilities():
    X_train, X_test, y_train, y_test = split(load_digits)
    X_train, y_train = X_train[:200], y_train[:200]
    model = scaled_classifier(solver="lbfgs", alpha=0)
    before = log_loss(y_test, model.fit(X_train, y_train).predict_proba(X_test))
    calibrated = CalibratedClassifierCV(
        model, method="temperature", cv=3, ensemble=False
    )
    proba = calibrated.fit(X_train, y_train).predict_proba(X_test)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert log_loss(y_test, proba) < before


def test_calibration_of_a_fitted_model_keeps_its_order(eights):
    X_train, X_test, y_train, y_test = eights
    model = scaled_classifier().fit(X_train, y_train)
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method="temperature")
    calibrated.fit(X_test, y_test)
    raw, proba = model.decision_function(X_test), calibrated.predict_proba(X_test)[:, 1]
    assert (np.diff(proba[np.argsort(raw)]) >= 0).all()


def test_transformed_target_is_undone(diabetes):
    X_train, X_test, y_train, y_test = diabetes
    model = scaled_regressor().fit(X_train, y_train)
    scaled = model.regressor_.predict(X_test)
    expected = scaled * y_train.std() + y_train.mean()
    np.testing.assert_allclose(model.predict(X_test), expected)
    assert model.score(X_test, y_test) > 0.3


@pytest.mark.parametrize("meta", [OneVsRestClassifier, OneVsOneClassifier])
def test_one_network_per_class_or_pair(wine, meta):
    X_train, X_test, y_train, y_test = wine
    names = np.array(["red", "white", "rose"])
    model = meta(scaled_classifier()).fit(X_train, names[y_train])
    assert len(model.estimators_) == 3
    assert model.score(X_test, names[y_test]) > 0.9


def test_multi_output_equals_one_network_per_column(wine):
    X_train, X_test, y_train, y_test = wine
    Y_train = np.column_stack([y_train == 0, y_train]).astype(int)
    model = MultiOutputClassifier(scaled_classifier()).fit(X_train, Y_train)
    for column, proba in enumerate(model.predict_proba(X_test)):
        alone = scaled_classifier().fit(X_train, Y_train[:, column])
        np.testing.assert_array_equal(proba, alone.predict_proba(X_test))
    assert np.mean(model.predict(X_test)[:, 1] == y_test) > 0.9


def test_classifier_chain(wine):
    X_train, X_test, y_train, y_test = wine
    Y_train = np.column_stack([y_train == 0, y_train == 1]).astype(int)
    chain = ClassifierChain(scaled_classifier(), cv=3).fit(X_train, Y_train)
    assert np.mean(chain.predict(X_test)[:, 0] == (y_test == 0)) > 0.9


def test_multi_output_regressor(diabetes):
    X_train, X_test, y_train, _ = diabetes
    Y_train = np.column_stack([y_train, -y_train])
    model = MultiOutputRegressor(scaled_regressor()).fit(X_train, Y_train)
    predicted = model.predict(X_test)
    assert predicted.shape == (len(X_test), 2)
    assert np.corrcoef(predicted[:, 0], -predicted[:, 1])[0, 1] > 0.8


def test_cross_val_predict_puts_each_row_in_its_place(wine):
    X_train, _, y_train, _ = wine
    folds = KFold(3)
    proba = cross_val_predict(
        scaled_classifier(), X_train, y_train, cv=folds, method="predict_proba"
    )
    train, test = next(folds.split(X_train))
    model = scaled_classifier().fit(X_train[train], y_train[train])
    np.testing.assert_array_equal(proba[test], model.predict_proba(X_train[test]))
    assert np.mean(proba.argmax(axis=1) == y_train) > 0.9


def test_permutation_importance_finds_the_column_that_matters():
    X, y = load_iris(return_X_y=True)
    noise = np.random.RandomState(0).normal(size=(len(X), 2))
    X = np.column_stack([X, noise])
    model = scaled_classifier().fit(X, y)
    drop = permutation_importance(model, X, y, n_repeats=5, random_state=0)
    petal_width, others = drop.importances_mean[3], drop.importances_mean[4:]
    assert petal_width > 0.1
    assert (others < petal_width / 5).all()


def test_learning_curve_rises_with_rows():
    X, y = load_digits(return_X_y=True)
    sizes, train, test = learning_curve(
        scaled_classifier(), X[:900], y[:900], train_sizes=[60, 600], cv=3
    )
    assert sizes.tolist() == [60, 600]
    assert train.mean(axis=1).min() > 0.9
    first, last = test.mean(axis=1)
    assert last > first + 0.1
    assert last > 0.85


def test_progress_bars_of_a_search_reach_the_network(wine, capsys):
    pytest.importorskip("rich")
    X_train, _, y_train, _ = wine
    search = GridSearchCV(
        scaled_classifier(tol=0.1), {"mlpclassifier__alpha": [1e-4, 1.0]}, cv=2
    )
    bars = ProgressBar(max_propagation_depth=None)
    search.set_callbacks(bars).fit(X_train, y_train)
    shown = capsys.readouterr().out
    for line in ("GridSearchCV - fit", "MLPClassifier - fit", "100%"):
        assert line in shown
    # One bar for each of the four fits on folds and for the last one on all rows.
    assert shown.count("MLPClassifier - fit") >= 5
    assert search.score(X_train, y_train) > 0.9


def test_progress_bars_do_not_change_the_result(wine):
    pytest.importorskip("rich")
    X_train, X_test, y_train, _ = wine
    silent = scaled_classifier().fit(X_train, y_train)
    watched = scaled_classifier()
    watched.set_callbacks(ProgressBar()).fit(X_train, y_train)
    np.testing.assert_array_equal(
        silent.predict_proba(X_test), watched.predict_proba(X_test)
    )


def test_frozen_network_is_not_trained_again(wine):
    X_train, X_test, y_train, _ = wine
    model = scaled_classifier().fit(X_train, y_train)
    expected = model.predict_proba(X_test)
    frozen = FrozenEstimator(model).fit(X_test, np.zeros(len(X_test)))
    np.testing.assert_array_equal(frozen.predict_proba(X_test), expected)


@pytest.mark.parametrize(
    "backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)]
)
def test_two_jobs_equal_one_bit_by_bit(cancer, backend):
    X_train, _, y_train, _ = cancer
    model = scaled_classifier(dropout=0.2, early_stopping=True)

    def probabilities(n_jobs):
        with parallel_config(backend, n_jobs=n_jobs):
            return cross_val_predict(
                model, X_train, y_train, cv=4, method="predict_proba"
            )

    np.testing.assert_array_equal(probabilities(1), probabilities(2))


def test_scores_of_folds_do_not_depend_on_what_ran_before(wine):
    X_train, _, y_train, _ = wine
    model = scaled_classifier()
    first = cross_val_score(model, X_train, y_train, cv=3)
    model.fit(X_train[:50], y_train[:50])
    np.testing.assert_array_equal(cross_val_score(model, X_train, y_train, cv=3), first)
