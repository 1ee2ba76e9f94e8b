"""
Pre-train with a restricted Boltzmann machine
=============================================

Afterwards you can train scikit-learn's `BernoulliRBM` on rows without labels, start a
network from its weights, and know when that helps.
"""

# %%
# Many rows, few labels
# ---------------------
# Around 2006 deep networks were trained layer by layer: each layer first learnt to
# describe rows without labels, as a restricted Boltzmann machine (RBM). Here half of
# the digits are training rows, but only a few of them have labels. The RBM uses all
# training rows, the networks use only those with labels.
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sknn_suite import MLPClassifier, MLPRegressor

warnings.simplefilter("ignore", ConvergenceWarning)  # all train for 400 epochs at most
X, y = load_digits(return_X_y=True)
N_UNITS = 64

# %%
# From the RBM to a network
# -------------------------
# A hidden unit of the RBM is a sigmoid of a weighted sum, like a unit of a network
# with `activation="logistic"`. `init_from` copies the weights of a fitted network by
# name and shape. So we write the RBM's weights into the first layer of a network, the
# carrier. It has one output and the classifier has ten: only the first layer matches.


def pretrain(X):
    rbm = make_pipeline(
        MinMaxScaler(),  # an RBM needs values in [0, 1]
        BernoulliRBM(N_UNITS, learning_rate=0.1, n_iter=60, random_state=0),
    ).fit(X)
    scaled = rbm[0].transform(X)
    carrier = MLPRegressor(hidden_layer_sizes=(N_UNITS,), activation="logistic")
    carrier.partial_fit(scaled, np.zeros(len(X)))
    carrier.coefs_[0] = rbm[-1].components_.T
    carrier.intercepts_[0] = rbm[-1].intercept_hidden_
    return rbm, carrier


settings = {
    "hidden_layer_sizes": (N_UNITS,),
    "activation": "logistic",
    "learning_rate_init": 0.01,
    "max_iter": 400,
    "random_state": 0,
}


def networks(carrier):
    return {
        "scikit-learn": PlainMLPClassifier(**settings),
        "sknn_suite": MLPClassifier(**settings),
        "RBM, all trained": MLPClassifier(**settings, init_from=carrier),
        "RBM, first fixed": MLPClassifier(**settings, init_from=carrier, freeze=1),
    }


# %%
# With and without
# ----------------
# Three splits of the digits, and 3, 10 or 40 labels of each digit.
COUNTS = [3, 10, 40]
accuracy = {name: np.zeros((3, len(COUNTS))) for name in networks(None)}
for split in range(3):
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=split
    )
    rbm, carrier = pretrain(X_train)
    for j, count in enumerate(COUNTS):
        known = [np.flatnonzero(y_train == digit)[:count] for digit in range(10)]
        rows = np.concatenate(known)
        for name, network in networks(carrier).items():
            model = make_pipeline(rbm[0], network).fit(X_train[rows], y_train[rows])
            accuracy[name][split, j] = model.score(X_test, y_test)
            if name == "RBM, all trained":
                matched = network.init_matched_

print("copied from the carrier:", ", ".join(matched))
print(f"labels per digit  {''.join(f'{count:15}' for count in COUNTS)}")
for name, scores in accuracy.items():
    cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(scores.mean(0), scores.std(0))]
    print(f"{name:18}" + "".join(f"{cell:>15}" for cell in cells))

# %%
# Does it help?
# -------------
# With three labels of each digit, yes. Pre-training gains a few points, and most if the
# first layer stays as the RBM left it. With ten labels the gain is smaller than the
# spread of the splits. With forty labels random weights are as good, and a fixed first
# layer is worse. So pre-training is for many rows of which only a few have labels.
gain = accuracy["RBM, all trained"] - accuracy["sknn_suite"]
print("gain of pre-training:", gain.mean(axis=0).round(3))

_, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for name, scores in accuracy.items():
    plain = name == "scikit-learn"
    style = {"linewidth": 7, "alpha": 0.4} if plain else {"marker": "o"}
    left.plot(COUNTS, scores.mean(axis=0), label=name, **style)
left.set(xscale="log", xlabel="labels per digit", ylabel="accuracy")
left.set_xticks(COUNTS, COUNTS)
left.set_xticks([], minor=True)
left.set_title("mean of three splits", loc="left")
left.legend()
units = rbm[-1].components_.reshape(N_UNITS, 8, 8)
framed = np.pad(units, [(0, 0), (1, 1), (1, 1)], constant_values=np.nan)  # 10 x 10
rows_of_units = framed.reshape(8, 8, 10, 10).transpose(0, 2, 1, 3).reshape(80, 80)
edge = np.abs(units).max() / 2
right.imshow(rows_of_units, cmap="coolwarm", vmin=-edge, vmax=edge)
right.set_axis_off()
right.set_title("what the 64 units of the RBM look for", loc="left")
plt.show()
