"""
Predict a range, not only a number
==================================

Afterwards you can train one network that predicts several quantiles, calibrate it so
that the range between two of them contains eight of ten future values, and check that
range.
"""

# %%
# Noise that grows
# ----------------
# The data are simulated, so the true quantiles are known and every prediction can be
# compared with them.
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_pinball_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPRegressor

QUANTILES = [0.1, 0.5, 0.9]


def middle(x):
    return np.sin(2 * x)


def spread(x):
    return 0.1 + 0.3 * x


def draw(n_rows, seed):
    random = np.random.default_rng(seed)
    x = random.uniform(0, 3, n_rows)
    return x[:, None], middle(x) + spread(x) * random.normal(size=n_rows)


X_train, y_train = draw(4_000, seed=0)
X_test, y_test = draw(5_000, seed=1)

# %%
# One model per quantile, or one network
# --------------------------------------
# scikit-learn's MLP has no quantile loss, so its side of the comparison is gradient
# boosting, one model for each quantile. Our network takes a list. Its quantiles never
# cross.


def boosted(quantile):
    return GradientBoostingRegressor(
        loss="quantile", alpha=quantile, max_depth=2, n_estimators=100, random_state=0
    )


def network(calibrated):
    return make_pipeline(
        StandardScaler(),
        MLPRegressor(
            loss="quantile",
            quantile=QUANTILES,
            calibrated=calibrated,
            hidden_layer_sizes=(32, 32),
            activation="silu",
            learning_rate_init=0.005,
            max_iter=400,
            random_state=0,
        ),
    )


class OneByOne:
    """Models for one quantile each, side by side."""

    def __init__(self, models):
        self.models = models

    def predict(self, X):
        return np.column_stack([model.predict(X) for model in self.models])


answers = {
    "scikit-learn": OneByOne([boosted(q).fit(X_train, y_train) for q in QUANTILES]),
    "sknn_suite": network(calibrated=False).fit(X_train, y_train),
    "calibrated": network(calibrated=True).fit(X_train, y_train),
}

# %%
# Does the range contain eight of ten rows?
# -----------------------------------------
# Models fit their training rows better than new ones, so their ranges are too narrow.
# ``calibrated=True`` sets a quarter of the rows aside and moves each quantile until
# these rows agree with it; new rows then do so too. The price is a quarter of the
# training rows. The share still scatters by sqrt(0.16 / 1000), or 1.3 %, with the
# choice of these rows. The pinball loss measures a predicted quantile; lower is better.
# The last column is the mean distance from the true quantiles, which are known only for
# simulated data.
truth = [middle(X_test[:, 0]) + spread(X_test[:, 0]) * norm.ppf(q) for q in QUANTILES]
print("                pinball loss   rows in range   mean width   off the truth")
for name, model in answers.items():
    low, median, high = predicted = model.predict(X_test).T
    loss = np.mean(
        [mean_pinball_loss(y_test, p, alpha=q) for p, q in zip(predicted, QUANTILES)]
    )
    inside = np.mean((low <= y_test) & (y_test <= high))
    off = np.abs(predicted - truth).mean()
    print(
        f"{name:14} {loss:13.4f} {inside:15.1%} {np.mean(high - low):12.3f} {off:15.3f}"
    )

# %%
# Steps and curves
# ----------------
# Trees predict steps, the network smooth curves. Dashed lines are the true quantiles.
grid = np.linspace(0, 3, 400)
_, axes = plt.subplots(
    1, 3, figsize=(13, 4.2), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, model) in zip(axes, answers.items()):
    low, median, high = model.predict(grid[:, None]).T
    ax.scatter(X_train, y_train, s=2, color="0.75", label="training rows")
    ax.fill_between(grid, low, high, alpha=0.3, label="from 10 % to 90 % quantile")
    ax.plot(grid, median, label="median")
    for q in QUANTILES:
        ax.plot(grid, middle(grid) + spread(grid) * norm.ppf(q), "k--", linewidth=0.8)
    ax.set(title=name, xlabel="x")
axes[0].set_ylabel("y")
axes[0].legend(loc="lower left")
plt.show()
