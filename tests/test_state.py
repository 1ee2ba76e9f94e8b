"""State that travels: no torch object in it, and it opens anywhere."""

import copy
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

CONFIGURATIONS = [
    {},
    {"solver": "sgd", "learning_rate": "adaptive"},
    {"solver": "lbfgs"},
    {"dropout": 0.2, "batch_norm": True, "early_stopping": True},
    {"activation": "prelu", "warm_start": True},
    {"precision": "bfloat16", "averaging": "ema"},
]


def objects_in(thing, path="state", seen=None):
    """Yield everything that a state holds, with the way to it."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield path, thing
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from objects_in(key, f"{path} key", seen)
            yield from objects_in(value, f"{path}[{key!r}]", seen)
    elif isinstance(thing, list | tuple | set):
        for i, value in enumerate(thing):
            yield from objects_in(value, f"{path}[{i}]", seen)
    elif not isinstance(thing, type) and hasattr(thing, "__dict__"):
        state = thing.__getstate__() if hasattr(thing, "__getstate__") else vars(thing)
        yield from objects_in(state, f"{path}.", seen)


def package_of(thing):
    kind = thing if isinstance(thing, type) else type(thing)
    return kind.__module__.partition(".")[0]


@pytest.fixture(params=CONFIGURATIONS, ids=str)
def model(request, estimator_class, rows):
    """Fit one configuration for a few epochs, and ask it once."""
    model = estimator_class(
        hidden_layer_sizes=(6, 4), max_iter=4, random_state=0, **request.param
    )
    model.fit(*rows)
    model.predict(rows.X)
    return model


def test_state_holds_no_object_of_torch_or_skorch(model):
    found = [
        (path, type(thing))
        for path, thing in objects_in(model.__getstate__())
        if package_of(thing) in {"torch", "skorch"}
    ]
    assert found == []


def test_a_pickle_names_no_global_of_torch_or_skorch(model):
    for opened in (pickle.dumps(model), pickle.dumps(copy.deepcopy(model))):
        assert b"torch" not in opened
        assert b"skorch" not in opened


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_model_predicts_the_same_bits(model, rows, scores_of, protocol):
    opened = pickle.loads(pickle.dumps(model, protocol=protocol))
    np.testing.assert_array_equal(scores_of(opened, rows.X), scores_of(model, rows.X))


def test_joblib_and_deepcopy_keep_the_bits(model, rows, scores_of, tmp_path):
    expected = scores_of(model, rows.X)
    joblib.dump(model, tmp_path / "model.joblib")
    for opened in (
        joblib.load(tmp_path / "model.joblib"),
        joblib.load(_dumped_raw(model, tmp_path), mmap_mode="r"),
        copy.deepcopy(model),
    ):
        np.testing.assert_array_equal(scores_of(opened, rows.X), expected)


def _dumped_raw(model, folder):
    joblib.dump(model, folder / "raw.joblib", compress=False)
    return folder / "raw.joblib"


def test_a_copy_does_not_share_weights_with_its_original(model, rows, scores_of):
    expected = scores_of(model, rows.X)
    twin = copy.deepcopy(model)
    for weights in twin._fitted_net().weights.values():
        weights *= 0
    np.testing.assert_array_equal(scores_of(model, rows.X), expected)
    assert not np.array_equal(scores_of(twin, rows.X), expected)


def test_a_clone_has_the_parameters_and_nothing_fitted(model):
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not [name for name in vars(twin) if name.endswith("_")]


def test_training_goes_on_alike_from_a_pickle(estimator_class, rows, scores_of):
    model = estimator_class(
        hidden_layer_sizes=(6,),
        max_iter=3,
        batch_size=32,
        dropout=0.1,
        warm_start=True,
        random_state=0,
    ).fit(*rows)
    opened = pickle.loads(pickle.dumps(model))
    for continued in (model, opened):
        continued.fit(*rows)
        continued.partial_fit(*rows)
    np.testing.assert_array_equal(scores_of(opened, rows.X), scores_of(model, rows.X))


OPEN_ELSEWHERE = """
import pickle, sys
import numpy as np
import torch

torch.cuda.device_count = lambda: 0  # whatever this machine has, hide it
model, X, expected = pickle.load(open(sys.argv[1], "rb"))
assert model.device == "cuda"
np.testing.assert_array_equal(model.predict(X), expected)
"""


def test_a_model_of_a_gpu_opens_where_there_is_none(estimator_class, rows, tmp_path):
    model = estimator_class(hidden_layer_sizes=(6,), max_iter=3, random_state=0)
    model.fit(*rows)
    expected = model.predict(rows.X)
    model.set_params(device="cuda")
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps((model, rows.X, expected)))
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ELSEWHERE, str(path)],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_pickle_is_hardly_larger_than_the_weights(public_class, rows, early_stopping):
    model = public_class(max_iter=2, random_state=0)
    own = model.get_params()
    if "early_stopping" in own:
        model.set_params(early_stopping=early_stopping)
    sizes = {"hidden_layer_sizes": (200, 200), "hidden_sizes": (60, 60)}
    model.set_params(**{name: size for name, size in sizes.items() if name in own})
    model.fit(*rows)
    weights = sum(array.nbytes for array in model._fitted_net().weights.values())
    assert weights > 100_000
    assert len(pickle.dumps(model)) <= 1.2 * weights + 60_000
    if "warm_start" not in own:
        return
    # What a later call goes on from is kept where it is wanted.
    model.set_params(warm_start=True)
    assert len(pickle.dumps(model)) > 1.8 * weights
