"""Displays and inspection of every family: they work, or say why they cannot."""

import re

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import sknn_suite
from sknn_suite import diagnose, find_learning_rate, summary
from sknn_suite.inspection import attribute_pixels, maximize_activation
from sknn_suite.plotting import (
    AnomalyScoreDisplay,
    FilterDisplay,
    LatentSpaceDisplay,
    LearningRateDisplay,
    LossCurveDisplay,
    PredictionGallery,
    ReconstructionDisplay,
    ThresholdCurveDisplay,
    TokenAttentionDisplay,
)

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")

pytestmark = [
    # One epoch is enough here, and so are a few steps of a range test.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The loss falls most steeply"),
]

ALL = [name for name in sknn_suite.__all__ if name[0].isupper()]
DETECTORS = ["AutoencoderDetector", "VAEDetector"]
CLASSIFIERS = [name for name in ALL if name.endswith("Classifier")]
IMAGES, TEXTS = ["CNNClassifier"], ["TextRNNClassifier"]
SIZES = {"MLP": "hidden_layer_sizes", "RNN": "hidden_sizes"}

# What is done, and the families of which it can be done.
USES = {
    "summary": (lambda m, X, y: summary(m), ALL),
    "diagnose": (lambda m, X, y: diagnose(m, X, y), ALL),
    "find_learning_rate": (
        lambda m, X, y: find_learning_rate(m, X, y, n_steps=3),
        ALL,
    ),
    "attribute_pixels": (
        lambda m, X, y: attribute_pixels(m, X[:2], method="saliency"),
        IMAGES,
    ),
    "maximize_activation": (lambda m, X, y: maximize_activation(m, n_steps=1), IMAGES),
    "AnomalyScoreDisplay": (
        lambda m, X, y: AnomalyScoreDisplay.from_estimator(m, X),
        DETECTORS,
    ),
    "FilterDisplay": (lambda m, X, y: FilterDisplay.from_estimator(m), IMAGES),
    "LatentSpaceDisplay": (
        lambda m, X, y: LatentSpaceDisplay.from_estimator(m, X),
        ALL,
    ),
    "LearningRateDisplay": (
        lambda m, X, y: LearningRateDisplay.from_estimator(m, X, y, n_steps=3),
        ALL,
    ),
    "LossCurveDisplay": (lambda m, X, y: LossCurveDisplay.from_estimator(m), ALL),
    "PredictionGallery": (
        lambda m, X, y: PredictionGallery.from_estimator(m, X, y),
        [*IMAGES, *TEXTS],
    ),
    "ReconstructionDisplay": (
        lambda m, X, y: ReconstructionDisplay.from_estimator(m, X[:2]),
        DETECTORS,
    ),
    "ThresholdCurveDisplay": (
        lambda m, X, y: ThresholdCurveDisplay.from_estimator(m, X, y),
        CLASSIFIERS,
    ),
    "TokenAttentionDisplay": (
        lambda m, X, y: TokenAttentionDisplay.from_estimator(m, X[:2]),
        TEXTS,
    ),
}
NEED_A_FIT = [u for u in USES if u not in ("find_learning_rate", "LearningRateDisplay")]


def make(name):
    """Return a small estimator, and twenty rows for it."""
    random, y = np.random.RandomState(0), np.arange(20) % 2
    X = random.normal(size=(20, 4)) + y[:, None]
    settings = {"max_iter": 1, "random_state": 0}
    if name == "CNNClassifier":
        settings["architecture"] = [(3, 3), "pool", 4]
        X = random.uniform(size=(20, 8, 8))
    elif name == "RNNClassifier":
        X = [random.normal(size=(3 + i % 4, 2)) for i in range(20)]
    elif name == "TextRNNClassifier":
        X = [["a dull film", "a fine one"][label] for label in y]
    parameter = next((SIZES[part] for part in SIZES if part in name), None)
    if parameter:
        settings[parameter] = 4
    return getattr(sknn_suite, name)(**settings), X, y


@pytest.fixture(scope="module")
def fitted():
    """Return each family, fitted once."""
    models = {}

    def fitted(name):
        if name not in models:
            model, X, y = make(name)
            models[name] = (model.fit(X, y), X, y)
        return models[name]

    return fitted


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def is_in_words(error):
    """Whether a message has three sentences and no private name."""
    said = str(error)
    sentences = re.findall(r"[^.]{8,}[.](?=\s|$)", said)
    return len(sentences) >= 3 and not re.search(r"[^\w]_\w", said)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("use", USES)
def test_it_works_for_a_family_or_says_why_it_cannot(use, name, fitted):
    if use == "attribute_pixels" and name in IMAGES:
        pytest.importorskip("captum", reason="Captum is not installed")
    call, families = USES[use]
    model, X, y = fitted(name)
    if name in families:
        assert call(model, X, y) is not None
        return
    with pytest.raises(TypeError) as caught:
        call(model, X, y)
    assert is_in_words(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("use", NEED_A_FIT)
def test_what_is_not_fitted_is_refused(use):
    call, families = USES[use]
    model, X, y = make(families[0])
    with pytest.raises(NotFittedError, match="not fitted"):
        call(model, X, y)


@pytest.mark.parametrize(
    "use", ["AnomalyScoreDisplay", "LatentSpaceDisplay", "ThresholdCurveDisplay"]
)
@pytest.mark.parametrize("n", [7, 25])
def test_a_target_of_another_length_is_refused(use, n, fitted):
    model, X, _ = fitted(USES[use][1][0])
    display = {d.__name__: d for d in (AnomalyScoreDisplay, LatentSpaceDisplay)}.get(
        use, ThresholdCurveDisplay
    )
    with pytest.raises(ValueError, match=f"y has {n} values for 20 rows") as caught:
        display.from_estimator(model, X, np.arange(n) % 2)
    assert is_in_words(caught.value)


def test_titles_of_attention_are_those_of_the_rows(fitted):
    model, X, _ = fitted("TextRNNClassifier")
    with pytest.raises(ValueError, match="y has 1 values for 3 rows"):
        TokenAttentionDisplay.from_estimator(model, X[:3], [0])


@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_a_gallery_shows_one_row_or_more(n, fitted):
    with pytest.raises(ValueError, match=f"n_per_class={n!r} leaves nothing") as caught:
        PredictionGallery.from_estimator(*fitted("CNNClassifier"), n_per_class=n)
    assert is_in_words(caught.value)


@pytest.mark.parametrize("n", [0, -3, 1.5])
def test_a_range_test_takes_a_step_or_more(n, labels):
    with pytest.raises(
        ValueError, match=f"n_steps={n!r} is not a number of updates"
    ) as caught:
        find_learning_rate(sknn_suite.MLPClassifier(), *labels, n_steps=n)
    assert is_in_words(caught.value)
    assert len(find_learning_rate(sknn_suite.MLPClassifier(), *labels, n_steps=1).rates)
