"""
Class weights and focal loss
============================

Afterwards you know what class weights and focal loss do to precision, recall and
probabilities, and can choose one of them, or neither, for a rare class.
"""

# %%
# One row in twenty is positive
# -----------------------------
# The classes overlap, and one label in fifty is random. So no model finds all positives
# without false alarms.
import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import (
    PrecisionRecallDisplay,
    average_precision_score,
    log_loss,
    precision_score,
    recall_score,
)
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier

X, y = make_classification(
    n_samples=6_000,
    n_informative=6,
    n_redundant=0,
    weights=[0.95],
    flip_y=0.02,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, random_state=0, stratify=y
)
print(f"{y_test.sum()} of {len(y_test):,} test rows are positive")

# %%
# Four models
# -----------
# scikit-learn's MLP has no `class_weight` and no focal loss. `"balanced"` gives both
# classes the same total weight. The focal loss gives less weight to rows that are
# already predicted well.
same = {"hidden_layer_sizes": (32,), "alpha": 1.0, "max_iter": 500, "random_state": 0}
networks = {
    "scikit-learn": PlainMLPClassifier(**same),
    "sknn_suite": MLPClassifier(**same),
    "class weights": MLPClassifier(**same, class_weight="balanced"),
    "focal loss": MLPClassifier(**same, loss="focal"),
}
probabilities = {}
print("                average precision   precision   recall   log-loss")
for name, network in networks.items():
    model = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
    proba = probabilities[name] = model.predict_proba(X_test)[:, 1]
    found = model.predict(X_test)
    print(
        f"{name:14} {average_precision_score(y_test, proba):18.3f}"
        f" {precision_score(y_test, found):11.3f} {recall_score(y_test, found):8.3f}"
        f" {log_loss(y_test, proba):10.3f}"
    )

# %%
# Ranking and calibration
# -----------------------
# Left: neither class weights nor focal loss rank the rows better. They change the
# decision. A dot marks the default threshold of 0.5; class weights move it to high
# recall and low precision. Right: the price is calibration. Probabilities with class
# weights are far too high, and those with focal loss are too close to 0.5. Their
# log-loss is about twice that of the plain loss.
_, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
styles = {
    "scikit-learn": {"color": "C1", "linewidth": 6, "alpha": 0.4},
    "sknn_suite": {"color": "C0"},
    "class weights": {"color": "C2"},
    "focal loss": {"color": "C3"},
}
for name, proba in probabilities.items():
    style = styles[name]
    PrecisionRecallDisplay.from_predictions(
        y_test, proba, name=name, ax=left, curve_kwargs=style
    )
    found = proba >= 0.5
    left.plot(
        recall_score(y_test, found),
        precision_score(y_test, found),
        "o",
        color=style["color"],
        markersize=9,
    )
    CalibrationDisplay.from_predictions(
        y_test, proba, n_bins=6, name=name, ax=right, **style
    )
left.set(title="Precision and recall", xlabel="recall", ylabel="precision")
left.legend(loc="lower left", frameon=False)
right.get_legend().remove()  # the colours are those on the left
right.set(
    title="Calibration",
    xlabel="mean predicted probability",
    ylabel="fraction of positives",
)
plt.show()

# %%
# Which one to use
# ----------------
# Use the plain loss when you need probabilities, and move the threshold. Use class
# weights when a later step decides at 0.5 and missed positives are expensive. Try focal
# loss when training spends its effort on rows that are already predicted well.
