"""
An estimator for a new kind of rows
===================================

Afterwards you can write an estimator for rows that the suite does not know: here sets
of tags, such as the ingredients of a recipe. An encoder turns rows into tensors, a task
says what is particular to them, and a class declares the parameters. ``fit``,
``predict``, early stopping, warm starts, checkpoints and pickling are there already.
"""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from matplotlib import pyplot as plt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sknn_suite.checks import check_labels, check_layer_sizes
from sknn_suite.data import SparseRows, TensorBundle
from sknn_suite.doors import Interval
from sknn_suite.estimator import Classification, Classifier, SupervisedTask
from sknn_suite.modules import Network
from sknn_suite.parameters import param, parameters


# %%
# The encoder: rows to tensors
# ----------------------------
# It learns from the training rows alone; ``transform`` names the inputs of the network.
class TagEncoder:
    def fit(self, X, rows=None, weight=None):
        chosen = X if rows is None else X[rows.numpy()]
        tags = sorted({tag for row in chosen for tag in row})
        self.numbers_ = {tag: number for number, tag in enumerate(tags)}
        return self

    def transform(self, X, dtype):
        known = [[self.numbers_[t] for t in row if t in self.numbers_] for row in X]
        starts = np.cumsum([0, *map(len, known)])
        columns = np.concatenate([*known, []]).astype(int)
        ones = np.ones(len(columns))
        shape = (len(X), len(self.numbers_))
        matrix = sparse.csr_array((ones, columns, starts), shape=shape)
        return TensorBundle({"x": SparseRows.from_scipy(matrix, dtype)})


# %%
# The task: what is particular to these rows
# ------------------------------------------
# Checks, encoder, network, initial weights. ``self.of`` has the parameters; what is
# written to it becomes a fitted attribute when training is over.
class TagTask(SupervisedTask):
    def check_both(self, X, y, *, reset):
        X = self.check_rows(X)
        return X, check_labels(self.of, X, y)

    def check_rows(self, X):
        rows = np.empty(len(X), dtype=object)
        for i, row in enumerate(X):
            if isinstance(row, str) or not all(isinstance(tag, str) for tag in row):
                raise ValueError(
                    f"Row {i} of X is {row!r}. Expected a set of tags, each a str. "
                    "Pass a list of lists of str."
                )
            rows[i] = sorted(set(row))
        return rows

    def encoder(self):
        return TagEncoder()

    def network(self, encoder):
        self.of.n_tags_ = len(encoder.numbers_)
        config = {
            "n_inputs": len(encoder.numbers_),
            "hidden_layer_sizes": check_layer_sizes(self.of.hidden_layer_sizes),
            "n_outputs": self.objective.n_outputs,
        }
        return Network("mlp", config)

    def draw(self, module, encoder, random_state):
        module.reset_parameters("auto", random_state)


# %%
# The estimator: parameters, and which task
# -----------------------------------------
@parameters(group="network")
class TagClassifier(Classifier):
    hidden_layer_sizes: int | Sequence[int] = param(
        (20,), "array-like", Interval(Integral, 1, None, closed="left")
    )

    def _task(self, of):
        return TagTask(of, Classification(of))


# %%
# It works as all others do
# -------------------------
# Two tags decide together, which a linear model of scikit-learn cannot see.
source = np.random.RandomState(0)
X = [list(source.choice(list("abcdefgh"), 3, replace=False)) for _ in range(600)]
y = np.array(["even" if ("a" in row) == ("b" in row) else "odd" for row in X])

model = TagClassifier(max_iter=300, learning_rate_init=0.01, random_state=0)
model.fit(X[:400], y[:400])
plain = make_pipeline(CountVectorizer(analyzer=list), LogisticRegression())
plain.fit(X[:400], y[:400])
scores = {"scikit-learn": plain, "sknn_suite": model}
scores = {name: each.score(X[400:], y[400:]) for name, each in scores.items()}
print(scores, model.n_tags_, "tags")
print(model.predict_proba([["a", "b", "unheard of"]]).round(2))
_, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
ax.barh(list(scores), list(scores.values()))
ax.set(title="Accuracy on new sets of tags", xlim=(0, 1))
plt.show()
