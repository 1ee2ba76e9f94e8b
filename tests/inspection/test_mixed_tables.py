"""What inspection says of networks for mixed tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.pipeline import make_pipeline

from sknn_suite import diagnose, find_learning_rate, summary

QUICK = {"n_members": 2, "hidden_layer_sizes": (6, 4), "max_iter": 2, "random_state": 0}


@pytest.fixture
def mixed(mixed_class):
    """An estimator, a frame with a gap, and a target."""
    source = np.random.RandomState(0)
    X = pd.DataFrame({"size": source.normal(size=60), "place": ["town", "sea"] * 30})
    X.loc[3, "size"] = np.nan
    y = source.normal(size=60) + 2 * np.nan_to_num(X["size"].to_numpy())
    model = mixed_class(**QUICK)
    return model, X, y > 0 if is_classifier(model) else y


def test_summary_shows_the_layers_of_all_members(mixed):
    model, X, y = mixed
    before = summary(model, X, y)
    found = summary(model.fit(X, y), X)
    assert [layer.name for layer in found.layers] == [
        "waves",
        "linears.0",
        "linears.1",
        "output",
        "scale",
    ]
    shapes = {layer.name: layer.output_shape for layer in found.layers}
    assert shapes["linears.0"] == (2, "n", 6)
    assert shapes["output"] == (2, "n", 1)
    assert found.input_shape == ("n", 1)
    n_weights = sum(p.numel() for p in model._net.module().parameters())
    assert sum(layer.n_trainable for layer in found.layers) == n_weights
    assert before.layers == found.layers
    assert found.settings["schedule_"] == "log_cosine"


def test_summary_shows_categories_alone(mixed):
    model, X, y = mixed
    found = summary(model.fit(X[["place"]], y))
    assert found.input_shape == ("n", 0)
    assert found.layers[0].name == "linears.0"


def test_a_learning_rate_is_found(mixed):
    model, X, y = mixed
    found = find_learning_rate(model, X, y)
    assert 0 < found.suggestion < 10
    assert clone(model).set_params(learning_rate_init=found.suggestion).fit(X, y)


def test_diagnose_is_refused_in_words(mixed):
    model, X, y = mixed
    with pytest.raises(TypeError, match="keeps the best of its networks") as caught:
        diagnose(model.fit(X, y), X, y)
    assert str(caught.value).count(". ") == 2
    with pytest.raises(TypeError, match="keeps the best of its networks"):
        diagnose(make_pipeline(model).fit(X, y), X, y)
