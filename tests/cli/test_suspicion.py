"""Columns that know the target, and tables that have shifted."""

import numpy as np
import pandas as pd

from sknn_suite.cli._column_values import summary
from sknn_suite.cli._suspicion import shifts, suspects


def test_a_column_that_knows_the_target_is_suspected():
    source = np.random.RandomState(0)
    y = source.randint(2, size=300)
    X = pd.DataFrame(
        {
            "answer": np.where(y == 1, "paid back", "lost"),
            "hint": y + source.normal(0, 0.6, 300),
            "noise": source.normal(size=300),
            "name": [f"row {i}" for i in range(300)],
        }
    )
    assert [name for name, _ in suspects(X, y, True)] == ["answer"]
    assert [name for name, _ in suspects(X.assign(same=y * 2.0), y, False)] == [
        "answer",
        "same",
    ]


def test_shifts_are_found_and_told():
    source = np.random.RandomState(0)
    train = pd.DataFrame(
        {
            "size": source.normal(size=500),
            "shape": source.choice(["a", "b"], 500),
            "stays": source.normal(size=500),
        }
    )
    kinds = {"size": "number", "shape": "category", "stays": "number"}
    kept = {name: summary(train[name], kind) for name, kind in kinds.items()}
    test = train.sample(300, random_state=1)
    assert shifts(kept, test) == []
    moved = test.assign(size=test["size"] + 2, shape="b")
    found = shifts(kept, moved)
    assert {name for name, _, _ in found} == {"size", "shape"}
    assert any("'b' has 100% of the rows" in told for _, _, told in found) or any(
        "'a' has 0% of the rows" in told for _, _, told in found
    )
    words = shifts(kept, test.assign(size="large"))
    assert [(name, told) for name, _, told in words] == [("size", "100% gaps, were 0%")]
