"""What both detectors promise."""

import copy
import pickle
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sknn_suite import MLPClassifier
from sknn_suite.anomaly._task import N_UPDATES
from sknn_suite.datasets import make_bursty_timestamps
from sknn_suite.device import CHUNK_ROWS
from sknn_suite.exceptions import DivergedError

QUICK = {"max_iter": 5, "random_state": 0}


@pytest.fixture(scope="module")
def crowd():
    """A correlated crowd of 200 rows, the first four of which break its relations."""
    random_state = np.random.RandomState(0)
    causes = random_state.normal(size=(200, 2))
    X = causes @ random_state.normal(size=(2, 8))
    X += 0.1 * random_state.normal(size=X.shape)
    X[:4] = random_state.normal(size=(4, 8)) * 2
    return X


# -- quality: a net that is silently not trained fails these -------------------------


def test_rows_that_break_relations_are_found(detector_class, crowd):
    model = detector_class(contamination=0.02, random_state=0).fit(crowd)
    assert (model.predict(crowd[:4]) == -1).sum() >= 3
    untrained = detector_class(
        contamination=0.02, max_iter=1, learning_rate_init=1e-12, random_state=0
    ).fit(crowd)
    kind = {"score_method": "reconstruction"}
    errors = [
        clone(m).set_params(**kind).fit(crowd).score_samples(crowd[4:]).mean()
        for m in (model, untrained)
    ]
    assert errors[0] > 0.6 * errors[1]


def test_malignant_tumours_are_found_among_benign_ones(detector_class):
    # A floor on real data: isolation forests reach 0.94, a net that is not trained
    # explains what it was not taught.
    X, y = load_breast_cancer(return_X_y=True)
    benign = X[y == 1]
    model = detector_class(random_state=0).fit(benign[:250])
    test = np.vstack([benign[250:], X[y == 0]])
    truth = np.r_[np.ones(len(benign) - 250), np.zeros(len(X) - len(benign))]
    assert roc_auc_score(truth, model.score_samples(test)) > 0.94
    assert model.loss_ < model.loss_curve_[0] - 3


def test_reconstructions_beat_the_column_means_by_far(detector_class):
    X = load_digits().data
    model = detector_class(distribution="gaussian", noise=0.1, random_state=0)
    error = np.square(model.fit(X).reconstruct(X) - X).mean()
    assert error < 0.45 * X.var(axis=0).mean()


UNITS = {
    "seconds": lambda X: X,
    "milliseconds": lambda X: X * 1000,
    "minutes": lambda X: np.floor(X / 60),
    "days": lambda X: X / 86400,
    "from the first": lambda X: X - X.min(),
}


@pytest.mark.parametrize("unit", UNITS)
def test_needles_are_found_in_whatever_unit(detector_class, unit):
    X, y = make_bursty_timestamps(1000, 8, burst_hours=12, random_state=0)
    X = UNITS[unit](X)
    model = detector_class(contamination=0.008, random_state=0).fit(X)
    assert (model.predict(X)[y == 1] == -1).all()


def test_fractions_of_seconds_are_of_no_consequence(detector_class):
    options = {"n_samples": 300, "n_anomalies": 3, "random_state": 0}
    X, _ = make_bursty_timestamps(**options, whole_seconds=False)
    whole, _ = make_bursty_timestamps(**options)
    scores = [detector_class(**QUICK).fit(Z).score_samples(Z) for Z in (X, whole)]
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("hours", [2, 4, 12])
def test_needles_are_found_in_raw_seconds(detector_class, hours):
    X, y = make_bursty_timestamps(burst_hours=hours, random_state=0)
    model = detector_class(contamination=0.0025, random_state=0).fit(X)
    assert (model.predict(X)[y == 1] == -1).all()
    forest = IsolationForest(contamination=0.0025, random_state=0).fit(X)
    assert (forest.predict(X)[y == 1] == -1).sum() < 15


def test_the_lowest_value_of_a_skewed_column_is_odd(detector_class):
    X = np.exp(np.random.RandomState(0).normal(size=(300, 3)))
    rows = np.repeat(np.median(X, axis=0)[None], 2, axis=0)
    # In deviations the first is nearer to the middle.
    rows[:, 0] = X[:, 0].min() / 2, np.quantile(X[:, 0], 0.85)
    lowest, larger = detector_class(random_state=0).fit(X).score_samples(rows)
    assert lowest < larger


