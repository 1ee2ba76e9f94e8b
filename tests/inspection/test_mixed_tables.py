"""What inspection says of networks for mixed tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from sknn_suite import (
    MLPClassifier,
    TabularClassifier,
    diagnose,
    find_learning_rate,
    summary,
)
from sknn_suite.exceptions import SuiteWarning

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
    note = (
        "2 networks side by side (networks, rows, units); 2 columns read as 1 number, "
        "1 flag, 1 category"
    )
    assert found.note == before.note == note
    assert str(found).splitlines()[1] == note
    assert f"<br>{note}</caption>" in found._repr_html_()


def test_summary_of_one_network_needs_no_note():
    found = summary(MLPClassifier((3,)), [[0.0], [1.0]], [0, 1])
    assert found.note == ""
    assert str(found).splitlines()[1].startswith("---")


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


def test_diagnose_says_what_rows_and_history_tell(mixed):
    model, X, y = mixed
    X = X.assign(code=[f"{i:03}" for i in range(60)], same="one")
    with pytest.warns(SuiteWarning, match="'code' of X is left out"):
        model.fit(X, y)
    found = diagnose(model, X, y)
    assert found.layers == []
    (said,) = [sentence for sentence in found.advice if "left out" in sentence]
    assert said.startswith(
        "2 columns of X are left out: 'code' (identifier), 'same' (constant); drop"
    )
    assert str(found) == "\n".join(found.advice)
    inside = make_pipeline(FunctionTransformer(), model)
    assert diagnose(inside, X, y).advice == found.advice


def test_diagnose_finds_nothing_wrong_with_a_sound_table(mixed):
    model, X, y = mixed
    found = diagnose(model.set_params(max_iter=40).fit(X, y), X, y)
    assert str(found) == "Nothing looks wrong."


def test_diagnose_names_a_rare_class_of_a_mixed_table():
    source = np.random.RandomState(0)
    X = pd.DataFrame({"size": source.normal(size=200), "place": ["town", "sea"] * 100})
    y = np.where(np.arange(200) % 20 == 0, "fraud", "usual")
    found = diagnose(TabularClassifier(**QUICK).fit(X, y), X, y)
    assert found.advice[0].startswith("Only 5 % of the rows are of class fraud;")


def test_diagnose_finds_that_time_was_up_while_epochs_got_better(mixed):
    model, X, y = mixed
    model.set_params(max_iter=500, max_time=60, callbacks=[StopAfter(4)])
    model.fit(X, y)
    model.best_epoch_ = 4
    said = diagnose(model, X, y).advice[0]
    assert said.startswith("max_time ended training after 4 of 500 epochs, while")
    model.best_epoch_ = 1
    assert not any("max_time" in sentence for sentence in diagnose(model, X, y).advice)


class StopAfter(Callback):
    """End training after some epochs, as max_time does."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.n_epochs:
            net.stop("Time is up.")
