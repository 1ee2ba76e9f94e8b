"""greedy_weights: Caruana's selection, as somebody would write it without haste."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from sknn_suite.ensemble import blend, greedy_weights
from sknn_suite.ensemble._greedy import LEVEL
from sknn_suite.ensemble._simplex import weights_for_labels, weights_for_numbers


def plainly(scores, value_of, n_steps):
    """Try every model in every step; nothing is kept from one step to the next."""
    picks, values = [], []
    for _ in range(n_steps):
        found = [
            value_of(np.mean([scores[i] for i in [*picks, m]], axis=0))
            for m in range(len(scores))
        ]
        best = max(found)
        level = [m for m, v in enumerate(found) if v >= best - LEVEL * abs(best)]
        used = [m for m in level if m in picks]
        pick = max(used, key=lambda m: found[m]) if used else level[0]
        picks.append(pick)
        values.append(found[pick])
    best = max(values)
    n = next(i for i, v in enumerate(values) if v >= best - LEVEL * abs(best)) + 1
    return np.bincount(picks[:n], minlength=len(scores)) / n


def make_models(seed, n_models, n=150):
    source = np.random.RandomState(seed)
    y = source.randint(2, size=n)
    strength = source.uniform(0.2, 1.2, size=(n_models, 1))
    logits = source.normal(size=(n_models, n)) + strength * (2 * y - 1)
    return 1 / (1 + np.exp(-logits)), y


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss"])
def test_it_is_what_trying_every_model_in_every_step_finds(seed, scoring):
    scores, y = make_models(seed, n_models=seed % 6 + 1)
    value_of = {
        "roc_auc": lambda p: roc_auc_score(y, p),
        "neg_log_loss": lambda p: -log_loss(y, p),
    }[scoring]
    found = greedy_weights(scores, y, scoring, n_steps=12)
    np.testing.assert_allclose(found.weights, plainly(scores, value_of, 12))
    mean = blend(scores, found)
    assert found.value == pytest.approx(value_of(mean))
    assert found.value >= max(map(value_of, scores)) - LEVEL


def test_numbers_and_other_scores_work_alike():
    source = np.random.RandomState(0)
    y = 1e-9 * source.normal(size=100)  # in small units
    scores = y + 1e-9 * source.normal(size=(4, 100)) * [[0.5], [0.6], [2.0], [0.7]]
    for scoring in ("r2", "neg_root_mean_squared_error", None):
        found = greedy_weights(scores, y, scoring)
        best = max(r2_score(y, s) for s in scores)
        assert r2_score(y, blend(scores, found)) > best
        assert found.weights[2] < 0.1


def test_several_classes_and_weights_of_rows():
    source = np.random.RandomState(0)
    y = source.randint(3, size=200)
    good = np.eye(3)[y] + source.uniform(size=(200, 3))
    bad = source.uniform(size=(200, 3))
    scores = {"bad": bad, "good": good}
    scores = {name: p / p.sum(1, keepdims=True) for name, p in scores.items()}
    assert greedy_weights(scores, y).as_dict() == {"good": 1.0}
    # Rows of weight 0 do not count, also if a model is right in these alone.
    half = np.arange(200) < 100
    cheat = np.where(half[:, None], scores["bad"], np.eye(3)[y] * 0.97 + 0.01)
    with_cheat = scores | {"cheat": cheat}
    assert "cheat" in greedy_weights(with_cheat, y).as_dict()
    found = greedy_weights(with_cheat, y, sample_weight=half.astype(float))
    only = {n: p[half] for n, p in with_cheat.items()}
    assert found.as_dict() == greedy_weights(only, y[half]).as_dict()


def test_frames_dicts_and_arrays_are_the_same():
    scores, y = make_models(0, 3)
    frame = pd.DataFrame(scores.T, columns=["a", "b", "c"])
    by_array = greedy_weights(scores, y).weights
    np.testing.assert_array_equal(greedy_weights(frame, y).weights, by_array)
    np.testing.assert_array_equal(greedy_weights(dict(frame), y).weights, by_array)


def test_a_model_that_does_not_help_gets_no_weight():
    scores, y = make_models(1, 2)
    noise = np.random.RandomState(0).uniform(size=(3, len(y)))
    found = greedy_weights(np.vstack([scores, scores[:1], noise]), y, "roc_auc")
    assert found.weights[2] == 0  # a copy
    assert found.weights[:2].sum() > 0.8


@pytest.mark.parametrize(
    ("oof", "text"),
    [
        ({}, "oof has no model"),
        ({"a": [0.1, np.nan]}, "'a' hold NaN"),
        ({"a": [0.1, 0.2], "b": [0.1]}, "'b' have the shape"),
        (3, "oof is of type int"),
        ({"a": [[0.2, 0.3, 0.5]] * 2}, "y has 2 classes"),
    ],
)
def test_predictions_that_cannot_be_used_are_named(oof, text):
    with pytest.raises(ValueError, match=text):
        greedy_weights(oof, [0, 1])


# -- weights on the simplex ----------------------------------------------------------


def test_simplex_weights_are_the_best_of_a_fine_grid():
    scores, y = make_models(3, 2)
    found = weights_for_labels(scores, y, None)
    grid = np.linspace(0, 1, 101)
    losses = [log_loss(y, w * scores[0] + (1 - w) * scores[1]) for w in grid]
    assert log_loss(y, found @ scores) <= min(losses) + 1e-7
    assert found.sum() == pytest.approx(1)
    target = scores.mean(0) + np.random.RandomState(0).normal(size=len(y)) / 10
    found = weights_for_numbers(scores, target, None)
    errors = [((w * scores[0] + (1 - w) * scores[1] - target) ** 2).sum() for w in grid]
    assert ((found @ scores - target) ** 2).sum() <= min(errors) * (1 + 1e-7)


def test_simplex_weights_count_rows_by_weight():
    scores, y = make_models(4, 3)
    counts = np.random.RandomState(0).randint(0, 3, len(y))
    rows = np.repeat(np.arange(len(y)), counts)
    for find in (weights_for_labels, weights_for_numbers):
        weighted = find(scores, y, counts.astype(float))
        np.testing.assert_allclose(
            weighted, find(scores[:, rows], y[rows], None), atol=1e-5
        )


# -- blend ---------------------------------------------------------------------------


def test_blends_are_the_means_that_they_are_named_after():
    scores = np.array([[0.1, 0.5, 0.9], [0.2, 0.6, 0.4], [0.9, 0.1, 0.3]])
    np.testing.assert_allclose(blend(scores), scores.mean(0))
    np.testing.assert_allclose(blend(scores, how="median"), np.median(scores, 0))
    odds = scores / (1 - scores)
    mean = np.exp(np.log(odds).mean(0))
    np.testing.assert_allclose(blend(scores, how="logits"), mean / (1 + mean))
    ranks = np.array([[0, 1, 2], [0, 2, 1], [2, 0, 1]])
    np.testing.assert_allclose(blend(scores, how="ranks"), (ranks.mean(0) + 0.5) / 3)
    np.testing.assert_allclose(
        blend(scores, [3, 1, 0]), 0.75 * scores[0] + 0.25 * scores[1]
    )


def test_blends_of_several_classes_sum_to_one():
    proba = np.random.RandomState(0).dirichlet([1, 1, 1], size=(4, 20))
    for how in ("mean", "logits", "median"):
        np.testing.assert_allclose(blend(proba, how=how).sum(1), 1)


@pytest.mark.parametrize(
    ("weights", "how", "text"),
    [
        ({"c": 1}, "mean", r"weights name \['c'\]"),
        ([1, -1], "mean", "no weights of 2 models"),
        ([0, 0], "mean", "no weights of 2 models"),
        ([1, 1], "median", "a median, which has none"),
        (None, "mode", "how='mode' is no way"),
    ],
)
def test_weights_that_cannot_be_used_are_named(weights, how, text):
    with pytest.raises(ValueError, match=text):
        blend({"a": [0.1], "b": [0.2]}, weights, how=how)
