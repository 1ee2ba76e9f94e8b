"""
Swap one import
===============

Afterwards you can move a script from scikit-learn's MLP to this one by changing one
import. The example shows what stays the same (the model) and what changes (the time).
"""

# %%
# Two imports, one script
# -----------------------
# Everything below this cell is the same for both classes: the same parameters, the same
# data, the same seed.
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknn_suite import MLPClassifier
from sknn_suite.plotting import LossCurveDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

# %%
# Fit both
# --------
# Both are fitted three times, in turns, with one thread. The table shows the median
# time, because one measurement is not reliable on a computer that runs other programs.
classes = {"scikit-learn": PlainMLPClassifier, "sknn_suite": MLPClassifier}
models, seconds = {}, {name: [] for name in classes}
for _ in range(3):
    for name, mlp in classes.items():
        models[name] = make_pipeline(
            StandardScaler(), mlp((50,), max_iter=500, random_state=0)
        )
        started = time.perf_counter()
        with threadpool_limits(limits=1):
            models[name].fit(X_train, y_train)
        seconds[name].append(time.perf_counter() - started)

print("package         accuracy   log-loss   epochs   seconds")
for name, model in models.items():
    proba = model.predict_proba(X_test)
    print(
        f"{name:14} {model.score(X_test, y_test):9.4f} {log_loss(y_test, proba):10.4f}"
        f" {model[-1].n_iter_:8} {np.median(seconds[name]):9.2f}"
    )

# %%
# The same steps
# --------------
# With the same seed, both start from the same weights and use the same batches. So both
# follow the same loss curve, and only rounding differs in the end.
_, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
styles = {"scikit-learn": {"linewidth": 6, "alpha": 0.4}, "sknn_suite": {}}
for name, style in styles.items():
    LossCurveDisplay.from_estimator(
        models[name], ax=ax, name=name, log_scale=True, line_kw=style
    )
ax.set_title("Digits: one seed, one curve", loc="left")
plt.show()

apart = np.abs(
    models["sknn_suite"].predict_proba(X_test)
    - models["scikit-learn"].predict_proba(X_test)
)
print(f"largest difference of two probabilities: {apart.max():.1e}")

# %%
# What the swap adds
# ------------------
# The next model uses new parameters: dropout, another activation, and a history with
# the validation loss, which shows when the model begins to overfit. A tenth of the rows
# is used for validation, and the weights of the best epoch are kept.
richer = make_pipeline(
    StandardScaler(),
    MLPClassifier(
        (200,),
        activation="silu",
        dropout=0.3,
        early_stopping=True,
        n_iter_no_change=30,
        max_iter=300,
        random_state=0,
    ),
).fit(X_train, y_train)
display = LossCurveDisplay.from_estimator(richer)
display.ax_.set_title("Digits: dropout and early stopping", loc="left")
plt.show()
proba = richer.predict_proba(X_test)
print(
    f"accuracy {richer.score(X_test, y_test):.4f}, "
    f"log-loss {log_loss(y_test, proba):.4f}, {richer[-1].n_iter_} epochs"
)
