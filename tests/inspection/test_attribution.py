"""Which pixels a prediction rests on."""

import numpy as np
import pytest

from sknn_suite import CNNClassifier
from sknn_suite.inspection import attribute_pixels, maximize_activation
from sknn_suite.inspection._module import own_module


@pytest.fixture(scope="module")
def squares():
    """Noise with a bright square at the left or at the right, and a model of it."""
    random = np.random.RandomState(0)
    y = np.arange(120) % 2
    X = random.randint(0, 60, (120, 16, 16)).astype(np.uint8)
    for image, right in zip(X, y):
        image[5:11, 10 * right : 10 * right + 6] = 230
    model = CNNClassifier(
        [(8, 3, 1, 1), "pool", (8, 3, 1, 1), "pool", 16],
        max_iter=10,
        solver="adam",
        augment=None,
        random_state=0,
    )
    return model.fit(X, y), X, y


@pytest.mark.parametrize("method", ["grad_cam", "saliency"])
def test_the_square_is_what_a_prediction_rests_on(squares, method):
    pytest.importorskip("captum", reason="Captum is not installed")
    model, X, y = squares
    assert model.score(X, y) == 1
    before = model.predict_proba(X)
    heat = attribute_pixels(model, X, method=method)
    assert heat.shape == X.shape
    assert (heat >= 0).all()
    inside = X == 230
    assert heat[inside].mean() > heat[~inside].mean()
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_another_class_can_be_explained(squares):
    pytest.importorskip("captum", reason="Captum is not installed")
    model, X, _ = squares
    heat = [attribute_pixels(model, X[:9], target=label) for label in (0, 1)]
    assert not np.allclose(*heat)


def test_attributions_refuse_what_they_do_not_know(squares):
    pytest.importorskip("captum", reason="Captum is not installed")
    model, X, _ = squares
    with pytest.raises(ValueError, match="method='lime' is unknown"):
        attribute_pixels(model, X, method="lime")
    with pytest.raises(ValueError, match="layer='conv9' is not part"):
        attribute_pixels(model, X, layer="conv9")


def test_an_image_is_made_to_which_a_unit_answers(squares):
    model, _, _ = squares
    image = maximize_activation(model, n_steps=60)
    assert image.shape == (16, 16, 1)
    assert image.min() == 0
    assert image.max() == 1
    right = (255 * image[..., 0]).astype(np.uint8)[None]
    assert model.predict(right)[0] == 1
    with pytest.raises(ValueError, match="unit=7 is not one of the layer's 1 units"):
        maximize_activation(model, unit=7)


def test_only_classes_of_the_fit_are_explained(squares):
    pytest.importorskip("captum", reason="Captum is not installed")
    model, X, y = squares
    with pytest.raises(ValueError, match="target=99 is not a class that fit has seen"):
        attribute_pixels(model, X[:2], target=99)
    with pytest.raises(ValueError, match="target=7 is not a class"):
        attribute_pixels(model, X[:3], target=[0, 7, 1])
    with pytest.raises(ValueError, match=r"target has the shape \(2,\) for 3 images"):
        attribute_pixels(model, X[:3], target=[0, 1])
    own = attribute_pixels(model, X[:3], target=y[:3])
    np.testing.assert_allclose(own, attribute_pixels(model, X[:3]))


def test_of_several_labels_a_row_one_is_explained():
    pytest.importorskip("captum", reason="Captum is not installed")
    X = np.random.RandomState(0).uniform(size=(30, 8, 8))
    y = np.stack([np.arange(30) % 2, np.arange(30) % 3 == 0], axis=1).astype(int)
    model = CNNClassifier([(4, 3)], max_iter=2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="target is None, but rows may have several"):
        attribute_pixels(model, X[:2])
    heat = [attribute_pixels(model, X[:4], target=k) for k in (0, 1)]
    assert not np.allclose(*heat)


def test_a_layer_without_maps_is_refused(squares):
    pytest.importorskip("captum", reason="Captum is not installed")
    model, X, _ = squares
    with pytest.raises(ValueError, match=r"layer='layers\.\d+' does not output maps"):
        attribute_pixels(model, X[:2], layer=own_module(model).head_name)


def test_a_unit_is_a_number_and_a_step_is_taken(squares):
    model, _, _ = squares
    for options in ({"unit": -1}, {"unit": 0.5}, {"n_steps": 0}, {"n_steps": True}):
        with pytest.raises(ValueError, match="is not valid"):
            maximize_activation(model, **options)
