"""Displays of texts: what they hold, and what they draw."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

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


def test_mistakes_come_by_confidence_and_class(model, texts):
    X, y = texts
    wrong = (y + 1) % 3
    gallery = PredictionGallery.from_estimator(
        model, X, wrong, n_per_class=4, figure=Figure()
    )
    for label, rows, predicted, probabilities, items in zip(
        gallery.classes,
        gallery.rows,
        gallery.predicted,
        gallery.probabilities,
        gallery.items,
    ):
        assert 0 < len(rows) <= 4
        assert (wrong[rows] == label).all()
        assert (predicted != label).all()
        own = model.predict_proba([X[i] for i in rows])
        lead = probabilities - own[np.arange(len(rows)), wrong[rows]]
        assert (np.diff(lead) <= 1e-12).all()
        assert items == [X[i] for i in rows]
    n_lines = sum(map(len, gallery.items))
    assert len(gallery.axes_[0, 0].texts) == 3 + 2 * n_lines


def test_a_column_of_a_table_and_a_pipeline_have_a_gallery(texts):
    pandas = pytest.importorskip("pandas")
    X, y = texts
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(X, y)
    gallery = PredictionGallery.from_estimator(
        model, pandas.Series(X), y, kind="most_correct", n_per_class=2, figure=Figure()
    )
    for label, items in zip(gallery.classes, gallery.items):
        assert [y[list(X).index(text)] for text in items] == [label] * len(items)
