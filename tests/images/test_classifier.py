"""CNNClassifier: what images may come as, and what comes out."""

import copy
import pickle

import numpy as np
import pytest
import torch
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampler_pipeline
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import CNNClassifier
from sknn_suite.exceptions import DataError

QUICK = {"max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    """600 digits of 8 x 8 pixels, flat, in [0, 16]."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X[:600], y[:600], random_state=0, stratify=y[:600])


# -- the same images in other arrays -------------------------------------------------


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def containers(X):
    """Make the same pixels as other arrays, with the parameters that they need."""
    last = {"data_format": "channels_first"}
    as_floats = X.astype(np.float64) / 255
    return {
        "list of arrays": (list(X), {}),
        "int64": (X.astype(np.int64), {}),
        "read-only": (read_only(X), {}),
        "Fortran order": (np.asfortranarray(X), {}),
        "torch": (torch.from_numpy(X), {}),
        "channels first": (np.moveaxis(X, 3, 1), last),
        "flat": (X.reshape(len(X), -1), {"image_shape": X.shape[1:]}),
        "flat floats": (
            X.reshape(len(X), -1).astype(np.float64),
            {"image_shape": X.shape[1:]},
        ),
        "floats in [0, 1]": (as_floats, {}),
    }


@pytest.mark.parametrize("kind", containers(np.zeros((2, 2, 2, 1), np.uint8)))
def test_the_same_pixels_in_another_array_give_the_same_predictions(colour, kind):
    X, params = containers(colour.X)[kind]
    # Pixels of another unit are rounded in another way, and training makes ten thousand
    # times as much of it: adaptive steps follow the sign even of gradients that are
    # nothing but rounding. In float64 that leaves ten digits, in float32 two.
    model = CNNClassifier(**QUICK, augment=None, precision="float64")
    expected = model.fit(*colour).predict_proba(colour.X)
    found = model.set_params(**params).fit(X, colour.y).predict_proba(X)
    tolerance = 1e-9 if "floats" in kind else 0
    np.testing.assert_allclose(found, expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_pixels_of_any_unit_are_scaled_to_the_same_numbers(colour, dtype):
    def scaled(X):
        encoder = CNNClassifier(**QUICK, augment=None).fit(X, colour.y)._net.encoder
        return (X.astype(np.float64) - encoder.center_) / encoder.scale_

    # A pixel in [0, 1] is rounded by half the type's precision, and a deviation is a
    # quarter of that range or so; a mean is rounded once per pixel, in float64.
    rounding = np.finfo(np.float64).eps * colour.X.size
    np.testing.assert_allclose(
        scaled((colour.X / 255).astype(dtype)),
        scaled(colour.X),
        atol=8 * np.finfo(dtype).eps + rounding,
        rtol=0,
    )


def test_an_axis_of_one_channel_may_be_left_out(grey):
    model = CNNClassifier(**QUICK)
    expected = model.fit(*grey).predict_proba(grey.X)
    with_axis = grey.X[..., None]
    found = model.fit(with_axis, grey.y).predict_proba(with_axis)
    np.testing.assert_array_equal(found, expected)


def test_a_model_of_bytes_takes_floats_between_zero_and_one(grey):
    model = CNNClassifier(**QUICK).fit(*grey)
    expected = model.predict_proba(grey.X)
    np.testing.assert_allclose(
        model.predict_proba(grey.X.astype(np.float32) / 255), expected, atol=1e-4
    )
    np.testing.assert_array_equal(
        model.predict_proba(grey.X.reshape(120, -1)), expected
    )


def test_pixels_stay_bytes_until_the_batch(colour):
    model = CNNClassifier(**QUICK).fit(*colour)
    X = model._task(model).check_rows(colour.X)
    bundle = model._net.encoder.transform(X, torch.float32)
    assert bundle.inputs["x"].dtype == torch.uint8
    assert bundle.inputs["x"].data_ptr() == colour.X.ctypes.data
    prepared = model._net.bind(9).module.prepare(bundle.inputs["x"][:9])
    assert prepared.is_contiguous(memory_format=torch.channels_last)


def test_scaling_is_learnt_from_the_training_rows_alone(grey):
    X = grey.X.copy()
    model = CNNClassifier(**QUICK, early_stopping=True).fit(X, grey.y)
    weight = np.ones(120)
    weight[::2] = 0
    part = CNNClassifier(**QUICK).fit(X, grey.y, sample_weight=weight)
    np.testing.assert_allclose(part._net.encoder.center_, X[1::2].mean())
    np.testing.assert_allclose(part._net.encoder.scale_, X[1::2].std())
    assert model._net.encoder.center_ != X.mean()


def test_rows_without_an_image_shape_are_scaled_by_column(digits):
    X_train, X_test, y_train, y_test = digits
    model = CNNClassifier(random_state=0).fit(
        X_train * 10.0 ** (np.arange(64) % 5), y_train
    )
    assert model.image_shape_ == (1, 1, 64)
    assert model.score(X_test * 10.0 ** (np.arange(64) % 5), y_test) > 0.9


# -- labels --------------------------------------------------------------------------


def test_two_classes_and_several_labels_are_learnt(grey):
    y = grey.y == 1
    model = CNNClassifier(max_iter=40, random_state=0, augment=None).fit(grey.X, y)
    assert model.out_activation_ == "logistic"
    assert model.score(grey.X, y) > 0.9
    several = np.column_stack([grey.y == 0, grey.y == 1]).astype(int)
    model.fit(grey.X, several)
    assert model.score(grey.X, several) > 0.9


def test_partial_fit_goes_on(grey):
    model = CNNClassifier(random_state=0, augment=None)
    for _ in range(25):
        model.partial_fit(*grey, classes=[0, 1, 2])
    assert model.t_ == 25 * 120
    assert model.score(*grey) > 0.7


def test_a_warm_start_goes_on(grey):
    model = CNNClassifier(**QUICK, warm_start=True).fit(*grey)
    model.fit(*grey)
    assert len(model.history_) == 6


# -- predictions ---------------------------------------------------------------------


@pytest.mark.parametrize("n_tta", [1, 2, 5, 64])
def test_an_image_alone_is_predicted_like_the_image_in_a_batch(colour, n_tta):
    model = CNNClassifier(**QUICK, augment=["flip", "shift", "rotate90"]).fit(*colour)
    model.set_params(n_tta=n_tta)
    together = model.predict_proba(colour.X)
    alone = np.concatenate([model.predict_proba(image[None]) for image in colour.X])
    np.testing.assert_allclose(alone, together, atol=1e-4)


def test_views_average_what_training_may_show(colour):
    model = CNNClassifier(**QUICK, augment=["flip"]).fit(*colour)
    one = model.set_params(n_tta=1).decision_function(colour.X)
    mirrored = model.decision_function(colour.X[:, :, ::-1])
    both = model.set_params(n_tta=2).decision_function(colour.X)
    np.testing.assert_allclose(both, (one + mirrored) / 2, atol=1e-5)


def test_models_travel_as_pickles_without_torch(colour):
    model = CNNClassifier(**QUICK).fit(*colour)
    expected = model.predict_proba(colour.X)
    text = pickle.dumps(model)
    assert b"torch" not in text
    assert b"skorch" not in text
    for twin in (pickle.loads(text), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.predict_proba(colour.X), expected)


def test_global_generators_stay_as_they_are(colour, global_randomness):
    before = global_randomness()
    model = CNNClassifier(
        max_iter=2, augment="top_down", mixup=0.2, dropout=0.2, n_tta=3
    ).fit(*colour)
    model.predict(colour.X)
    assert global_randomness() == before


def test_the_same_seed_gives_the_same_bits(colour, scores_of):
    model = CNNClassifier(**QUICK, augment=["mixup", "cutmix", "rotation", "crop"])
    first = scores_of(model.fit(*colour), colour.X)
    np.testing.assert_array_equal(scores_of(model.fit(*colour), colour.X), first)


# -- among other tools ---------------------------------------------------------------


def test_smote_on_flat_rows_stands_before_the_network(digits):
    X_train, X_test, y_train, y_test = digits
    rare = (y_train == 8).astype(int)
    model = make_sampler_pipeline(
        SMOTE(random_state=0),
        StandardScaler(),
        CNNClassifier(image_shape=(8, 8), max_iter=12, random_state=0),
    ).fit(X_train, rare)
    trained = model[-1]
    assert trained.t_ == trained.n_iter_ * 2 * np.sum(rare == 0)
    assert model.score(X_test, y_test == 8) > 0.95


def test_grid_search_over_architecture_and_augmentation(digits):
    X_train, X_test, y_train, y_test = digits
    grid = {
        "architecture": ["resnet_small", "mlp", [(16, 3), "pool", 32]],
        "augment": [None, ["shift"], "auto"],
    }
    model = CNNClassifier(image_shape=(8, 8), max_iter=10, random_state=0)
    search = GridSearchCV(model, grid, cv=2).fit(X_train, y_train)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.score(X_test, y_test) > 0.85


def test_stacking_with_a_forest_on_flat_rows(digits):
    X_train, X_test, y_train, y_test = digits
    stack = StackingClassifier(
        [
            ("forest", RandomForestClassifier(50, random_state=0)),
            ("net", CNNClassifier(image_shape=(8, 8), max_iter=12, random_state=0)),
        ],
        cv=3,
    ).fit(X_train, y_train)
    assert stack.score(X_test, y_test) > 0.95


def test_a_scaler_may_stand_before_flat_rows(digits):
    X_train, X_test, y_train, y_test = digits
    net = CNNClassifier(image_shape=(8, 8), max_iter=12, random_state=0)
    model = make_pipeline(StandardScaler(), net).fit(X_train, y_train)
    assert model.score(X_test, y_test) > 0.85


# -- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "params", "message"),
    [
        (lambda X: X.astype(float), {}, r"floating-point pixels from 0 to \d+"),
        (lambda X: np.where(X > 200, np.nan, X / 255), {}, "contains NaN"),
        (lambda X: X.astype(int) + 100, {}, "whole numbers from"),
        (lambda X: X, {"image_shape": (9, 9, 3)}, "holds images of 16 x 16 pixels"),
        (lambda X: X.reshape(90, -1), {"image_shape": (9, 9)}, "does not fit rows of"),
        (lambda X: X, {"image_shape": (16,)}, "is no shape of images"),
        (lambda X: X, {"image_shape": (16, -16, 3)}, "is no shape of images"),
        (lambda X: np.moveaxis(X, 3, 1), {}, "looks like channels before height"),
        (lambda X: X[:, None], {}, "has 5 axes"),
        (lambda X: X[:, :0], {}, "without a pixel"),
        (lambda X: [*X[:89], X[0, :, :, 0]], {}, "images of 2 different shapes"),
        (lambda X: [*X[:89], X[0, :8]], {}, "images of 2 different shapes"),
        (lambda X: X[:80], {}, "inconsistent numbers of samples"),
    ],
)
def test_images_that_cannot_be_used_are_refused(colour, change, params, message):
    X = colour.X.copy()
    X[0, 0, 0] = 0
    model = CNNClassifier(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(change(X), colour.y)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_other_images_than_in_fit_are_refused(colour, snapshot, same_state):
    model = CNNClassifier(**QUICK).fit(*colour)
    before = snapshot(model)
    for X, message in (
        (colour.X[:, 1:], "was fitted on images of 16 x 16 pixels and 3 channels"),
        (colour.X[..., :1], "was fitted on"),
        (colour.X.astype(float), "floating-point pixels"),
        (colour.X.reshape(90, -1)[:, 1:], "is expecting 768 features"),
        (np.where(colour.X > 99, np.inf, 0.0), "infinity"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(X)
    assert same_state(snapshot(model), before)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (["tilt"], "augment holds 'tilt', which is unknown"),
        ([("shift", 2)], "a strength out of range"),
        ("tilt", "The 'augment' parameter of CNNClassifier must be"),
    ],
)
def test_augmentation_that_is_unknown_is_refused(colour, augment, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(augment=augment).fit(*colour)


def test_an_error_is_of_the_users_kind(colour):
    with pytest.raises(DataError, match="floating-point pixels"):
        CNNClassifier().fit(colour.X.astype(float), colour.y)