# -- the contract of outlier detectors -----------------------------------------------


def test_methods_agree_as_in_isolation_forest(detector_class, crowd):
    model = detector_class(contamination=0.1, **QUICK).fit(crowd)
    scores = model.score_samples(crowd)
    decision = model.decision_function(crowd)
    np.testing.assert_array_equal(decision, scores - model.offset_)
    np.testing.assert_array_equal(model.predict(crowd), np.where(decision < 0, -1, 1))
    np.testing.assert_array_equal(clone(model).fit_predict(crowd), model.predict(crowd))
    np.testing.assert_array_equal(model.to_labels01(crowd), decision < 0)


@pytest.mark.parametrize("contamination", [0.005, 0.03, 0.25, 0.5])
def test_contamination_is_the_share_of_outliers(detector_class, crowd, contamination):
    model = detector_class(contamination=contamination, **QUICK).fit(crowd)
    assert (model.predict(crowd) == -1).sum() == 200 * contamination


def test_another_contamination_needs_no_fit(detector_class, crowd):
    model = detector_class(**QUICK).fit(crowd)
    auto = model.offset_
    before = model.score_samples(crowd)
    assert model.set_contamination(0.1) is model
    assert (model.predict(crowd) == -1).sum() == 20
    np.testing.assert_array_equal(model.score_samples(crowd), before)
    fresh = detector_class(contamination=0.1, **QUICK).fit(crowd)
    assert model.offset_ == fresh.offset_
    assert model.set_contamination("auto").offset_ == auto


@pytest.mark.parametrize("contamination", [0, 0.6, -0.1, "some", None])
def test_bad_contamination_is_refused(detector_class, crowd, contamination):
    with pytest.raises(ValueError, match="'contamination' parameter of"):
        detector_class(contamination=contamination, **QUICK).fit(crowd)
    model = detector_class(**QUICK).fit(crowd)
    offset = model.offset_
    with pytest.raises(ValueError, match="'contamination' parameter of"):
        model.set_contamination(contamination)
    assert model.offset_ == offset


def test_clean_training_rows_make_it_a_novelty_detector(detector_class, crowd):
    model = detector_class(random_state=0).fit(crowd[54:])
    assert (model.predict(crowd[:4]) == -1).sum() >= 3
    assert (model.predict(crowd[4:54]) == 1).mean() > 0.8


METHODS = ["auto", "reconstruction", "likelihood", "latent", "typicality"]


@pytest.mark.parametrize("score_method", METHODS)
def test_scores_are_finite_and_the_same_in_every_call(
    detector_class, crowd, score_method
):
    model = detector_class(score_method=score_method, **QUICK).fit(crowd)
    scores = model.score_samples(crowd)
    assert np.isfinite(scores).all()
    assert np.ptp(scores) > 0
    np.testing.assert_array_equal(scores, model.score_samples(crowd))
    alone = [model.score_samples(row[None])[0] for row in crowd[:20]]
    np.testing.assert_allclose(alone, scores[:20], rtol=1e-9, atol=1e-10)
    features = model.feature_scores(crowd)
    assert features.shape == crowd.shape
    assert np.isfinite(features).all()


def test_the_feature_that_is_wrong_scores_highest(detector_class, crowd):
    model = detector_class(random_state=0).fit(crowd[4:])
    broken = crowd[4:14].copy()
    broken[:, 3] += 8
    assert (model.feature_scores(broken).argmax(axis=1) == 3).all()


@pytest.mark.parametrize("score_method", ["reconstruction", "likelihood"])
def test_feature_scores_add_up(detector_class, crowd, score_method):
    model = detector_class(score_method=score_method, **QUICK).fit(crowd)
    total = model.feature_scores(crowd).sum(axis=1)
    np.testing.assert_allclose(total, -model.score_samples(crowd))


def test_feature_scores_of_auto_rank_rows_as_the_score_does(detector_class, crowd):
    model = detector_class(random_state=0).fit(crowd)
    total = model.feature_scores(crowd).sum(axis=1)
    ranks = [v.argsort().argsort() for v in (total, -model.score_samples(crowd))]
    assert np.corrcoef(*ranks)[0, 1] > 0.9


