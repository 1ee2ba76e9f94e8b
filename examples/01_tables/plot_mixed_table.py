"""
A data frame as it is
=====================

Afterwards you can fit networks to a table of numbers, gaps, categories, dates and names
without preparing it, see what became of each column, and know which columns matter.
"""

# %%
# Houses that were sold
# ---------------------
# The table is made, in the manner of the house prices of Ames: areas with long tails,
# marks from 1 to 10, types with rare levels, gaps that mean something, dates.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

from sknn_suite import TabularRegressor

source = np.random.RandomState(0)
n = 800
quality = source.randint(1, 11, n)
garage = source.choice(
    ["attached", "detached", "built in", None], n, p=[0.5, 0.3, 0.1, 0.1]
)
places = source.choice([f"place {i}" for i in range(25)], n)
houses = pd.DataFrame(
    {
        "living area": np.exp(source.normal(4.8, 0.35, n)).round(),
        "lot": np.exp(source.normal(6.5, 0.8, n)).round(),
        "quality": quality,
        "built": source.randint(1900, 2010, n),
        "garage": garage,
        "place": pd.Categorical(places),
        "sold": np.datetime64("2006-01-01") + source.randint(0, 1500, n),
        "agent": [f"{source.choice(['Mr', 'Mrs'])} Agent {i}" for i in range(n)],
    }
)
houses.loc[source.rand(n) < 0.15, "lot"] = np.nan
level = dict(zip(np.unique(places), source.normal(0, 0.15, 25)))
value = (
    0.8 * np.log(houses["living area"])
    + 0.09 * quality
    + 0.002 * (houses["built"] - 1950)
    + houses["place"].map(level).astype(float)
    + 0.1 * (houses["garage"] == "built in")
    - 0.1 * houses["garage"].isna()
)
price = 4000 * np.exp(value + source.normal(0, 0.08, n))
X_train, X_test, y_train, y_test = train_test_split(houses, price, random_state=0)

# %%
# No preparation
# --------------
# ``max_iter`` keeps this example short; leave it out for the best model.
model = TabularRegressor(random_state=0, max_iter=25).fit(X_train, y_train)
print(model.column_kinds_)

# %%
# scikit-learn's boosting takes gaps and pandas categories. Dates and names have to be
# left out.
readable = houses.columns.drop(["sold", "agent"])


def as_read(X):
    return X[readable].astype({"garage": "category"})


boosting = HistGradientBoostingRegressor(
    categorical_features="from_dtype", random_state=0
)
boosting.fit(as_read(X_train), y_train)
for name, predicted in {
    "sknn_suite": model.predict(X_test),
    "scikit-learn": boosting.predict(as_read(X_test)),
}.items():
    print(f"{name}: mean error {mean_absolute_error(y_test, predicted):,.0f}")

# %%
# Which columns matter
# --------------------
# The loss rises by this much if a column is shuffled, on rows that members left out.
order = np.argsort(model.feature_importances_)
plt.barh(model.feature_names_in_[order], model.feature_importances_[order])
plt.xlabel("rise of the loss")
plt.tight_layout()
plt.show()
