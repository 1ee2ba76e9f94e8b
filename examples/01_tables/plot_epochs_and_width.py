"""
Epochs and width in one table
=============================

Afterwards you can compare numbers of epochs and of units in one grid search, in which
every network trains beside the others and no epoch is trained twice.
"""

# %%
# The question
# ------------
# How many epochs does a network need, and how many units? Here are the 1,797 digits of
# scikit-learn, as numbers from 0 to 1, and nine candidates with three folds each.
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier

from sknn_suite import MLPClassifier, train_together

warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs, on purpose
X, y = load_digits(return_X_y=True)
X = X / 16
epochs, widths = [1, 5, 10], [32, 64, 256]
grid = {"max_iter": epochs, "hidden_layer_sizes": [(width,) for width in widths]}


def make_search(mlp):
    return GridSearchCV(
        mlp(batch_size=32, learning_rate_init=0.003, tol=0, random_state=0),
        grid,
        cv=3,
        refit=False,
    )


# %%
# Two searches
# ------------
# Inside `train_together` the 27 networks wait for each other and train together. Those
# that differ in `max_iter` alone are one training, looked at after 1, 5 and 10 epochs.
# scikit-learn trains 16 epochs for each width and fold, we train 10.
started = time.perf_counter()
theirs = make_search(PlainMLPClassifier).fit(X, y)
their_seconds = time.perf_counter() - started

started = time.perf_counter()
with train_together():
    ours = make_search(MLPClassifier).fit(X, y)
our_seconds = time.perf_counter() - started

print(f"scikit-learn {their_seconds:.1f} s, sknn_suite {our_seconds:.1f} s")


# %%
# The table
# ---------
# Mean accuracy of the three folds. Width helps most when there is little time.
def table_of(search):
    return search.cv_results_["mean_test_score"].reshape(len(widths), len(epochs)).T


print("\nepochs" + "".join(f"{width:>10} units" for width in widths))
for n, row, other in zip(epochs, table_of(ours), table_of(theirs)):
    cells = "".join(f"   {own:.3f} ({plain:.3f})" for own, plain in zip(row, other))
    print(f"{n:6}{cells}")
print("(in brackets: scikit-learn)")

_, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for i, (width, scores) in enumerate(zip(widths, table_of(ours).T)):
    left.plot(epochs, scores, "o-", color=f"C{i}", label=f"{width} units")
left.set(xlabel="epochs", ylabel="mean accuracy", xticks=epochs)
left.set_title("More epochs, more units", loc="left")
left.legend(frameon=False)
right.bar(["scikit-learn", "sknn_suite"], [their_seconds, our_seconds], color="C0")
right.set_ylabel("seconds")
right.set_title("Time of the search", loc="left")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The folds are the same and so are the initial weights, so the two tables agree.
difference = np.abs(table_of(ours) - table_of(theirs)).max()
print(f"largest difference of a mean accuracy: {difference:.3f}")
