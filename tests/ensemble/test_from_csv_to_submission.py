"""The script of the guide: from the files of Kaggle's Titanic to a submission."""

import contextlib
import doctest
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "user_guide" / "stacking.rst"
DATA = Path(os.environ.get("SKNN_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="module")
def script():
    """Lines of the guide from the imports to the submission."""
    text = PAGE.read_text(encoding="utf-8")
    text = text[text.index("\nThe script:\n") :]
    sources = []
    for example in doctest.DocTestParser().get_examples(text):
        sources.append(example.source)
        if "submission.csv" in example.source:
            break
    return "".join(sources)


def test_it_takes_fewer_than_25_lines(script):
    lines = [line for line in script.splitlines() if line.strip()]
    assert lines[0].startswith("import")
    assert lines[-1].endswith('"submission.csv", index=False)')
    assert len(lines) < 25


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_submits_the_passengers_of_the_real_titanic(script, tmp_path):
    file = DATA / "tabular" / "titanic.parquet"
    if not file.exists():
        pytest.skip("the rows of the Titanic are not here (set SKNN_DATA)")
    people = pd.read_parquet(file).rename(columns=str.capitalize)
    people.insert(0, "PassengerId", np.arange(1, len(people) + 1))
    order = np.random.RandomState(0).permutation(len(people))
    train, test = people.iloc[order[:600]], people.iloc[order[600:]]
    train.to_csv(tmp_path / "train.csv", index=False)
    test.drop(columns="Survived").to_csv(tmp_path / "test.csv", index=False)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(script, {"folder": tmp_path})
    rows = printed.getvalue().splitlines()
    names = [row.split()[0] for row in rows[2:]]
    assert names == ["network", "forest", "trees", "mean", "stack"]
    found = pd.read_csv(tmp_path / "submission.csv")
    assert found.columns.tolist() == ["PassengerId", "Survived"]
    assert found["PassengerId"].tolist() == test["PassengerId"].tolist()
    always_no = 1 - test["Survived"].mean()
    assert (found["Survived"].to_numpy() == test["Survived"]).mean() > always_no + 0.1
