"""Displays of texts: what they hold, and what they draw."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sknn_suite import TextRNNClassifier
from sknn_suite.plotting import PredictionGallery, TokenAttentionDisplay


@pytest.fixture
def model(texts):
    return TextRNNClassifier(hidden_sizes=8, max_iter=3, random_state=0).fit(*texts)


def axes():
    return Figure().subplots()


def test_attention_paints_every_token(model, texts):
    X, y = texts
    display = TokenAttentionDisplay.from_estimator(model, X[:3], y[:3], ax=axes())
    n_tokens = sum(map(len, display.tokens))
    assert len(display.ax_.texts) == n_tokens + 3  # and a title for each
    assert display.to_html().count("<span") == n_tokens


def test_attention_escapes_markup():
    display = TokenAttentionDisplay(tokens=[[("<b>", 1.0)]])
    assert "&lt;b&gt;" in display.to_html()
    display.plot(axes())
    assert display._repr_html_() == display.to_html()


def test_long_texts_are_broken_into_lines():
    tokens = [[("word", 0.01)] * 100]
    display = TokenAttentionDisplay(tokens=tokens).plot(axes())
    assert len({text.get_position()[1] for text in display.ax_.texts}) > 5


def test_mistakes_come_by_confidence(model, texts):
    X, y = texts
    wrong = (y + 1) % 3
    gallery = PredictionGallery.from_estimator(model, X, wrong, n_rows=5, ax=axes())
    assert (gallery.predicted != gallery.y).all()
    assert (np.diff(gallery.proba) <= 0).all()
    assert gallery.texts == [X[i] for i in gallery.rows]


def test_uncertain_rows_need_no_labels(model, texts):
    gallery = PredictionGallery.from_estimator(
        model, texts.X, show="uncertain", n_rows=3, ax=axes()
    )
    least = model.predict_proba(texts.X).max(axis=1).min()
    assert gallery.proba[0] < least + 0.1


def test_mistakes_without_labels_are_refused(model, texts):
    with pytest.raises(ValueError, match="chooses no rows"):
        PredictionGallery.from_estimator(model, texts.X)
