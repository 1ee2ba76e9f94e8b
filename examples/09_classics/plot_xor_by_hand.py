"""
XOR, written out in NumPy
=========================

Afterwards you have seen every line of arithmetic that trains a small network, and can
start a network from weights of your choice. The NumPy loop, scikit-learn and sknn_suite
give the same numbers in each of 500 steps.
"""

# %%
# Four rows and one hidden layer
# ------------------------------
# XOR is 1 if exactly one of two inputs is 1. No straight line separates the two
# classes, so the network needs a hidden layer. This one has four tanh units. All
# networks start from the same random weights, with biases of zero.
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as PlainMLPClassifier

from sknn_suite import MLPClassifier

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0, 1, 1, 0])
N_STEPS, RATE = 500, 0.5

random = np.random.RandomState(0)
coefs = [random.normal(size=(2, 4)), random.normal(size=(4, 1))]
intercepts = [np.zeros(4), np.zeros(1)]

# %%
# The loop
# --------
# One step is one pass over the four rows. The forward pass computes the probability of
# class 1 and the mean log-loss. The backward pass uses the chain rule. With sigmoid and
# log-loss, the gradient of the raw score is the probability minus the label.
W1, W2 = (coef.copy() for coef in coefs)
b1, b2 = (intercept.copy() for intercept in intercepts)
losses = {"NumPy": []}
for _ in range(N_STEPS):
    hidden = np.tanh(X @ W1 + b1)  # (4 rows, 4 units)
    raw = (hidden @ W2 + b2)[:, 0]  # (4 rows,)
    proba = 1 / (1 + np.exp(-raw))
    log_loss = -np.mean(y * np.log(proba) + (1 - y) * np.log(1 - proba))
    losses["NumPy"].append(log_loss)

    d_raw = (proba - y)[:, None] / len(X)  # (4 rows, 1)
    d_hidden = (d_raw @ W2.T) * (1 - hidden**2)  # the derivative of tanh
    W2 -= RATE * hidden.T @ d_raw
    b2 -= RATE * d_raw.sum(axis=0)
    W1 -= RATE * X.T @ d_hidden
    b1 -= RATE * d_hidden.sum(axis=0)

# %%
# The same with estimators
# ------------------------
# Turn off what the loop does not have: momentum, the penalty `alpha` and shuffling. You
# can assign weights to a fitted estimator. So one call of `partial_fit` makes a network
# of the right shape, and then it gets our weights.
settings = {
    "hidden_layer_sizes": (4,),
    "activation": "tanh",
    "solver": "sgd",
    "learning_rate_init": RATE,
    "momentum": 0.0,
    "alpha": 0.0,
    "batch_size": len(X),
    "shuffle": False,
}


def start(mlp):
    model = mlp(**settings).partial_fit(X, y, classes=[0, 1])
    model.coefs_ = [coef.copy() for coef in coefs]
    model.intercepts_ = [intercept.copy() for intercept in intercepts]
    return model


models = {"scikit-learn": start(PlainMLPClassifier), "sknn_suite": start(MLPClassifier)}
for name, model in models.items():
    losses[name] = []
    for _ in range(N_STEPS):
        model.partial_fit(X, y)
        losses[name].append(model.loss_)

# %%
# In sknn_suite one call of `fit` does the same. `init_from` copies the weights of a
# fitted estimator. `fit` would end early when the loss no longer falls, and warns if it
# still falls after the last step. Here we want exactly 500 steps.
warnings.simplefilter("ignore", ConvergenceWarning)
whole = MLPClassifier(
    **settings,
    init_from=start(MLPClassifier),
    max_iter=N_STEPS,
    n_iter_no_change=N_STEPS,
)
losses["one fit"] = whole.fit(X, y).loss_curve_

# %%
# Equal in each step
# ------------------
print("step  " + "".join(f"{name:>20}" for name in losses))
for step in (0, 1, 10, 100, N_STEPS - 1):
    row = "".join(f"{curve[step]:20.15f}" for curve in losses.values())
    print(f"{step + 1:4}  {row}")
for name in ("scikit-learn", "sknn_suite", "one fit"):
    apart = np.abs(np.subtract(losses[name], losses["NumPy"])).max()
    print(f"largest difference of {name} from NumPy in {N_STEPS} steps: {apart:.0e}")
print(f"probabilities of class 1: {whole.predict_proba(X)[:, 1].round(3)}")

# %%
# Left: four curves that lie on each other. Right: what the network has learnt between
# the four rows. Two curved borders separate the classes.
_, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for (name, curve), width in zip(losses.items(), (9, 6, 3, 1)):
    left.plot(curve, linewidth=width, label=name)
left.set(xlabel="step", ylabel="log-loss", ylim=(0, None))
left.set_title("XOR: one curve, four ways", loc="left")
left.legend()
grid = np.stack(np.meshgrid(*2 * [np.linspace(-0.3, 1.3, 161)]), axis=-1)
surface = whole.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(161, 161)
image = right.imshow(
    surface, origin="lower", extent=(-0.3, 1.3) * 2, cmap="coolwarm", vmin=0, vmax=1
)
right.scatter(*X.T, c=y, cmap="coolwarm", edgecolor="black", s=120)
right.set(xlabel="first input", ylabel="second input")
right.set_title("probability of class 1", loc="left")
plt.colorbar(image, ax=right)
plt.show()
