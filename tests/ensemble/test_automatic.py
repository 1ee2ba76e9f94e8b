"""AutoClassifier and AutoRegressor: members within a time limit, judged out of fold."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sknn_suite.decision import CostMatrix
from sknn_suite.ensemble import AutoClassifier, AutoRegressor
from sknn_suite.ensemble import _automatic as automatic
from sknn_suite.ensemble import _contest as contest
from sknn_suite.ensemble import _lines as lines
from sknn_suite.ensemble._auto_folds import split_rows
from sknn_suite.ensemble._clock import Clock
from sknn_suite.ensemble._lines import TableLine, TextLine
from sknn_suite.ensemble._recipe import Candidate, candidates_for
from sknn_suite.ensemble._table_trees import TableTrees
from sknn_suite.exceptions import DataError, InterruptedWarning, SuiteWarning
from sknn_suite.images import CNNClassifier
from sknn_suite.persistence import load, save

N = 200

WEIGHTS = "a repeated row may be split between folds, a weighted one not"
CANNOT_HOLD = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
}


@pytest.fixture(scope="module")
def frame():
    source = np.random.RandomState(0)
    X = pd.DataFrame(
        {
            "age": source.randint(18, 80, N).astype(float),
            "place": source.choice(["north", "south", "east"], N),
            "day": pd.date_range("2026-01-01", periods=N),
            "note": source.choice(["good stuff here", "bad thing there"], N),
            "same": 1,
        },
        index=np.arange(N) + 7,
    )
    X.loc[7:20, "age"] = np.nan
    odds = (X["age"].fillna(45) - 45) / 12 + 2 * (X["place"] == "north")
    y = np.where(odds + source.normal(0, 0.7, N) > 0.5, "yes", "no")
    return X, y, odds.to_numpy()


@pytest.fixture
def quick(monkeypatch):
    """Members that are fitted in no time."""

    def candidates(reads, *, is_label, given, seed, device):
        trees = {"is_label": is_label, "given": given, "random_state": seed}
        return [
            Candidate("linear", "table", TableLine(**trees), 1, 0.0),
            Candidate("forest", "table", TableTrees("forest", **trees), 1, 0.0),
        ]

    monkeypatch.setattr(automatic, "candidates_for", candidates)


def test_the_stack_is_judged_by_rows_it_has_not_seen(frame, quick):
    X, y, _ = frame
    model = AutoClassifier(time_limit=None, random_state=0).fit(X, y)
    oof = model.oof_predictions_
    assert oof.index.equals(X.index)
    table = model.score_table_
    assert table.index.tolist() == ["linear", "forest", "stack"]
    proba = oof[["proba_no", "proba_yes"]].to_numpy()
    scores = [-log_loss(y[f], proba[f]) for f in (oof["fold"] == i for i in range(5))]
    assert table.loc["stack", "neg_log_loss"] == pytest.approx(np.mean(scores))
    assert table["weight"].drop("stack").sum() == pytest.approx(1)
    assert table["neg_log_loss"].idxmax() in ("stack", "linear", "forest")
    assert model.column_kinds_["same"] == "constant"
    importances = dict(zip(X.columns, model.feature_importances_))
    assert importances["place"] > importances["day"]
    assert np.isnan(importances["same"])


def test_the_same_seed_gives_the_same_model_and_a_pipeline_takes_it(frame, quick):
    X, y, _ = frame
    model = AutoClassifier(time_limit=None, random_state=3)
    first = clone(model).fit(X, y).predict_proba(X)
    again = make_pipeline(clone(model)).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first.sum(axis=1), 1)


def test_a_score_of_decisions_chooses_the_threshold(frame, quick):
    X, y, _ = frame
    model = AutoClassifier(time_limit=None, scoring="f1", random_state=0).fit(X, y)
    assert 0 < model.decision_threshold_ < 1
    proba = model.oof_predictions_["proba_yes"]
    found = f1_score(y == "yes", proba >= model.decision_threshold_)
    assert found == pytest.approx(model.best_score_)
    assert found >= f1_score(y == "yes", proba >= 0.5)


def test_costs_move_the_threshold(frame, quick):
    X, y, _ = frame

    def threshold(costs):
        model = AutoClassifier(
            time_limit=None, decision_threshold=CostMatrix(costs), random_state=0
        )
        return model.fit(X, y).decision_threshold_

    assert threshold([[0, 1], [20, 0]]) < threshold([[0, 20], [1, 0]])


def test_numbers(frame, quick):
    X, _, odds = frame
    model = AutoRegressor(time_limit=None, scoring="r2", random_state=0).fit(X, odds)
    assert model.score_table_.loc["stack", "r2"] > 0.8
    assert model.predict(X[:3]).shape == (3,)


def test_rows_of_a_group_are_never_in_two_folds(frame, quick):
    X, y, _ = frame
    groups = np.arange(N) // 10
    model = AutoClassifier(time_limit=None, random_state=0).fit(X, y, groups=groups)
    assert pd.Series(model._fold).groupby(groups).nunique().max() == 1


def test_time_is_predicted_by_what_came_before(frame, quick):
    X, y, _ = frame
    model = AutoClassifier(time_limit=None, cv="time", random_state=0).fit(X, y)
    assert (np.diff(model._fold) >= 0).all()
    assert model._fold[0] == -1
    assert [len(models) for models in model.members_.values()] == [1] * len(
        model.members_
    )


def test_weights_of_rows_count(frame, quick):
    X, y, _ = frame
    weight = np.where(y == "yes", 20.0, 1.0)
    model = AutoClassifier(time_limit=None, random_state=0)
    plain = clone(model).fit(X, y).predict_proba(X)[:, 1].mean()
    heavy = clone(model).fit(X, y, sample_weight=weight).predict_proba(X)[:, 1].mean()
    assert heavy > plain + 0.1


def test_a_member_that_fails_is_left_out_and_named(frame, monkeypatch, quick):
    X, y, _ = frame

    def fail(self, *args, **kwargs):
        raise RuntimeError("no trees grow here")

    monkeypatch.setattr(TableTrees, "fit", fail)
    model = AutoClassifier(time_limit=None, random_state=0)
    with pytest.warns(SuiteWarning, match="no trees grow here"):
        model.fit(X, y)
    assert list(model.members_) == ["linear"]


def test_ctrl_c_leaves_what_is_complete(frame, monkeypatch, quick):
    X, y, _ = frame

    def interrupt(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(TableTrees, "fit", interrupt)
    model = AutoClassifier(time_limit=None, random_state=0)
    with pytest.warns(InterruptedWarning, match="linear"):
        model.fit(X, y)
    assert model.interrupted_
    assert model.predict(X).shape == (N,)
    monkeypatch.setattr(TableLine, "fit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        clone(model).fit(X, y)


@pytest.fixture
def looks(monkeypatch):
    """A clock that goes on by 10 ms at each look, however fast the machine is."""
    seen = []

    def now():
        seen.append(len(seen) / 100)
        return seen[-1]

    monkeypatch.setattr(Clock, "now", staticmethod(now))
    monkeypatch.setattr(Clock, "worked", staticmethod(lambda: len(seen) / 100))
    return seen


def test_a_busy_machine_delays_things(monkeypatch):
    passed = {"now": 0.0, "worked": 0.0}
    for name in passed:
        monkeypatch.setattr(Clock, name, staticmethod(lambda name=name: passed[name]))
    clock = Clock()
    assert clock.delay == 1
    passed |= {"now": 2.0, "worked": 0.1}  # a stall, which may be over
    assert clock.delay < 2
    passed |= {"now": 58.0, "worked": 13.0}
    assert clock.delay == 4
    passed["worked"] = 90.0  # in two threads
    assert clock.delay == 1


def test_the_time_limit_is_kept_by_lines_and_trees(frame, looks, monkeypatch):
    X, y, _ = frame

    def candidates(reads, **how):
        found = candidates_for(reads, **how)
        return [each for each in found if each.name != "network"]  # has its own clock

    monkeypatch.setattr(automatic, "candidates_for", candidates)
    events = []
    model = AutoClassifier(time_limit=4, random_state=0, progress=events.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    assert 2 < looks[-1] <= 4
    assert {"fold", "member"} <= {event["event"] for event in events}
    assert list(model.weights_) == ["linear", "boosting", "forest", "slow boosting"]


def test_a_member_for_which_there_is_no_time_is_left_out(frame, looks):
    X, y, _ = frame
    model = AutoClassifier(time_limit=0.5, random_state=0).fit(X, y)
    assert next(iter(model.weights_)) == "linear"
    assert model.failures_["network"] == "there was no time left for it"
    assert "network" not in model.weights_


def test_folds_that_cannot_all_end_are_not_begun(frame, monkeypatch):
    X, y, _ = frame
    passed = [0.0]
    monkeypatch.setattr(Clock, "now", staticmethod(lambda: passed[0]))
    monkeypatch.setattr(Clock, "worked", staticmethod(lambda: passed[0]))

    class Slow(TableLine):
        """A line that takes two seconds beyond its time."""

        def fit(self, X, y, sample_weight=None):
            passed[0] += (self.max_time or 0.0) + 2
            return super().fit(X, y, sample_weight)

    def candidates(reads, *, is_label, given, seed, device):
        line = {"is_label": is_label, "given": given, "random_state": seed}
        return [
            Candidate("linear", "table", TableLine(**line), 1, 0.0),
            Candidate("slow", "table", Slow(**line), 1, 0.2),
            Candidate("last", "table", TableLine(**line), 1, 0.0),
        ]

    def fit(seconds):
        events, passed[0] = [], 0.0
        model = AutoClassifier(time_limit=seconds, random_state=0)
        model.set_params(progress=events.append).fit(X, y)
        begun = [e["member"] for e in events if e["event"] == "fold"]
        return model, begun.count("slow")

    monkeypatch.setattr(automatic, "candidates_for", candidates)
    model, n_begun = fit(10.0)
    assert n_begun == 1
    assert list(model.weights_) == ["linear", "last"]
    assert "slow" in model.failures_
    assert passed[0] <= 10
    model, n_begun = fit(40.0)
    assert n_begun == 5
    assert list(model.weights_) == ["linear", "slow", "last"]
    assert passed[0] <= 40


def test_a_short_time_reads_a_part_of_the_texts(looks, monkeypatch):
    monkeypatch.setattr(lines, "PILOT_ROWS", 20)
    texts = [f"word{i} common" for i in range(200)]
    y = np.arange(200) % 2

    def words(seconds):
        line = TextLine(max_time=seconds, random_state=0).fit(texts, y)
        assert line.predict_proba(texts).shape == (200, 2)
        return sum(
            word.startswith("word")
            for word in line.words_.vocabulary_
            if " " not in word
        )

    assert words(0.05) == 50  # of 200 rows, by the pace of the first 20
    assert words(0.001) == 20
    monkeypatch.setattr(lines, "PILOT_ROWS", 200)
    few = TextLine(max_time=0.001, random_state=0).fit(texts, y)
    assert few.words_.vocabulary_.keys() == {"common"}  # others occur once


def test_networks_of_texts_and_images_get_fewer_folds():
    y = np.arange(1_200) % 2
    common = {"is_label": True, "seed": 0}
    assert len(split_rows("auto", y, None, is_slow=False, **common).pairs) == 5
    assert len(split_rows("auto", y, None, is_slow=True, **common).pairs) == 3
    assert len(split_rows("auto", y[:900], None, is_slow=True, **common).pairs) == 5


@pytest.mark.parametrize(("seconds", "helps"), [(60, False), (60, True), (None, False)])
def test_members_take_one_thread_if_others_do_not_help(
    frame, monkeypatch, two_threads, seconds, helps
):
    X, y, _ = frame
    seen = []

    class Looks(TableLine):
        """A line that notes how many threads it may use."""

        def fit(self, X, y, sample_weight=None):
            seen.append(torch.get_num_threads())
            return super().fit(X, y, sample_weight)

    def candidates(reads, *, is_label, given, seed, device):
        line = Looks(is_label, given=given, random_state=seed)
        return [Candidate("linear", "table", line, 1, 0.0)]

    monkeypatch.setattr(automatic, "candidates_for", candidates)
    monkeypatch.setattr(contest, "threads_help", lambda: helps)
    AutoClassifier(time_limit=seconds, cv=2, random_state=0).fit(X, y)
    assert seen == [1 if seconds and not helps else 2] * 2


def test_texts_have_members_of_their_own(frame, monkeypatch):
    X, y, _ = frame

    def candidates(reads, *, is_label, given, seed, device):
        assert reads == {"table", "texts"}
        return [Candidate("words", "texts", TextLine(is_label), 1, 0.0)]

    monkeypatch.setattr(automatic, "candidates_for", candidates)
    words = np.where(y == "yes", "glad and happy", "sad and sorry")
    X = X.assign(note=[f"{word} {i}" for i, word in enumerate(words)])
    model = AutoClassifier(time_limit=None, text_features=["note"], random_state=0)
    model.fit(X, y)
    assert model.weights_ == {"words": 1.0}
    assert model.score_table_.loc["words", "neg_log_loss"] > -0.3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("kind", [AutoClassifier, AutoRegressor])
def test_they_keep_scikit_learns_contract(kind, quick):
    model = kind(time_limit=None, random_state=0)
    check_estimator(model, expected_failed_checks=CANNOT_HOLD, on_fail="raise")


@pytest.mark.parametrize("kind", ["labels", "numbers"])
def test_a_saved_model_predicts_alike(frame, tmp_path, kind):
    X, y, odds = frame
    model = AutoRegressor(time_limit=2, random_state=0)
    if kind == "labels":
        model = AutoClassifier(
            time_limit=3, scoring="f1", text_features=["note"], random_state=0
        )
    model.fit(X, y if kind == "labels" else odds)
    model.notes_["why"] = {"a": [1, 2.5, None]}
    save(model, tmp_path / "model.sknn")
    again = load(tmp_path / "model.sknn")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.notes_ == model.notes_
    pd.testing.assert_frame_equal(again.score_table_, model.score_table_)
    found, expected = again.oof_predictions_, model.oof_predictions_
    np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())


def test_images_are_read_by_a_network_of_their_own(tmp_path, monkeypatch):
    def candidates(reads, *, is_label, given, seed, device):
        assert reads == {"images"}
        network = CNNClassifier(max_iter=1, random_state=seed)
        return [Candidate("image network", "images", network, 1, 0.0)]

    monkeypatch.setattr(automatic, "candidates_for", candidates)
    source = np.random.RandomState(0)
    paths = []
    for i in range(12):
        paths.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(source.randint(0, 255, (8, 8, 3), np.uint8)).save(paths[-1])
    X = pd.DataFrame({"file": paths})
    model = AutoClassifier(
        time_limit=None, cv=2, image_features=["file"], random_state=0
    ).fit(X, np.arange(12) % 2)
    save(model, tmp_path / "model.sknn")
    again = load(tmp_path / "model.sknn")
    assert again.column_kinds_ == {"file": "image"}
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    with pytest.raises(DataError, match="Expected labels for images"):
        AutoRegressor(image_features=["file"]).fit(X, np.arange(12.0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text_features": ["nothing"]}, "text_features names 'nothing'"),
        ({"image_features": ["note", "place"]}, "names 2 columns"),
        ({"scoring": "beauty"}, "not the name of a scorer"),
    ],
)
def test_parameters_that_cannot_be_are_refused(frame, quick, change, words):
    X, y, _ = frame
    with pytest.raises((DataError, ValueError), match=words):
        AutoClassifier(random_state=0, **change).fit(X, y)


@pytest.mark.filterwarnings("ignore:The number of unique classes")  # all differ here
def test_a_class_of_one_row_is_learnt_from_and_not_judged(frame, quick):
    X, y, _ = frame
    y = np.append(y[:-1], "once")
    model = AutoClassifier(time_limit=None, random_state=0).fit(X, y)
    assert model.classes_.tolist() == ["no", "once", "yes"]
    assert np.flatnonzero(model._fold < 0).tolist() == [N - 1]
    with pytest.raises(DataError, match="a class of its own"):
        AutoClassifier(time_limit=None).fit(X, np.arange(N))


def test_three_classes_are_decided_by_a_threshold_each(quick):
    X, y = make_classification(150, n_informative=5, n_classes=3, random_state=0)
    model = AutoClassifier(time_limit=None, scoring="f1", random_state=0).fit(X, y)
    assert model.scoring_ == "f1_macro"
    assert model.decision_threshold_.shape == (3,)
