"""A fit that was killed goes on where it was; nothing that has changed is taken."""

import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPClassifier
from sknn_suite.ensemble import CrossFitClassifier, CrossFitStackingClassifier
from sknn_suite.exceptions import CheckpointError, SuiteWarning

KILLED = """
import os, signal, sys
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sknn_suite.ensemble import CrossFitClassifier, _fold_fits

X, y = make_classification(200, n_informative=4, flip_y=0.1, random_state=0)
fit, n_fits = _fold_fits._fit, 0

def counted(*args):
    global n_fits
    n_fits += 1
    if n_fits == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return fit(*args)

_fold_fits._fit = counted
model = CrossFitClassifier(LogisticRegression(), cv=5, checkpoint=sys.argv[1])
model.fit(X, y)
print(n_fits, model.predict_proba(X)[:, 1].sum().hex())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_folds_that_are_finished_survive_a_kill(tmp_path):
    def run(kill_at):
        command = [sys.executable, "-c", KILLED, str(tmp_path), str(kill_at)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run(4).returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("*.fold"))) == 3
    n_fits, value = run(99).stdout.split()
    assert n_fits == "2"
    for file in tmp_path.iterdir():
        file.unlink()
    assert run(99).stdout.split() == ["5", value]


def test_what_has_changed_is_fitted_anew(two, counting, tmp_path):
    X, y = two
    classifier, _ = counting
    model = CrossFitClassifier(classifier(), cv=3, checkpoint=tmp_path)

    def n_fits(model, *rows, **given):
        before = len(classifier.fits)
        model.fit(*rows, **given)
        return len(classifier.fits) - before

    assert n_fits(model, X, y) == 3
    assert n_fits(model, X, y) == 0
    assert n_fits(model, X, 1 - y) == 3
    assert n_fits(model, X + 1, y) == 3
    assert n_fits(model, X, y, sample_weight=np.full(200, 2.0)) == 3
    assert n_fits(model.set_params(estimator__C=0.5), X, y) == 3
    assert n_fits(model.set_params(cv=4), X, y) == 4
    # A member with another name is the same fit.
    stack = CrossFitStackingClassifier(
        [("a", classifier(C=0.5)), ("b", classifier())], cv=4, checkpoint=str(tmp_path)
    )
    assert n_fits(stack, X, y) == 4
    assert n_fits(stack.set_params(final_estimator="mean"), X, y) == 0


def test_networks_that_train_together_are_kept(two, tmp_path):
    net = MLPClassifier((8,), max_iter=3, random_state=0)
    model = CrossFitClassifier(
        make_pipeline(StandardScaler(), net), cv=3, checkpoint=tmp_path
    )
    with pytest.warns(match="Maximum iterations"):
        first = model.fit(*two).predict_proba(two[0])
    np.testing.assert_array_equal(model.fit(*two).predict_proba(two[0]), first)


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps(3)])
def test_a_damaged_file_is_fitted_again(two, tmp_path, content):
    model = CrossFitClassifier(cv=3, checkpoint=tmp_path).fit(*two)
    expected = model.predict_proba(two[0])
    file = next(tmp_path.glob("*.fold"))
    file.write_bytes(content)
    with pytest.warns(SuiteWarning, match=r"cannot be used.*The fold is fitted again"):
        model.fit(*two)
    np.testing.assert_array_equal(model.predict_proba(two[0]), expected)
    assert file.read_bytes() != content


def test_a_folder_that_cannot_be_used_is_named(two, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, tmp_path / "no" / "folder"):
        with pytest.raises(CheckpointError, match=r"checkpoint='.*' cannot be used"):
            CrossFitClassifier(checkpoint=path).fit(*two)


def test_an_estimator_without_a_digest_is_named(two, tmp_path):
    class Local(MLPClassifier):
        """Cannot be pickled, since it has no module."""

    model = CrossFitClassifier(Local(max_iter=2), checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match="cannot keep folds"):
        model.fit(*two)


def test_a_full_disk_costs_the_file_and_not_the_fit(two, tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", refuse)
    model = CrossFitClassifier(cv=3, checkpoint=tmp_path)
    with pytest.warns(SuiteWarning, match="A fold cannot be kept .* no space left"):
        model.fit(*two)
    assert model.score(*two) > 0.7
    assert list(tmp_path.iterdir()) == []
