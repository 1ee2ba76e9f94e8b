"""
Stack a network with a forest
=============================

Afterwards you can combine a network and a random forest in scikit-learn's
`StackingClassifier`, and judge from their mistakes whether a stack is worth it.
"""

# %%
# Two kinds of mistakes
# ---------------------
# A stack learns from out-of-fold predictions which model to trust. It helps if the
# models are about equally good but make mistakes on different rows. Here they classify
# handwritten digits at four by four pixels.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier

X, y = load_digits(return_X_y=True)
X = X.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
folds = StratifiedKFold(3, shuffle=True, random_state=0)


def make_models(mlp):
    network = make_pipeline(
        StandardScaler(),
        mlp((32,), alpha=1.0, learning_rate_init=0.01, tol=1e-3, random_state=0),
    )
    forest = RandomForestClassifier(60, random_state=0)
    stack = StackingClassifier(
        [("network", network), ("forest", forest)],
        final_estimator=LogisticRegression(C=10, max_iter=2000),
        cv=3,
    )
    return {"network": network, "forest": forest, "stack": stack}


# %%
# Each alone, and together
# ------------------------
# Every row is predicted by a model that has not seen it.
packages = {"scikit-learn": PlainMLPClassifier, "sknn_suite": MLPClassifier}
losses, wrong = {}, {}
print("                         log-loss   mistakes")
for package, mlp in packages.items():
    for name, model in make_models(mlp).items():
        proba = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
        losses[package, name] = [
            log_loss(y[test], proba[test]) for _, test in folds.split(X, y)
        ]
        wrong[package, name] = proba.argmax(axis=1) != y
        print(
            f"{package:14} {name:9} {np.mean(losses[package, name]):8.3f}"
            f" {wrong[package, name].sum():10}"
        )

# %%
# Why it helps
# ------------
# Left: a third of each model's mistakes are made by that model alone, and the other
# model can correct them. Right: each dot is one fold. The forest's probabilities are
# far too close to the middle. Its number of mistakes does not show this, and the stack
# corrects it.
_, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
ours = {name: wrong["sknn_suite", name] for name in ("network", "forest", "stack")}
both = np.sum(ours["network"] & ours["forest"])
counts = np.array([mistakes.sum() for mistakes in ours.values()])
shared = np.array([both, both, 0])
left.bar(list(ours), shared, color="C0")
left.bar(list(ours), counts - shared, bottom=shared, color="C0", alpha=0.45)
for i, count in enumerate(counts):
    left.text(i, count + 1, str(count), ha="center")
for i in (0, 1):
    left.text(i, both / 2, f"{both} in both", ha="center", color="white")
    left.text(i, (both + counts[i]) / 2, f"{counts[i] - both} alone", ha="center")
left.set_title(f"Mistakes of sknn_suite in {len(y):,} digits", loc="left")
left.set_ylabel("mistakes")

for k, package in enumerate(packages):
    for i, name in enumerate(ours):
        place = np.full(folds.n_splits, i + 0.2 * k - 0.1)
        label = package if i == 0 else None
        right.plot(place, losses[package, name], "o", color=f"C{1 - k}", label=label)
right.set_xticks(range(len(ours)), list(ours))
right.set(ylabel="log-loss", xlim=(-0.5, 2.5), ylim=(0, None))
right.set_title("Log-loss of three folds", loc="left")
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