# -- the contract of transformers ----------------------------------------------------


def test_codes_go_through_a_pipeline_and_have_names(detector_class):
    X, y = load_digits(return_X_y=True)
    X, y = X[:200], y[:200]
    codes = detector_class(n_components=10, random_state=0)
    model = make_pipeline(codes, LogisticRegression(max_iter=1000)).fit(X, y)
    assert model.score(X, y) > 0.8
    names = codes.get_feature_names_out()
    assert names[0] == f"{detector_class.__name__.lower()}0"
    assert len(names) == codes.n_components_ == 10
    framed = codes.set_output(transform="pandas").transform(X)
    assert list(framed.columns) == list(names)


def test_codes_are_decoded_by_the_net_that_made_them(detector_class, crowd):
    model = detector_class(n_estimators=1, random_state=0).fit(crowd)
    decoded = model.inverse_transform(model.transform(crowd))
    np.testing.assert_allclose(decoded, model.reconstruct(crowd))
    pca = PCA(2).fit(crowd[4:])
    error = np.abs(decoded - crowd)[4:].mean()
    of_pca = np.abs(pca.inverse_transform(pca.transform(crowd)) - crowd)[4:].mean()
    assert error < 3 * of_pca
    with pytest.raises(ValueError, match="codes of length"):
        model.inverse_transform(crowd)


def test_it_goes_into_a_search(detector_class, crowd):
    search = GridSearchCV(
        detector_class(**QUICK),
        {"n_components": [2, 3]},
        scoring=lambda model, X, y=None: model.score_samples(X).mean(),
        cv=2,
        error_score="raise",
    )
    assert search.fit(crowd).best_params_["n_components"] in (2, 3)


# -- training is the core's ----------------------------------------------------------

