"""
Twenty-five needles in ten thousand rows
========================================

Afterwards you can find rows in which each number is usual but the combination is not,
and choose a threshold by looking at the scores.
"""

# %%
# Rows of time stamps
# -------------------
# Each row holds fifty unsorted epoch seconds from one year. In twenty-five of ten
# thousand rows, all fifty fall within four hours. There are no labels, no scaling, no
# sorting and no handmade features.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

from sknn_suite import AutoencoderDetector, VAEDetector
from sknn_suite.datasets import make_bursty_timestamps
from sknn_suite.plotting import AnomalyScoreDisplay

X, y = make_bursty_timestamps(random_state=0)
share = y.mean()

# %%
# Four detectors, the same calls
# ------------------------------
# All have scikit-learn's API: -1 is an outlier, 1 is not.


class Residual(PCA):
    """The reconstruction error of PCA, as a detector."""

    def score_samples(self, X):
        return -np.square(X - self.inverse_transform(self.transform(X))).sum(axis=1)


def predict(model):
    """Label as many outliers as there are needles."""
    if hasattr(model, "predict"):
        return model.predict(X)
    scores = model.score_samples(X)
    return np.where(scores < np.quantile(scores, share), -1, 1)


models = {
    ("scikit-learn", "IsolationForest"): IsolationForest(
        contamination=share, random_state=0
    ),
    ("scikit-learn", "PCA, error"): Residual(8, random_state=0),
    ("sknn_suite", "AutoencoderDetector"): AutoencoderDetector(
        contamination=share, random_state=0
    ),
    ("sknn_suite", "VAEDetector"): VAEDetector(contamination=share, random_state=0),
}
for (package, name), model in models.items():
    found = predict(model.fit(X)) == -1
    print(f"{package:13} {name:20} {(found & (y == 1)).sum():2} of {y.sum()} needles")

# %%
# Why they are found
# ------------------
# All numbers of a needle follow from one of them, so the model explains it far better
# than a usual row. The score is low for rows that are explained too badly or too well.
# The gap in the scores shows a safe threshold, even if you do not know the number of
# needles.
_, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
shown = (("scikit-learn", "IsolationForest"), ("sknn_suite", "VAEDetector"))
for ax, key in zip(axes, shown):
    AnomalyScoreDisplay.from_estimator(models[key], X, y, ax=ax, name=key[1])
plt.show()

# %%
vae = models["sknn_suite", "VAEDetector"].set_contamination("auto")
print(f"threshold set by the scores alone: {(vae.predict(X) == -1).sum()} rows")
