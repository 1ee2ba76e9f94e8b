"""
Back-propagation by hand
========================

Afterwards you can check a worked example of back-propagation with one step of an
estimator, and know the sign that such examples sometimes have wrong.
"""

# %%
# The example
# -----------
# A published worked example has inputs .95 and .06, targets .05 and .82, sigmoid units
# and half the squared error. Its weight w5 leads from the first hidden unit to the
# first output. It is .18, and its gradient is .07289. With a learning rate of .01 the
# example arrives at a new w5 of .1807289.
#
# These numbers do not determine the other weights. Those below are ours. The bias of
# the outputs is chosen so that w5 has the published gradient.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPRegressor as PlainMLPRegressor

from sknn_suite import MLPRegressor

X = np.array([[0.95, 0.06]])
y = np.array([[0.05, 0.82]])
RATE = 0.01
# Rows are inputs and columns are units: w1 and w2 lead to the first hidden unit, w5 and
# w6 to the first output.
W1 = np.array([[0.14, 0.16], [0.15, 0.17]])
W2 = np.array([[0.18, 0.20], [0.19, 0.21]])
b1, b2 = np.zeros(2), np.full(2, 0.39)

# %%
# The chain rule
# --------------
# The gradient of w5 is a product of three factors: how the error changes with the
# output, how the output changes with its input, and the value of the hidden unit.


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


hidden = sigmoid(X @ W1 + b1)
output = sigmoid(hidden @ W2 + b2)
d_input = (output - y) * output * (1 - output)
gradients = {"by hand": hidden.T @ d_input}
print(
    f"d error / d output  = {(output - y)[0, 0]:.5f}\n"
    f"d output / d input  = {(output * (1 - output))[0, 0]:.5f}\n"
    f"d input / d w5      = {hidden[0, 0]:.5f}\n"
    f"gradient of w5      = {gradients['by hand'][0, 0]:.5f}"
)

# %%
# One step of an estimator
# ------------------------
# A regressor has no sigmoid at its output. So the two outputs of the example become a
# second hidden layer, and the last layer passes them on: its weights are the identity.
# One call of `partial_fit` is one step of gradient descent. The gradient is then the
# old weight minus the new one, divided by the learning rate.
settings = {
    "hidden_layer_sizes": (2, 2),
    "activation": "logistic",
    "solver": "sgd",
    "learning_rate_init": RATE,
    "momentum": 0.0,
    "alpha": 0.0,
}
after = {}
for name, mlp in (("scikit-learn", PlainMLPRegressor), ("sknn_suite", MLPRegressor)):
    model = mlp(**settings).partial_fit(X, y)  # makes a network of this shape
    model.coefs_ = [W1.copy(), W2.copy(), np.eye(2)]
    model.intercepts_ = [b1.copy(), b2.copy(), np.zeros(2)]
    model.partial_fit(X, y)
    after[name] = model.coefs_[1][0, 0]
    gradients[name] = (W2 - model.coefs_[1]) / RATE

print("                 w5        w6        w7        w8")
for name, gradient in gradients.items():
    print(f"{name:12}" + "".join(f"{value:10.5f}" for value in gradient.T.ravel()))

# %%
# Add or subtract?
# ----------------
# The gradient points to where the error grows. Descent therefore subtracts it. The
# published value adds it, which makes the error larger:
w5 = W2[0, 0]
gradient = gradients["by hand"][0, 0]
print(f"published, w5 + rate * gradient: {w5 + RATE * gradient:.7f}")
print(f"descent,   w5 - rate * gradient: {w5 - RATE * gradient:.7f}")
for name, new in after.items():
    print(f"{name + ',':27}      {new:.7f}")


def error(w5):
    changed = W2.copy()
    changed[0, 0] = w5
    return 0.5 * np.sum((sigmoid(hidden @ changed + b2) - y) ** 2)


for told, value in {
    "before": w5,
    "after adding": w5 + RATE * gradient,
    "after subtracting": w5 - RATE * gradient,
}.items():
    print(f"error {told:18} {error(value):.7f}")

# %%
# The error as a function of w5. The arrows show both directions, much longer than one
# step of a rate of .01.
_, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
weights = np.linspace(-1.3, 1.7, 200)
ax.plot(weights, [error(w) for w in weights])
for told, direction, colour in (("add", 1, "C3"), ("subtract", -1, "C2")):
    end = w5 + direction * 0.7
    ax.annotate(
        "",
        xy=(end, error(end)),
        xytext=(w5, error(w5)),
        arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 2},
    )
    ax.text(end, error(end) + 0.01, told, color=colour, ha="right")
ax.plot(w5, error(w5), "o", color="black")
ax.set(xlabel="w5", ylabel="half the squared error")
ax.set_title("Descent subtracts the gradient", loc="left")
plt.show()