WAYS = {
    "sgd": {"solver": "sgd"},
    "cosine": {"learning_rate": "cosine"},
    "averaging": {"averaging": "ema"},
    "early stopping": {"early_stopping": True},
    "float32": {"precision": "float32"},
    "bfloat16": {"precision": "bfloat16"},
    "accumulate": {"accumulate": 2, "batch_size": 50},
    "range test": {"learning_rate_init": "auto"},
    "deep": {"hidden_layer_sizes": (16, 8), "pretraining_iter": 3},
    "other decoder": {"decoder_hidden_layer_sizes": (4, 5)},
    "tied": {"tied_weights": True, "hidden_layer_sizes": (16, 8)},
    "no shortcut": {"shortcut": False, "activation": "tanh"},
    "masking": {"noise": 0.3, "noise_kind": "masking"},
    "sparse": {"sparsity": 0.1},
    "sparse activations": {"sparsity": 0.1, "sparsity_target": 0.1},
    "contractive": {"contractive": 0.1},
    "trimmed": {"trim": 0.1},
    "row variance": {"variance": "row"},
    "robust": {"scaling": "robust"},
    "unscaled": {"scaling": None},
    "max_norm": {"max_norm": 1.0},
    "mixup": {"mixup": 0.2},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_training_learns_and_repeats(detector_class, crowd, name):
    options = {"max_iter": 30, "random_state": 0} | WAYS[name]
    models = [detector_class(**options).fit(crowd) for _ in range(2)]
    scores = [model.score_samples(crowd) for model in models]
    np.testing.assert_array_equal(*scores)
    assert np.isfinite(scores[0]).all()
    assert models[0].loss_ < models[0].loss_curve_[0]


def test_lbfgs_trains_an_autoencoder_without_noise(crowd):
    from sknn_suite import AutoencoderDetector

    model = AutoencoderDetector(solver="lbfgs", noise=0, max_iter=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(crowd)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    with pytest.raises(ValueError, match="lbfgs"):
        model.set_params(noise=0.1).fit(crowd)


def test_early_stopping_keeps_the_epoch_with_the_best_held_out_loss(
    detector_class, crowd
):
    model = detector_class(early_stopping=True, max_iter=40, random_state=0)
    model.fit(crowd[:150], X_val=crowd[150:])
    losses = [record["valid_loss"] for record in model.history_]
    assert model.best_epoch_ == int(np.argmin(losses)) + 1
    stopped = clone(model).set_params(n_iter_no_change=3, tol=1.0)
    assert stopped.fit(crowd).n_iter_ < 40


def test_auto_makes_as_many_updates_for_small_tables_as_for_large(detector_class):
    X = np.random.RandomState(0).normal(size=(45_000, 2)).astype(np.float32)
    for n_rows in (20, 1000, 45_000):
        model = detector_class(hidden_layer_sizes=(2,), n_estimators=1, random_state=0)
        model.fit(X[:n_rows])
        batch = min(n_rows, 128)
        n_updates = model.n_iter_ * -(-min(n_rows, N_UPDATES * 128) // batch)
        assert N_UPDATES <= n_updates < N_UPDATES + 10


def test_partial_fit_and_warm_start_go_on(detector_class, crowd):
    model = detector_class(random_state=0)
    for _ in range(30):
        model.partial_fit(crowd)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert len(model.loss_curve_) == 30
    model.set_params(warm_start=True, max_iter=2, learning_rate_init=1e-9)
    first = model.loss_curve_[-1]
    assert model.fit(crowd).loss_curve_[-1] == pytest.approx(first, rel=0.2)


def test_weights_and_the_order_of_rows(detector_class, crowd):
    X = crowd[:60]
    times = np.random.RandomState(0).randint(0, 4, len(X))
    weighted = detector_class(**QUICK, contamination=0.1).fit(X, sample_weight=times)
    repeated = clone(weighted).fit(np.repeat(X, times, axis=0)[::-1])
    np.testing.assert_allclose(
        weighted.score_samples(crowd), repeated.score_samples(crowd), rtol=1e-12
    )
    assert weighted.offset_ == pytest.approx(repeated.offset_)


def test_scikit_learns_callbacks_and_ours(detector_class, crowd, capsys):
    seen = []

    class Watch:
        def __init__(self):
            pass

    from skorch.callbacks import Callback

    class Epochs(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(net.history[-1]["train_loss"])

    model = detector_class(**QUICK, callbacks=[Epochs()])
    model.set_callbacks(ProgressBar()).fit(crowd)
    assert seen == model.loss_curve_


def test_a_scorer_may_decide_when_training_ends(detector_class, crowd):
    def usual(model, X, y=None):
        return model.score_samples(X).mean()

    model = detector_class(**QUICK, early_stopping=True, early_stopping_scoring=usual)
    assert len(model.fit(crowd).validation_scores_) == 5


def test_global_randomness_is_untouched(detector_class, crowd, global_randomness):
    before = global_randomness()
    model = detector_class(max_iter=2, early_stopping=True).fit(crowd)
    model.predict(crowd)
    model.reconstruct(crowd)
    assert global_randomness() == before


def test_two_threads_equal_the_serial_fits(detector_class, crowd):
    models = [detector_class(max_iter=10, random_state=seed) for seed in (0, 1)]
    serial = [clone(model).fit(crowd).score_samples(crowd) for model in models]
    threads = [threading.Thread(target=model.fit, args=(crowd,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model, expected in zip(models, serial):
        np.testing.assert_array_equal(model.score_samples(crowd), expected)


def test_the_state_is_plain_and_travels(detector_class, crowd):
    model = detector_class(**QUICK, early_stopping=True).fit(crowd)
    data = pickle.dumps(model)
    assert b"torch" not in data.replace(b"sknn_suite.", b"")
    again = pickle.loads(data)
    for method in ("score_samples", "predict", "transform", "reconstruct"):
        np.testing.assert_array_equal(
            getattr(again, method)(crowd), getattr(model, method)(crowd)
        )
    assert copy.deepcopy(model).offset_ == model.offset_


def test_a_classifier_starts_from_the_encoder(detector_class, crowd):
    codes = detector_class(n_estimators=1, hidden_layer_sizes=(16,), random_state=0)
    codes.fit(crowd)
    model = MLPClassifier((16,), max_iter=1, init_from=codes, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(crowd, np.arange(200) % 2)
    assert {"linears.0.weight", "linears.0.bias"} <= set(model.init_matched_)


# -- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e9, -3.5])
@pytest.mark.parametrize("score_method", METHODS)
def test_constant_features_make_no_nan(detector_class, crowd, value, score_method):
    X = crowd[:50].copy()
    X[:, 2] = value
    model = detector_class(score_method=score_method, **QUICK).fit(X)
    X[0, 2] += 1
    assert np.isfinite(model.score_samples(X)).all()


@pytest.mark.parametrize("X", [np.zeros((10, 3)), np.full((10, 1), 7.0)])
def test_nothing_but_constants_is_all_usual(detector_class, X):
    model = detector_class(**QUICK).fit(X)
    assert np.isfinite(model.score_samples(X)).all()
    assert (model.predict(X) == 1).all()


def test_one_row_is_too_few_to_fit_and_enough_to_score(detector_class, crowd):
    with pytest.raises(ValueError, match="1 sample"):
        detector_class().fit(crowd[:1])
    model = detector_class(**QUICK).fit(crowd[:2])
    assert np.isfinite(model.score_samples(crowd[:1])).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(detector_class, crowd, value):
    X = crowd.copy()
    X[5, 5] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        detector_class(**QUICK).fit(X)
    model = detector_class(**QUICK).fit(crowd)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.score_samples(X)


@pytest.mark.parametrize("factor", [1e-12, 1e9, 1e200])
def test_units_are_of_no_consequence(detector_class, crowd, factor):
    model = detector_class(**QUICK).fit(crowd)
    scores = model.score_samples(crowd)
    other = clone(model).fit(crowd * factor)
    np.testing.assert_allclose(other.score_samples(crowd * factor), scores, rtol=1e-3)
    again = other.reconstruct(crowd * factor) / factor
    np.testing.assert_allclose(again, model.reconstruct(crowd), rtol=1e-3, atol=1e-3)


def test_precision_survives_a_large_offset(detector_class, crowd):
    model = detector_class(**QUICK)
    scores = clone(model).fit(crowd).score_samples(crowd)
    late = np.round(crowd, 3) + 1.4e9
    later = clone(model).fit(late).score_samples(late)
    assert np.corrcoef(scores, later)[0, 1] > 0.999


def test_rows_far_beyond_the_training_rows_have_finite_scores(detector_class, crowd):
    model = detector_class(**QUICK).fit(crowd)
    far = np.array([[1e30] * 8, [-1e300] * 8])
    assert np.isfinite(model.score_samples(far)).all()
    assert (model.predict(far) == -1).all()


def test_a_failed_fit_leaves_the_detector_as_it_was(
    detector_class, crowd, snapshot, same_state
):
    model = detector_class(**QUICK).fit(crowd)
    before = snapshot(model)
    with pytest.raises(ValueError, match="distribution='bernoulli'"):
        model.set_params(distribution="bernoulli").fit(crowd)
    model.set_params(distribution="auto")
    assert same_state(snapshot(model), before)
    with pytest.raises(DivergedError):
        model.set_params(
            learning_rate_init=1e30, solver="sgd", max_grad_norm=None, scaling=None
        ).fit(crowd * 1e30)


def test_data_frames_and_arrays_agree(detector_class, crowd):
    frame = pd.DataFrame(crowd, columns=[f"c{i}" for i in range(8)])
    model = detector_class(**QUICK).fit(frame)
    assert list(model.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(
        model.score_samples(frame),
        detector_class(**QUICK).fit(crowd).score_samples(crowd),
    )


def test_raw_scores_of_many_rows_are_joined_along_the_rows(detector_class):
    X = np.random.RandomState(0).normal(size=(CHUNK_ROWS + 40, 4))
    model = detector_class(**QUICK, n_estimators=2).fit(X[:100])
    raw = model._net.raw_scores(X)
    assert raw.shape[:2] == (2, len(X))
    torch.testing.assert_close(raw[:, -40:], model._net.raw_scores(X[-40:]))


def test_layers_with_slopes_that_are_learnt_are_trained_one_by_one(detector_class):
    X = np.random.RandomState(0).normal(size=(60, 5))
    model = detector_class(**QUICK, activation="prelu", pretraining_iter=2)
    first, second = (clone(model).fit(X)._net.weights for _ in range(2))
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])
