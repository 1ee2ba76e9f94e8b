"""
Out-of-fold probabilities, a threshold, a stack
===============================================

Afterwards you can classify raw texts as in a Kaggle competition. You predict each
training text with a model that was not trained on it, choose a threshold from these
probabilities, and stack the network with a linear model.
"""

# %%
# Sentences from installed packages
# ---------------------------------
# The texts are sentences from the docstrings of installed packages. The smaller class
# is numpy; its name is removed from the texts. Nothing is downloaded.

import numpy as np
from sklearn.ensemble import StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline

from sknn_suite import TextRNNClassifier
from sknn_suite.datasets import load_docstrings
from sknn_suite.plotting import PredictionGallery, TokenAttentionDisplay

X, y = load_docstrings(max_files=60)
is_numpy = (y == "numpy").astype(int)
X, X_test, y, y_test = train_test_split(
    X, is_numpy, train_size=900, test_size=600, stratify=is_numpy, random_state=0
)
print(f"{len(X)} sentences, {y.mean():.0%} of them numpy's")

# %%
# Out-of-fold probabilities
# -------------------------

model = TextRNNClassifier(max_iter=4, random_state=0)
proba = cross_val_predict(model, X, y, cv=5, method="predict_proba")[:, 1]
print(f"average precision out of fold: {average_precision_score(y, proba):.3f}")

# %%
# A threshold for F1
# ------------------

precision, recall, thresholds = precision_recall_curve(y, proba)
f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
threshold = thresholds[f1[:-1].argmax()]
scores = model.fit(X, y).predict_proba(X_test)[:, 1]
print(f"F1 at 0.5: {f1_score(y_test, scores > 0.5):.3f}")
print(f"F1 at {threshold:.2f}: {f1_score(y_test, scores > threshold):.3f}")

# %%
# A comparison and a stack with a linear model
# --------------------------------------------

linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10))
stack = StackingClassifier([("network", model), ("linear", linear)], cv=3)
models = {
    "sknn_suite": model,
    "scikit-learn": linear.fit(X, y),
    "both, stacked": stack.fit(X, y),
}
for name, each in models.items():
    precise = average_precision_score(y_test, each.predict_proba(X_test)[:, 1])
    print(f"average precision on held-out sentences, {name}: {precise:.3f}")

# %%
# Which words the network attends to
# ----------------------------------

numpys = np.flatnonzero(y_test == 1)[:3]
_ = TokenAttentionDisplay.from_estimator(model, X_test[numpys], y_test[numpys])

# %%
# The labels of the most confident mistakes are worth checking.

_ = PredictionGallery.from_estimator(model, X_test, y_test, n_per_class=3)
