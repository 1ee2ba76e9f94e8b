"""What a task sees and shows in a block is what it sees and shows in a loop."""

import random
import re
import time
import warnings

import joblib
import numpy as np
import pytest
import sklearn
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampler_pipeline
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import train_together
from sknn_suite.search._signs import Line

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs, on purpose
)


def test_networks_meet(mlp, scaled, few, groups):
    with train_together():
        cross_val_score(mlp(), *few, cv=4)
        GridSearchCV(scaled(), {"mlpclassifier__alpha": [0.1, 1]}, cv=3).fit(*few)
        BaggingClassifier(mlp(), 5, random_state=0).fit(*few)
        VotingClassifier([("a", mlp()), ("b", scaled())]).fit(*few)
    assert groups == [4, 6, 5, 2]


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_n_jobs_changes_nothing(n_jobs, mlp, few, groups):
    with train_together():
        cross_val_score(mlp(), *few, cv=3, n_jobs=n_jobs)
        GridSearchCV(mlp(), {"alpha": [0.1, 1]}, cv=2, n_jobs=n_jobs).fit(*few)
        BaggingClassifier(mlp(), 5, random_state=0).fit(*few)
    assert groups == [3, 4, 5]


def test_joblib_knows_the_backend_by_name(mlp, few, groups, tmp_path):
    expected = cross_val_score(mlp(), *few, cv=3)
    with joblib.parallel_config("sknn_suite", store=tmp_path):
        np.testing.assert_array_equal(cross_val_score(mlp(), *few, cv=3), expected)
    assert groups == [3]
    assert len(list(tmp_path.iterdir())) == 3
    fits = [joblib.delayed(mlp(alpha=a).fit)(*few) for a in (0.1, 1.0)]
    joblib.Parallel(backend="sknn_suite")(fits)
    assert groups == [3, 2]


@pytest.mark.parametrize("return_as", ["list", "generator", "generator_unordered"])
def test_plain_calls_of_joblib(return_as, mlp, few, groups):
    fits = [joblib.delayed(mlp(alpha=a).fit)(*few) for a in (0.1, 1.0, 2.0)]
    with train_together():
        models = list(joblib.Parallel(return_as=return_as)(fits))
    assert [model.alpha for model in models] == [0.1, 1.0, 2.0]
    assert groups == [3]


def test_a_generator_that_is_not_used_up_leaves_nothing(mlp, few):
    fits = (joblib.delayed(mlp(alpha=a).fit)(*few) for a in range(4))
    with train_together():
        models = joblib.Parallel(return_as="generator")(fits)
        assert next(models).alpha == 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib tells what is thrown away
            models.close()


def test_calls_without_tasks(few):
    with train_together():
        assert joblib.Parallel()([]) == []


def test_global_randomness_is_drawn_as_in_a_loop(mlp, few, global_randomness):
    model = make_sampler_pipeline(StandardScaler(), SMOTE(k_neighbors=2), mlp())
    scores, states = [], []
    for block in (joblib.parallel_config, train_together):
        np.random.seed(0)
        random.seed(0)
        with block():
            scores.append(cross_val_score(model, *few, cv=3, scoring="roc_auc"))
        states.append(global_randomness())
    np.testing.assert_array_equal(*scores)
    assert states[0] == states[1]


def test_a_search_leaves_global_randomness_as_it_is(mlp, few, global_randomness):
    before = global_randomness()
    with train_together():
        cross_val_score(mlp(random_state=None), *few, cv=3)
    assert global_randomness() == before


class TellsConfig(TransformerMixin, BaseEstimator):
    """Remember scikit-learn's configuration and NumPy's."""

    seen: list = []

    def fit(self, X, y=None):
        errors = np.geterr()["divide"]
        self.seen.append((sklearn.get_config()["working_memory"], errors))
        return self

    def transform(self, X):
        return X


