"""The numbers that the classic examples print are what they say."""

import runpy
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

FOLDER = Path(__file__).parents[1] / "examples" / "09_classics"


@pytest.fixture
def run(monkeypatch):
    """Run an example and return its names."""
    monkeypatch.setattr(plt, "show", lambda: None)
    yield lambda stem: runpy.run_path(str(FOLDER / f"plot_{stem}.py"))
    plt.close("all")


def test_xor_has_the_same_losses_written_out_and_by_estimators(run):
    names = run("xor_by_hand")
    losses = names["losses"]
    assert losses.keys() == {"NumPy", "scikit-learn", "sknn_suite", "one fit"}
    for curve in losses.values():
        assert len(curve) == names["N_STEPS"]
        np.testing.assert_allclose(curve, losses["NumPy"], rtol=0, atol=1e-13)
    assert losses["NumPy"][-1] < 0.05
    for model in (*names["models"].values(), names["whole"]):
        np.testing.assert_allclose(model.coefs_[0], names["W1"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            model.intercepts_[1], names["b2"], rtol=0, atol=1e-12
        )
        assert model.predict(names["X"]).tolist() == [0, 1, 1, 0]


def test_one_sgd_step_subtracts_the_gradient_of_the_worked_example(run):
    names = run("back_propagation_by_hand")
    gradients = names["gradients"]
    assert round(gradients["by hand"][0, 0], 5) == 0.07289
    for gradient in gradients.values():
        # The estimators' gradients are differences of weights, divided by 0.01.
        np.testing.assert_allclose(gradient, gradients["by hand"], rtol=0, atol=1e-12)
    assert set(names["after"]) == {"scikit-learn", "sknn_suite"}
    for new in names["after"].values():
        assert round(new, 7) == 0.1792711
    w5, step = names["w5"], names["RATE"] * names["gradient"]
    assert round(w5 + step, 7) == 0.1807289
    error = names["error"]
    assert error(w5 - step) < error(w5) < error(w5 + step)


@pytest.mark.slow
def test_rbm_pretraining_copies_the_first_layer_and_helps_with_few_labels(run):
    names = run("rbm_pretraining")
    rbm, carrier = names["rbm"], names["carrier"]
    np.testing.assert_array_equal(carrier.coefs_[0], rbm[-1].components_.T)
    assert names["matched"] == ["linears.0.weight", "linears.0.bias"]
    # With the first layer fixed, the hidden units are those of the RBM.
    fixed = names["networks"](carrier)["RBM, first fixed"]
    X = rbm[0].transform(names["X_train"][names["rows"]])
    fixed.fit(X, names["y_train"][names["rows"]])
    np.testing.assert_array_equal(fixed.coefs_[0], rbm[-1].components_.T)
    few = names["gain"].mean(axis=0)[0]
    assert few > 0
