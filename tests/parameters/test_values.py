"""Values that no type or range refuses are refused in three sentences."""

import re

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC
from skorch.callbacks import Callback

from sknn_suite import CNNClassifier, MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # two epochs are enough here
)


class Abstract(torch.optim.Optimizer):
    """An optimiser without a step."""


SCORES = {"early_stopping": True}
BAD = {
    "no rates": {"learning_rate_init": []},
    "words as rates": {"learning_rate_init": ["a"]},
    "rates of two axes": {"learning_rate_init": [[0.1, 0.2]]},
    "huge alpha": {"alpha": 1e300},
    "huge l1_alpha": {"l1_alpha": 1e300},
    "huge rate": {"learning_rate_init": 1e300},
    "source without weights": {"init_from": SVC()},
    "frozen source without weights": {"init_from": FrozenEstimator(SVC())},
    "search as source": {"init_from": GridSearchCV(MLPClassifier(), {"alpha": [1]})},
    "class as source": {"init_from": MLPClassifier},
    "number as callback": {"callbacks": [3]},
    "function as callback": {"callbacks": [lambda: 1]},
    "pair without callback": {"callbacks": [("a", 3)]},
    "number in freeze": {"freeze": [1]},
    "word as decay": {"solver": "sgd", "solver_params": {"weight_decay": "a"}},
    "list as decay": {"solver": "sgd", "solver_params": {"weight_decay": [1]}},
    "negative decay": {"solver": "sgd", "solver_params": {"weight_decay": -1}},
    "word as argument": {"solver": "adam", "solver_params": {"betas": 3}},
    "schedule of no argument": {"learning_rate": lambda: 1.0},
    "schedule of words": {"learning_rate": lambda epoch: "a"},
    "schedule of None": {"learning_rate": lambda epoch: None},
    "schedule of NaN": {"learning_rate": lambda epoch: np.nan},
    "schedule of arrays": {"learning_rate": lambda epoch: np.ones(2)},
    "schedule below zero": {"learning_rate": lambda epoch: -1.0},
    "schedule below zero later": {"learning_rate": lambda epoch: 0.5 - epoch},
    "scores in a list": {**SCORES, "early_stopping_scoring": lambda m, X, y: [1, 2]},
    "score in words": {**SCORES, "early_stopping_scoring": lambda m, X, y: "good"},
    "sparse solver": {"solver": torch.optim.SparseAdam},
    "abstract solver": {"solver": torch.optim.Optimizer},
    "solver without a step": {"solver": Abstract},
}


def has_three_sentences(message):
    return len(re.findall(r"[.!?](\s|$)", message)) >= 3


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, CNNClassifier])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_told_in_three_sentences(
    kind, name, two_classes, snapshot, same_state
):
    model = kind(max_iter=2, random_state=0).fit(*two_classes)
    before = snapshot(model)
    parameters = model.get_params()
    model.set_params(**BAD[name])
    with pytest.raises((ValueError, TypeError)) as caught:
        model.fit(*two_classes)
    assert has_three_sentences(str(caught.value))
    own = list(BAD[name])[-1]
    assert own in str(caught.value)
    assert same_state(snapshot(model.set_params(**parameters)), before)


@pytest.mark.parametrize("item", [None, 3, ("flip", "a"), ("flip", 1, 2), (3, 3)])
def test_a_bad_augmentation_is_told(item):
    images = np.random.RandomState(0).uniform(size=(20, 8, 8))
    model = CNNClassifier(augment=[item], max_iter=1)
    with pytest.raises(ValueError, match="augment holds"):
        model.fit(images, np.arange(20) % 2)


@pytest.mark.parametrize(
    "class_weight",
    [[1, 2], [{0: 1}, {0: 1}], {0: "a"}, {"0": 1}, {5: 1.0}],
    ids=repr,
)
def test_a_bad_class_weight_is_told(class_weight, two_classes):
    with pytest.raises(ValueError, match="class_weight") as caught:
        MLPClassifier(class_weight=class_weight, max_iter=2).fit(*two_classes)
    assert has_three_sentences(str(caught.value))


def test_a_class_weight_may_name_classes_that_a_part_of_the_rows_lacks(two_classes):
    weights = {0: 1.0, 1: 2.0}
    model = MLPClassifier(class_weight=weights, max_iter=2, random_state=0)
    of_two = model.fit(*two_classes).coefs_
    model.set_params(class_weight=weights | {2: 3.0})
    of_three = model.fit(*two_classes).coefs_
    np.testing.assert_array_equal(of_two[0], of_three[0])


def test_good_values_of_the_same_kinds_are_taken(two_classes):
    source = MLPClassifier(max_iter=2).fit(*two_classes)
    for given in (
        {"learning_rate_init": np.array([0.01, 0.02])},
        {"init_from": FrozenEstimator(source)},
        {"callbacks": [Callback, Callback(), ("mine", Callback()), ("yours", None)]},
        {"freeze": ("linears.0",)},
        {"solver": "sgd", "solver_params": {"weight_decay": np.float32(0.1)}},
        {"learning_rate": lambda epoch: np.float32(0.5) ** epoch},
        {"learning_rate": lambda epoch: int(epoch > 0)},
        {**SCORES, "early_stopping_scoring": lambda m, X, y: np.float32(0.5)},
    ):
        assert MLPClassifier(max_iter=2, **given).fit(*two_classes).n_iter_ == 2


def test_a_warm_start_with_another_architecture_names_it(public_class, rows):
    if "warm_start" not in public_class().get_params():
        pytest.skip("it always starts anew")
    name = "hidden_sizes" if "RNN" in public_class.__name__ else "hidden_layer_sizes"
    model = public_class(max_iter=2, warm_start=True, **{name: 4})
    X, y = rows
    model.fit(X, y)
    with pytest.raises(ValueError, match="architecture") as caught:
        model.set_params(**{name: 5}).fit(X, y)
    assert "warm_start=False" in str(caught.value)
    assert has_three_sentences(str(caught.value))
