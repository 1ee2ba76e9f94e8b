"""
Find intrusions in a table of words and numbers
===============================================

Afterwards you can put a detector behind a ColumnTransformer, search its parameters with
a few labels, move its threshold without a new fit, and see why a row is unusual.
"""

# %%
# Connections to a few servers
# ----------------------------
# A row is one connection: words (protocol, service, flag) and numbers. One in fifty is
# an intrusion. A scan gets many rejected connections. A flood sends tiny packets at a
# high rate. An upload sends much over a service that usually receives: each of its
# numbers is usual, but not for this service.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from sknn_suite import AutoencoderDetector

source = np.random.RandomState(0)
# Service: protocol, usual bytes sent and received, seconds.
SERVICES = {
    "http": ("tcp", 300, 5_000, 0.5),
    "dns": ("udp", 60, 120, 0.01),
    "smtp": ("tcp", 8_000, 300, 2.0),
    "ftp_data": ("tcp", 100, 50_000, 5.0),
}


def make_connections(n_samples):
    """Make connections, and -1 for intrusions or 1."""
    service = source.choice([*SERVICES], n_samples, p=[0.5, 0.3, 0.15, 0.05])
    table = [SERVICES[name] for name in service]
    usual = np.array([numbers for _, *numbers in table])
    numbers = usual * source.lognormal(0, 0.5, usual.shape)
    frame = pd.DataFrame(numbers, columns=["sent", "received", "seconds"])
    frame.insert(0, "protocol", [protocol for protocol, *_ in table])
    frame.insert(1, "service", service)
    frame.insert(2, "flag", source.choice(["ok", "reset"], n_samples, p=[0.97, 0.03]))
    frame["per_minute"] = source.lognormal(1, 0.7, n_samples)
    kinds, shares = ["", "scan", "flood", "upload"], [0.98, 0.007, 0.007, 0.006]
    kind = source.choice(kinds, n_samples, p=shares)
    scan, flood, upload = (kind == name for name in ("scan", "flood", "upload"))
    frame.loc[scan, "flag"] = source.choice(["rejected", "reset"], scan.sum())
    frame.loc[scan, "per_minute"] *= 5
    frame.loc[flood, "per_minute"] *= 15
    frame.loc[flood, "sent"] = source.uniform(20, 60, flood.sum())
    frame.loc[upload, "service"] = source.choice(["http", "ftp_data"], upload.sum())
    frame.loc[upload, "protocol"] = "tcp"
    frame.loc[upload, "sent"] = 10_000 * source.lognormal(0, 0.5, upload.sum())
    return frame, np.where(kind == "", 1, -1), kind


X, y, kind = make_connections(6_000)
X, X_test, y, y_test, _, kind_test = train_test_split(X, y, kind, random_state=0)

# %%
# One pipeline for words and numbers
# ----------------------------------
# The detector scales its rows itself. The logarithm is for numbers that differ by
# factors. One-hot columns may stay sparse.
WORDS = ["protocol", "service", "flag"]
NUMBERS = ["sent", "received", "seconds", "per_minute"]


def make_model(detector):
    """Put a detector behind the encoding of its columns."""
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), WORDS),
        (FunctionTransformer(np.log1p, feature_names_out="one-to-one"), NUMBERS),
    )
    return make_pipeline(columns, detector)


models = {
    "scikit-learn": make_model(IsolationForest(random_state=0)),
    "sknn_suite": make_model(AutoencoderDetector(random_state=0)),
}
for package, model in models.items():
    oddness = -model.fit(X).score_samples(X_test)
    score = average_precision_score(y_test == -1, oddness)
    print(f"{package:13} average precision {score:.2f}")

# %%
# A search with labels
# --------------------
# ``fit`` ignores ``y``; only the scorer reads it. For scikit-learn's scorers a larger
# decision means the larger label, so labels are as ``predict`` gives them: -1 for
# outliers, 1 for others. The folds are stratified, since a fold without an outlier has
# no score.
model = models["sknn_suite"]
folds = StratifiedKFold(3, shuffle=True, random_state=0)
grid = {"autoencoderdetector__score_method": ["auto", "reconstruction", "likelihood"]}
search = GridSearchCV(model, grid, scoring="roc_auc", cv=folds).fit(X, y)
model = search.best_estimator_
score = average_precision_score(y_test == -1, -model.score_samples(X_test))
print(f"{search.best_params_}: average precision {score:.2f}")

# %%
# The threshold moves without a new fit
# -------------------------------------
for share in (0.01, 0.02, 0.04):
    model.set_params(autoencoderdetector__contamination=share)
    found = model.predict(X_test) == -1
    right = (found & (y_test == -1)).sum()
    print(f"contamination {share}: {found.sum():3} alarms, {right} of them right")

# %%
# Which column gave it away
# -------------------------
# A word is several one-hot columns. ``groups`` sums them: the names that the encoding
# gives to its features say which of them belong together.
encoding, detector = model[:-1], model[-1]
scores = detector.feature_scores(encoding.transform(X_test), groups=encoding)
scores = pd.DataFrame(scores, columns=X.columns, index=kind_test)
shown = scores.groupby(level=0).mean().drop("") - scores.loc[""].mean()
ax = shown.T.plot.barh(figsize=(7, 4.5))
ax.set(xlabel="contribution above that of usual rows", title="Why rows are unusual")
ax.figure.tight_layout()
plt.show()
