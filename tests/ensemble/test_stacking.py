"""Stacks: k fits per member, honest final steps, columns, changes without refits."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    RepeatedStratifiedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
    _final,
    blend,
    greedy_weights,
)
from sknn_suite.ensemble._final import Layer, simplest_of_the_best, weigh
from sknn_suite.ensemble._scoring import Scoring
from sknn_suite.ensemble._splits import Splits
from sknn_suite.ensemble._target import Labels
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.images import CNNClassifier

FOREST = RandomForestClassifier(20, min_samples_leaf=3, random_state=0)
MEMBERS = [("line", LogisticRegression()), ("bayes", GaussianNB()), ("forest", FOREST)]
NUMBERS = [("ridge", Ridge()), ("line", LinearRegression())]


@pytest.fixture(scope="module")
def stack(two):
    how = {"final_estimator": "greedy", "cv": 4}
    return CrossFitStackingClassifier(MEMBERS, **how).fit(*two)


def oof_of(stack):
    """Out-of-fold probabilities of the members, (n_members, n_samples)."""
    return np.array(
        [m.oof_predictions_["proba_1"].to_numpy() for m in stack.members_.values()]
    )


def test_there_are_exactly_k_fits_per_member(two, counting):
    classifier, _ = counting
    members = [("one", classifier()), ("other", classifier(C=0.1))]
    for final in ("auto", "greedy", "mean", "simplex", "logits"):
        classifier.fits.clear()
        CrossFitStackingClassifier(members, final_estimator=final, cv=4).fit(*two)
        assert len(classifier.fits) == 2 * 4
    classifier.fits.clear()
    StackingClassifier(members, LogisticRegression(), cv=4).fit(*two)
    assert len(classifier.fits) == 2 * (4 + 1)


def test_members_predict_as_cross_val_predict_does(stack, two):
    X, y = two
    for name, model in MEMBERS:
        expected = cross_val_predict(model, X, y, cv=4, method="predict_proba")
        frame = stack.members_[name].oof_predictions_
        np.testing.assert_array_equal(frame[["proba_0", "proba_1"]], expected)


def test_weights_are_greedy_and_new_rows_get_the_weighted_mean(stack, two):
    X, y = two
    chosen = greedy_weights(oof_of(stack), y)
    assert list(stack.weights_) == ["line", "bayes", "forest"]
    np.testing.assert_allclose(list(stack.weights_.values()), chosen.weights)
    new = np.random.RandomState(0).normal(size=(30, X.shape[1]))
    parts = [m.predict_proba(new) for m in stack.members_.values()]
    expected = np.tensordot(chosen.weights, parts, axes=1)
    np.testing.assert_allclose(stack.predict_proba(new), expected)


def test_each_fold_is_weighed_by_the_others(stack, two):
    _, y = two
    oof, found = oof_of(stack), stack.oof_predictions_["proba_1"].to_numpy()
    for train, test in StratifiedKFold(4).split(*two):
        chosen = greedy_weights(oof[:, train], y[train])
        np.testing.assert_allclose(found[test], blend(oof[:, test], chosen))


def test_the_table_has_each_member_the_mean_and_the_stack(stack, two):
    _, y = two
    table = stack.score_table_
    assert table.index.tolist() == ["line", "bayes", "forest", "mean", "stack"]
    assert table.columns.tolist()[:4] == ["neg_log_loss", "spread", "weight", "seconds"]
    parts = list(StratifiedKFold(4).split(*two))
    losses = [-log_loss(y[t], oof_of(stack)[0][t]) for _, t in parts]
    assert table.loc["line", "neg_log_loss"] == pytest.approx(np.mean(losses))
    assert table.loc["line", "spread"] == pytest.approx(np.std(losses, ddof=1))
    mean = oof_of(stack).mean(axis=0)
    losses = [-log_loss(y[t], mean[t]) for _, t in parts]
    assert table.loc["mean", "neg_log_loss"] == pytest.approx(np.mean(losses))
    assert table["weight"].sum() == pytest.approx(1)
    assert table.loc["stack", "seconds"] >= table.loc["forest", "seconds"] > 0


def test_errors_that_agree_and_gains_are_told(two):
    twin = clone(FOREST).set_params(random_state=1)
    members = [("line", LogisticRegression()), ("forest", FOREST), ("twin", twin)]
    stack = CrossFitStackingClassifier(members, final_estimator="mean").fit(*two)
    found = stack.error_correlation_
    assert found.loc["forest", "twin"] > found.loc["forest", "line"]
    np.testing.assert_allclose(np.diag(found), 1)
    frames = oof_of(stack)
    errors = [1 - np.where(two[1] == 1, p, 1 - p) for p in frames]
    np.testing.assert_allclose(found, np.corrcoef(errors))
    rest = CrossFitStackingClassifier(members[1:], final_estimator="mean").fit(*two)
    gain = stack.fold_scores_.mean() - rest.fold_scores_.mean()
    assert stack.gains_["line"] == pytest.approx(gain)


# -- the final step ------------------------------------------------------------------


class Upside(DecisionTreeClassifier):
    """Learns to take the worst: never better than weights."""

    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]


def test_a_level_that_does_not_beat_greedy_weights_is_not_used(two):
    stack = CrossFitStackingClassifier(MEMBERS, final_estimator=Upside(), cv=4)
    with pytest.warns(SuiteWarning, match="Upside has neg_log_loss .* greedy weights"):
        stack.fit(*two)
    assert stack.final_step_ == "greedy"
    stack.set_params(final_estimator="greedy")
    greedy = clone(stack).fit(*two)
    np.testing.assert_array_equal(
        stack.predict_proba(two[0]), greedy.predict_proba(two[0])
    )
    np.testing.assert_array_equal(stack.oof_predictions_, greedy.oof_predictions_)


class Backwards(LogisticRegression):
    """Right, the wrong way round: what weights cannot mend, and a level can."""

    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]


class Shy(LogisticRegression):
    """Right, but never sure: what weights that sum to one cannot mend."""

    def predict_proba(self, X):
        proba = super().predict_proba(X) ** 0.2
        return proba / proba.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("passthrough", [False, True])
@pytest.mark.parametrize("rows", ["two", "three"])
def test_a_level_that_is_better_is_used_and_trained_out_of_fold(
    request, rows, passthrough, counting
):
    X, y = request.getfixturevalue(rows)
    final, _ = counting
    members = [("back", Backwards()), ("prior", DummyClassifier())]
    stack = CrossFitStackingClassifier(
        members, final_estimator=final(max_iter=1000), cv=3, passthrough=passthrough
    ).fit(X, y)
    assert stack.final_step_ == "CountingClassifier"
    assert stack.weights_ is None
    assert len(final.fits) == 3
    layer = stack.transform(X)
    table = np.hstack([layer, X]) if passthrough else layer
    names = [f"proba_{label}" for label in np.unique(y)]
    expected = cross_val_predict(
        LogisticRegression(max_iter=1000), table, y, cv=3, method="predict_proba"
    )
    greedy = clone(stack).set_params(final_estimator="greedy", passthrough=False)
    weighed = greedy.fit(X, y).oof_predictions_[names].to_numpy()
    found = stack.oof_predictions_[names].to_numpy()
    # A fold whose neighbours do not prefer the level is predicted by weights.
    by_level = [
        np.array_equal(found[test], expected[test])
        for _, test in StratifiedKFold(3).split(X, y)
    ]
    assert sum(by_level) >= 1
    for is_level, (_, test) in zip(by_level, StratifiedKFold(3).split(X, y)):
        if not is_level:
            np.testing.assert_array_equal(found[test], weighed[test])
    assert stack.score(X, y) > 0.6
    assert stack.gains_.keys() == {"back", "prior"}


def test_a_level_takes_frames(two):
    frame = pd.DataFrame(two[0]).add_prefix("x")
    stack = CrossFitStackingClassifier(
        [("back", Backwards()), ("prior", DummyClassifier())],
        final_estimator=LogisticRegression(),
        passthrough=True,
    ).fit(frame, two[1])
    names = stack._final_models[0].feature_names_in_
    assert names.tolist() == ["back", "prior", *frame.columns]
    assert stack.score(frame, two[1]) > 0.7


def test_passthrough_needs_something_that_is_trained(two):
    how = {"final_estimator": "greedy", "passthrough": True}
    stack = CrossFitStackingClassifier(MEMBERS, **how)
    with pytest.raises(ValueError, match="final_estimator='greedy' is not trained"):
        stack.fit(*two)


def test_auto_is_greedy_unless_logits_are_clearly_better(two, numbers):
    X, y = two
    twins = [("line0", LogisticRegression()), ("line1", LogisticRegression(C=0.1))]
    assert CrossFitStackingClassifier(twins, cv=3).fit(X, y).final_step_ == "greedy"
    bad = [("line", LogisticRegression()), ("back", Backwards())]
    stack = CrossFitStackingClassifier(bad, cv=3).fit(X, y)
    assert stack.final_step_ in ("greedy", "logits")
    assert stack.score(X, y) > 0.7
    shy = [("shy", Shy()), ("forest", FOREST)]
    stack = CrossFitStackingClassifier(shy, cv=3).fit(X, y)
    assert stack.final_step_ == "logits"
    assert stack.weights_["shy"] > 1
    bad = [("ridge", Ridge()), ("prior", DummyRegressor())]
    assert CrossFitStackingRegressor(bad).fit(*numbers).weights_["prior"] == 0


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc"])
def test_a_gain_is_compared_with_its_standard_error(scoring):
    # Rows of a log-loss are many, so that a small gain is clear; folds are three.
    source = np.random.RandomState(0)
    y = source.randint(2, size=600)
    sure, doubtful = (np.where(y, p, 1 - p) for p in (0.62, 0.6))
    noise = source.uniform(-0.1, 0.1, size=(2, 600))
    members = np.stack([sure, doubtful]) + noise
    layer = Layer(
        ["sure", "doubtful"],
        np.stack([1 - members, members], axis=-1),
        Labels(np.array([0, 1])),
        y,
        None,
        Splits(list(StratifiedKFold(3).split(members.T, y)), 600),
        Scoring(scoring, np.array([0, 1])),
    )
    one = weigh("mean", layer.without("doubtful"))
    other = weigh("mean", layer.without("sure"))
    gain, error = _final._gain(one, other, layer, None)
    values = one.values - other.values
    assert gain == pytest.approx(values.mean())
    if scoring == "neg_log_loss":
        rows = np.log(np.where(y, members, 1 - members))
        expected = np.std(rows[0] - rows[1]) / np.sqrt(600)
        assert (
            simplest_of_the_best([other, one], layer).oof.folds[0][0, 1]
            == (one.oof.folds[0][0, 1])
        )
    else:
        expected = values.std(ddof=1) / np.sqrt(3)
    assert error == pytest.approx(expected)


# -- nested --------------------------------------------------------------------------


def test_nested_folds_fit_once_more_for_each_two(two, counting):
    X, y = two
    classifier, _ = counting
    members = [("one", classifier()), ("bayes", GaussianNB())]
    how = {"cv": 4, "nested": True}
    stack = CrossFitStackingClassifier(members, **how).fit(X, y)
    assert len(classifier.fits) == 4 + 6
    assert len(stack.members_["one"].estimators_) == 4
    plain = CrossFitStackingClassifier(members, cv=4).fit(X, y)
    np.testing.assert_array_equal(stack.predict_proba(X), plain.predict_proba(X))
    stack.add("forest", FOREST, X).drop("bayes")
    other = [("one", classifier()), ("forest", FOREST)]
    fresh = CrossFitStackingClassifier(other, **how).fit(X, y)
    np.testing.assert_array_equal(stack.oof_predictions_, fresh.oof_predictions_)


def test_nested_folds_of_a_time_series_need_no_other_fit(two, counting):
    classifier, _ = counting
    members = [("one", classifier()), ("bayes", GaussianNB())]
    with pytest.warns(SuiteWarning, match="40 of 200 rows"):
        stack = CrossFitStackingClassifier(
            members, cv=TimeSeriesSplit(4), nested=True, final_estimator="greedy"
        ).fit(*two)
    assert len(classifier.fits) == 4
    plain = clone(stack).set_params(nested=False)
    with pytest.warns(SuiteWarning, match="40 of 200 rows"):
        plain.fit(*two)
    found, expected = (model._oof.scores for model in (stack, plain))
    np.testing.assert_array_equal(found, expected)


def test_nested_folds_that_cannot_be_used_are_named(two):
    stack = CrossFitStackingClassifier(MEMBERS, cv=2, nested=True)
    with pytest.raises(ValueError, match="the folds 0 and 1 leave no row"):
        stack.fit(*two)
    stack.set_params(cv=RepeatedStratifiedKFold(n_splits=3, n_repeats=2))
    with pytest.raises(ValueError, match="cv predicts each row 2 times"):
        stack.fit(*two)


def test_simplex_and_mean(two, numbers):
    for final in ("simplex", "mean"):
        stack = CrossFitStackingClassifier(MEMBERS, final_estimator=final).fit(*two)
        assert sum(stack.weights_.values()) == pytest.approx(1)
        assert stack.final_step_ == final
    assert set(stack.weights_.values()) == {1 / 3}
    stack = CrossFitStackingRegressor(NUMBERS, final_estimator="simplex").fit(*numbers)
    assert sum(stack.weights_.values()) == pytest.approx(1)


def test_regressors(numbers):
    X, y = numbers
    stack = CrossFitStackingRegressor(NUMBERS, scoring="r2").fit(X, y)
    assert stack.score(X, y) > 0.9
    assert stack.oof_predictions_.columns.tolist() == [
        "fold",
        "prediction",
        "is_predicted",
    ]
    assert stack.error_correlation_.loc["ridge", "line"] > 0.99
    assert stack.transform(X).shape == (200, 2)


def test_the_first_rows_of_a_time_series_have_no_final_step(two):
    cv = TimeSeriesSplit(4)
    stack = CrossFitStackingClassifier(MEMBERS, cv=cv, final_estimator="greedy")
    with pytest.warns(SuiteWarning, match="40 of 200 rows"):
        stack.fit(*two)
    predicted = stack.oof_predictions_["is_predicted"].to_numpy()
    assert not predicted[:80].any()
    assert predicted[80:].all()
    assert np.isnan(stack.fold_scores_[0])
    assert np.isfinite(stack.fold_scores_[1:]).all()
    # The weights of a fold are chosen by earlier rows only.
    oof = oof_of(stack)
    chosen = greedy_weights(oof[:, 40:80], two[1][40:80])
    found = stack.oof_predictions_["proba_1"].to_numpy()[80:120]
    np.testing.assert_allclose(found, blend(oof[:, 80:120], chosen))


def test_repeated_folds(two):
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    stack = CrossFitStackingClassifier(MEMBERS, cv=cv).fit(*two)
    assert stack.oof_predictions_["is_predicted"].all()
    assert len(stack.fold_scores_) == 6


def test_a_stack_is_a_member_of_a_stack(two, counting):
    classifier, _ = counting
    inner = CrossFitStackingClassifier(
        [("one", classifier()), ("b", GaussianNB())], cv=2
    )
    outer = CrossFitStackingClassifier([("inner", inner), ("forest", FOREST)], cv=3)
    outer.fit(*two, sample_weight=np.ones(200))
    assert len(classifier.fits) == 2 * 3
    assert outer.score(*two) > 0.7


def test_the_threshold_is_chosen_out_of_fold(two):
    stack = CrossFitStackingClassifier(MEMBERS, decision_threshold=0.3).fit(*two)
    proba = stack.predict_proba(two[0])[:, 1]
    np.testing.assert_array_equal(stack.predict(two[0]), proba >= 0.3)
    stack.set_params(decision_threshold="f1").fit(*two)
    assert 0 < stack.decision_threshold_ < 1


def test_members_are_complete_by_themselves(two, numbers):
    X, y = two
    stack = CrossFitStackingClassifier(MEMBERS, cv=3, decision_threshold="f1")
    members = stack.fit(X, y).members_
    alone = CrossFitClassifier(LogisticRegression(), cv=3, decision_threshold="f1")
    np.testing.assert_array_equal(
        members["line"].predict(X), alone.fit(X, y).predict(X)
    )
    assert members["line"].decision_threshold_ == alone.decision_threshold_
    assert (
        members["line"].score_table_.loc["mean", "neg_log_loss"]
        == (alone.score_table_.loc["mean", "neg_log_loss"])
    )
    numbers_stack = CrossFitStackingRegressor(NUMBERS).fit(*numbers)
    assert numbers_stack.members_["ridge"].score(*numbers) > 0.9


# -- transform -----------------------------------------------------------------------


def test_training_rows_are_never_shown_in_sample_predictions(stack, two):
    X, y = two
    oof = oof_of(stack).T
    np.testing.assert_array_equal(stack.transform(X), oof)
    np.testing.assert_array_equal(stack.transform(X[::3]), oof[::3])
    np.testing.assert_array_equal(stack.transform(X.tolist()), oof)
    np.testing.assert_array_equal(clone(stack).fit_transform(X, y), oof)
    new = X + 1e-6
    parts = [m.predict_proba(new)[:, 1] for m in stack.members_.values()]
    np.testing.assert_allclose(stack.transform(new), np.transpose(parts))
    names = stack.get_feature_names_out().tolist()
    assert names == ["line", "bayes", "forest"]
    frame = stack.set_output(transform="pandas").transform(X)
    assert frame.columns.tolist() == names


def test_rows_of_frames_and_texts_are_recognised(two):
    frame = pd.DataFrame(two[0]).add_prefix("x")
    frame["kind"] = np.where(two[1], "a", "b")
    frame.loc[::7, "kind"] = None
    columns = make_column_selector(dtype_include="number")
    stack = CrossFitStackingClassifier(
        MEMBERS, columns=dict.fromkeys(["line", "bayes", "forest"], columns)
    ).fit(frame, two[1])
    np.testing.assert_array_equal(stack.transform(frame), oof_of(stack).T)
    texts = [f"row {i} {'good' if c else 'bad'}" for i, c in enumerate(two[1])]
    words = make_pipeline(TfidfVectorizer(), LogisticRegression())
    stack = CrossFitStackingClassifier([("words", words)]).fit(texts, two[1])
    np.testing.assert_array_equal(stack.transform(texts), oof_of(stack).T)


# -- columns -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed(two):
    X, y = two
    frame = pd.DataFrame(X[:, :3], columns=["age", "fare", "size"])
    source = np.random.RandomState(0)
    words = np.where(source.uniform(size=200) < 0.8, y, 1 - y)
    frame["note"] = np.array(["slow and dull", "quick and bright"])[words]
    return frame, y


WORDS = make_pipeline(TfidfVectorizer(), LogisticRegression())
COLUMNS = {"words": "note", "line": ["age", "fare", "size"]}
BOTH = [("words", WORDS), ("line", LogisticRegression())]


@pytest.mark.parametrize("as_polars", [False, True])
def test_members_take_their_own_columns(mixed, as_polars):
    frame, y = mixed
    if as_polars:
        frame = pytest.importorskip("polars").from_pandas(frame)
    stack = CrossFitStackingClassifier(BOTH, columns=COLUMNS).fit(frame, y)
    expected = cross_val_predict(WORDS, frame["note"], y, cv=5, method="predict_proba")
    found = stack.members_["words"].oof_predictions_["proba_1"]
    np.testing.assert_array_equal(found, expected[:, 1])
    line = stack.members_["line"].estimators_[0]
    assert line.feature_names_in_.tolist() == ["age", "fare", "size"]
    assert stack.feature_names_in_.tolist() == list(frame.columns)
    assert stack.score(frame, y) > 0.7
    np.testing.assert_array_equal(stack.transform(frame), oof_of(stack).T)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_member_reads_the_images_of_a_column_of_paths(tmp_path):
    source, y = np.random.RandomState(0), np.arange(24) % 2
    paths = []
    for i, label in enumerate(y):
        pixels = source.randint(0, 100, (8, 8)) + 150 * label
        paths.append(str(tmp_path / f"{i}.png"))
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
    frame = pd.DataFrame({"file": paths, "x": source.normal(size=24), "z": 1.0})
    images = CNNClassifier(max_iter=3, random_state=0)
    stack = CrossFitStackingClassifier(
        [("images", images), ("line", LogisticRegression())],
        columns={"images": "file", "line": ["x", "z"]},
        final_estimator="mean",
        cv=3,
    ).fit(frame, y)
    assert stack.predict_proba(frame).shape == (24, 2)
    found = stack.members_["images"].oof_predictions_["proba_1"]
    for member, (_, test) in zip(
        stack.members_["images"].estimators_, stack.members_["images"].splits_
    ):
        alone = member.predict_proba([paths[i] for i in test])[:, 1]
        np.testing.assert_allclose(found.to_numpy()[test], alone, atol=1e-6)


def test_columns_of_arrays_are_numbers_and_functions_are_asked(two, mixed):
    stack = CrossFitStackingClassifier(MEMBERS, columns={"line": [0, 1]}).fit(*two)
    assert stack.members_["line"].n_features_in_ == 2
    assert stack.members_["bayes"].n_features_in_ == 20
    numeric = make_column_selector(dtype_include="number")
    stack = CrossFitStackingClassifier(BOTH, columns=COLUMNS | {"line": numeric})
    assert stack.fit(*mixed).columns_["line"] == ["age", "fare", "size"]


def test_a_frame_without_a_column_is_named(mixed):
    frame, y = mixed
    stack = CrossFitStackingClassifier(BOTH, columns=COLUMNS).fit(frame, y)
    with pytest.raises(ValueError, match="X has no column 'note', which 'words' takes"):
        stack.predict(frame.drop(columns="note"))
    with pytest.raises(ValueError, match="'words' takes the columns 'note', which X"):
        stack.predict(frame.to_numpy())
    with pytest.raises(ValueError, match="X is of type list"):
        stack.predict(frame.to_numpy().tolist())
    shuffled = frame[["note", "size", "age", "fare"]].assign(more=1)
    np.testing.assert_array_equal(stack.predict(shuffled), stack.predict(frame))


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"word": "note"}, r"columns names \['word'\], which are no members"),
        ({"words": "body"}, "X has no column 'body', which 'words' takes"),
        ({"line": ["age", "a", "b"]}, r"no column 'a' \(and 1 more\), which 'line'"),
        ({"line": []}, r"columns\['line'\] is empty"),
        ({"line": [17]}, "'line' takes the columns"),
    ],
)
def test_columns_that_are_absent_are_named(mixed, columns, text):
    stack = CrossFitStackingClassifier(BOTH, columns=COLUMNS | columns)
    with pytest.raises(ValueError, match=text):
        stack.fit(*mixed)


# -- add, drop -----------------------------------------------------------------------


# On these few rows the level beats greedy weights or does not.
@pytest.mark.filterwarnings("ignore:LogisticRegression has:UserWarning")
@pytest.mark.parametrize("final", ["greedy", "logits", LogisticRegression()])
def test_members_are_added_and_dropped_without_other_fits(two, counting, final):
    X, y = two
    weight = np.random.RandomState(0).uniform(size=200)
    classifier, _ = counting
    one = [("one", classifier())]
    stack = CrossFitStackingClassifier(one, cv=4, final_estimator=final)
    stack.fit(X, y, weight)
    assert len(classifier.fits) == 4
    stack.add("forest", FOREST, X, columns=[0, 1, 2])
    assert len(classifier.fits) == 4
    two_members = [*one, ("forest", FOREST)]
    other = CrossFitStackingClassifier(
        two_members, cv=4, columns={"forest": [0, 1, 2]}, final_estimator=final
    ).fit(X, y, weight)
    np.testing.assert_array_equal(stack.predict_proba(X), other.predict_proba(X))
    assert stack.get_params()["columns"] == {"forest": [0, 1, 2]}
    assert dict(stack.estimators).keys() == {"one", "forest"}
    assert stack.score_table_.index.tolist() == other.score_table_.index.tolist()
    n_fits = len(classifier.fits)
    stack.drop("forest")
    assert len(classifier.fits) == n_fits
    assert stack.score_table_.index.tolist() == ["one", "mean", "stack"]
    assert stack.columns == {}
    alone = CrossFitStackingClassifier(one, cv=4, final_estimator=final)
    np.testing.assert_array_equal(
        stack.predict_proba(X), alone.fit(X, y, weight).predict_proba(X)
    )


def test_changes_that_cannot_be_made_are_named(stack, two):
    X, _ = two
    with pytest.raises(ValueError, match="has a member 'line' already"):
        stack.add("line", GaussianNB(), X)
    with pytest.raises(ValueError, match="X is not the X of fit, which had 200 rows"):
        stack.add("new", GaussianNB(), X[::-1])
    with pytest.raises(TypeError, match="'new' is a regressor"):
        stack.add("new", Ridge(), X)
    with pytest.raises(ValueError, match="no member 'new'"):
        stack.drop("new")
    one = CrossFitStackingClassifier(MEMBERS[:1]).fit(*two)
    with pytest.raises(ValueError, match="'line' is the only member"):
        one.drop("line")
    assert list(stack.members_) == ["line", "bayes", "forest"]


def test_a_member_may_be_set_to_drop(two):
    stack = clone(CrossFitStackingClassifier(MEMBERS))
    stack.set_params(bayes="drop").fit(*two)
    assert list(stack.members_) == ["line", "forest"]
    stack.set_params(line__C=0.5)
    assert stack.get_params()["line__C"] == 0.5


# -- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        ([], ValueError, "estimators has no member"),
        ([("a", GaussianNB()), ("a", FOREST)], ValueError, "the name 'a' 2 times"),
        ([("a__b", GaussianNB())], ValueError, "the name 'a__b'"),
        ([("cv", GaussianNB())], ValueError, "the name 'cv'"),
        ([("stack", GaussianNB())], ValueError, "the name 'stack'"),
        ([GaussianNB()], ValueError, r"estimators holds GaussianNB\(\)"),
        ([("a", GaussianNB)], TypeError, "'a' is no estimator"),
        ([("a", LinearSVC())], ValueError, "'a' has no predict_proba: LinearSVC"),
        ([("a", Ridge())], TypeError, "'a' is a regressor: Ridge"),
    ],
)
def test_members_that_cannot_be_used_are_named(two, members, error, text):
    with pytest.raises(error, match=text):
        CrossFitStackingClassifier(members).fit(*two)


def test_a_classifier_is_no_member_for_numbers(numbers):
    with pytest.raises(TypeError, match="'a' is a classifier"):
        CrossFitStackingRegressor([("a", GaussianNB())]).fit(*numbers)
    stack = CrossFitStackingRegressor(NUMBERS, final_estimator=LogisticRegression())
    with pytest.raises(TypeError, match="final_estimator is a classifier"):
        stack.fit(*numbers)


def test_a_member_that_fails_is_named_or_left_out(two, fails_in_a_fold):
    members = [("line", LogisticRegression()), ("odd", fails_in_a_fold)]
    stack = CrossFitStackingClassifier(members, cv=4)
    with pytest.raises(
        ValueError, match=r"odd failed in fold 0\. RuntimeError: the fir"
    ):
        stack.fit(*two)
    stack.set_params(on_error="drop")
    with pytest.warns(SuiteWarning, match="left out: 'odd' in fold 0: RuntimeError"):
        stack.fit(*two)
    assert list(stack.members_) == ["line"]
    assert stack.score_table_.index.tolist() == ["line", "mean", "stack"]
    with pytest.raises(ValueError, match="Every member failed: 'odd' in fold 0"):
        CrossFitStackingClassifier(members[1:], on_error="drop").fit(*two)