def test_configurations_reach_each_task(mlp, few, groups):
    model = make_pipeline(TellsConfig(), mlp())
    TellsConfig.seen.clear()
    with (
        train_together(),
        sklearn.config_context(working_memory=7),
        np.errstate(divide="raise"),
    ):
        joblib.Parallel()([joblib.delayed(model.fit)(*few)])
        cross_val_score(model, *few, cv=2)
    assert TellsConfig.seen == [(7, "raise")] * 3
    assert groups == [1, 2]


def test_metadata_is_routed(mlp, few):
    X, y = few
    weight = np.random.RandomState(0).uniform(size=len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = mlp().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        results = []
        for block in (joblib.parallel_config, train_together):
            with block():
                results.append(
                    cross_validate(model, X, y, cv=3, params={"sample_weight": weight})
                )
    np.testing.assert_array_equal(results[0]["test_score"], results[1]["test_score"])


def test_verbose_prints_what_it_prints_in_a_loop(mlp, few, capsys):
    lines = []
    for block in (joblib.parallel_config, train_together):
        with block():
            search = GridSearchCV(mlp(), {"alpha": [0.1, 1.0]}, cv=2, verbose=3)
            search.fit(*few)
        out = capsys.readouterr().out
        lines.append(re.sub(r"\.+|total time= *[\d.]+m?s", "", out))
    assert lines[0] == lines[1]
    assert lines[0].count("END") == 4


def test_progress_bars_reach_each_task(mlp, few, capsys, groups):
    pytest.importorskip("rich")
    search = GridSearchCV(mlp(), {"alpha": [0.1, 1.0]}, cv=2)
    bars = ProgressBar(max_propagation_depth=None)
    with train_together():
        search.set_callbacks(bars).fit(*few)
    shown = capsys.readouterr().out
    for line in ("GridSearchCV - fit", "MLPClassifier - fit", "100%"):
        assert line in shown


def test_scores_are_monitored_as_in_a_loop(mlp, few):
    logs = []
    for block in (joblib.parallel_config, train_together):
        monitor = ScoringMonitor(scoring="accuracy")
        model = mlp().set_callbacks(monitor)
        with block():
            GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(*few)
        runs = monitor.get_logs(select="all")
        logs.append(sorted(str(row) for run in runs for row in run.data))
    assert logs[0] == logs[1]
    assert len(logs[0]) >= 5 * 3  # fits and epochs


def test_times_are_shares_of_the_work(mlp, few):
    grid = {"max_iter": [5, 50], "alpha": [0.1, 1.0, 2.0]}
    began = time.perf_counter()
    with train_together():
        search = GridSearchCV(mlp(tol=0), grid, cv=3, refit=False).fit(*few)
    seconds = time.perf_counter() - began
    times = search.cv_results_["mean_fit_time"]
    assert 3 * times.sum() < seconds
    assert times.min() > 0
    short, long = (
        times[search.cv_results_["param_max_iter"] == n].sum() for n in (5, 50)
    )
    assert short < long


def test_progress_is_a_line_without_rich(mlp, few, capsys, monkeypatch):
    monkeypatch.setattr("sknn_suite.search._signs.find_spec", lambda name: None)
    with train_together(progress=True, max_networks=2):
        cross_val_score(mlp(), *few, cv=4)
    shown = capsys.readouterr().err
    assert "4 of 4 networks trained, 2 packs, 0:00 left" in shown
    assert shown.startswith("\r0 of 4 networks trained, 0 packs")
    assert shown.endswith("\n")


def test_progress_is_a_bar_with_rich(mlp, few, capsys):
    pytest.importorskip("rich")
    with train_together(progress=True):
        cross_val_score(mlp(), *few, cv=3)
    shown = capsys.readouterr().out
    assert "networks trained" in shown
    assert "3/3" in shown


def test_time_left_is_in_proportion():
    signs = Line()
    signs.n_trained, signs.n_all = 10, 40
    signs._began = time.monotonic() - 2500.0
    assert signs.seconds_left == pytest.approx(7500.0, abs=1.0)
    assert "2:05:00 left" in str(signs)
