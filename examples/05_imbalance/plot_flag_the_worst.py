"""
Flag the two hundred worst
==========================

Afterwards you can let a classifier flag as many rows as somebody has time to look at,
or as many as are worth the look, without a second fit.
"""

# %%
# Payments, one in a hundred a fraud
# ----------------------------------
# 10,000 payments come in a day, and a team can look at 200 of them. A threshold of 0.5
# knows neither the team, nor what a fraud costs that nobody has seen.
import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier

from sknn_suite import MLPClassifier
from sknn_suite.decision import Capacity
from sknn_suite.plotting import ThresholdCurveDisplay

payments, fraud = make_classification(
    16_000,
    n_features=8,
    n_informative=4,
    weights=[0.99],
    class_sep=0.8,
    flip_y=0.004,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    payments, fraud, test_size=10_000, stratify=fraud, random_state=0
)

# %%
# One network, four decisions
# ---------------------------
# Early stopping holds validation rows out, and these choose the threshold. So our four
# networks have the same weights, bit by bit; only `predict` differs. The capacity names
# the rows of a day, and the threshold flags the same share of validation rows.
# scikit-learn's tuned threshold fits four networks, one for each fold and one more.
SETTINGS = {
    "hidden_layer_sizes": (16,),
    "early_stopping": True,
    "validation_fraction": 0.3,
    "random_state": 0,
}
DECISIONS = {
    "the most probable class": None,
    "the best F1": "f1",
    "200 of 10,000": Capacity(200, out_of=10_000),
    "a miss costs 50": [[0, 1], [50, 0]],
}
models = {
    ("sknn_suite", name): MLPClassifier(**SETTINGS, decision_threshold=wanted)
    for name, wanted in DECISIONS.items()
}
plain = PlainMLPClassifier(**SETTINGS)
models["scikit-learn", "the most probable class"] = plain
models["scikit-learn", "the best F1"] = TunedThresholdClassifierCV(
    plain, scoring="f1", cv=3
)

print(f"{'package':14} {'decision':24} {'flagged':>8} {'precision':>10} {'recall':>8}")
for (package, name), model in models.items():
    found = model.fit(X_train, y_train).predict(X_test)
    precision = precision_score(y_test, found, zero_division=0)
    recall = recall_score(y_test, found)
    print(f"{package:14} {name:24} {found.sum():8} {precision:10.2f} {recall:8.2f}")

# %%
# Exactly two hundred
# -------------------
# A threshold flags about as many rows as it did on the validation rows. For exactly so
# many of the rows at hand, ask for those with the highest probabilities.
today = models["sknn_suite", "200 of 10,000"]
worst = Capacity(200).flag(today.predict_proba(X_test)[:, 1])
print(f"flagged {worst.sum()}, of which {y_test[worst].sum()} are frauds")

# %%
# What each threshold would do
# ----------------------------
# Left: precision, recall and the share of flagged rows on the test rows; the line is at
# the threshold for the capacity. Right: the same with the cost per payment, and the
# threshold that the validation rows chose for it. The red curve is lowest where the
# threshold would have been cheapest on the test rows.
_, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
ThresholdCurveDisplay.from_estimator(
    today, X_test, y_test, scoring=Capacity(200), ax=left
)
left.set_title("200 of 10,000", loc="left")
costly = models["sknn_suite", "a miss costs 50"]
ThresholdCurveDisplay.from_estimator(
    costly, X_test, y_test, scoring=[[0, 1], [50, 0]], ax=right
)
right.set_title("a miss costs 50", loc="left")
plt.show()
