"""Format 1 stays: files of this version open in every later one, and without us."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sknn_suite import MLPClassifier
from sknn_suite.exceptions import CorruptModelError
from sknn_suite.persistence import inspect, load, save

FOLDER = Path(__file__).with_name("format_1")
ANSWERS = json.loads((FOLDER / "answers.json").read_text())


def numpy_reader():
    path = Path(__file__).with_name("numpy_reader.py")
    spec = importlib.util.spec_from_file_location("numpy_reader", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_of(name):
    rows = ANSWERS[name]["rows"]
    if isinstance(rows, dict):
        return pd.DataFrame(rows)
    if name == "texts":
        return rows
    return np.array(rows, np.uint8 if name == "images" else float)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_stored_file_answers_as_it_did(name):
    told = ANSWERS[name]
    model = load(FOLDER / f"{name}.sknn")
    found = getattr(model, told["method"])(rows_of(name))
    # Other processors and versions add up in other orders.
    np.testing.assert_allclose(found, told["answers"], rtol=1e-4, atol=1e-5)
    assert inspect(FOLDER / f"{name}.sknn").format == 1


def test_the_reader_without_us_has_sixty_lines_and_numpy():
    text = Path(__file__).with_name("numpy_reader.py").read_text()
    assert len(text.splitlines()) <= 60
    lines = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert set(lines) == {
        "import io",
        "import json",
        "import zipfile",
        "import numpy as np",
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_numpy_alone_reads_a_stored_file(name):
    found = numpy_reader().read(FOLDER / f"{name}.sknn")
    assert found["class"].split(".")[0] in ("sknn_suite", "sklearn")


def test_numpy_alone_predicts_with_a_stored_network():
    """The specification is enough: scores, the link and labels by hand."""
    model = numpy_reader().read(FOLDER / "classifier.sknn")
    h = np.array(ANSWERS["classifier"]["rows"])
    layers = list(zip(model["coefs_"], model["intercepts_"]))
    for weight, bias in layers[:-1]:
        h = np.maximum(h @ weight + bias, 0)
    (weight, bias) = layers[-1]
    positive = 1 / (1 + np.exp(-(h @ weight + bias)[:, 0]))
    expected = np.array(ANSWERS["classifier"]["answers"])
    np.testing.assert_allclose(positive, expected[:, 1], rtol=1e-5)
    assert model["classes_"].tolist() == ["no", "yes"]


def test_numpy_alone_reads_what_is_saved_now(tmp_path):
    X = np.random.RandomState(0).normal(size=(40, 3))
    model = MLPClassifier(max_iter=900, random_state=0).fit(X, X[:, 0] > 0)
    save(model, tmp_path / "a")
    found = numpy_reader().read(tmp_path / "a")
    np.testing.assert_array_equal(found["coefs_"][0], model.coefs_[0])
    np.testing.assert_array_equal(found["classes_"], model.classes_)
    assert found["loss_curve_"].tolist() == model.loss_curve_
    assert found["history_"][0] == model.history_[0]
    assert found["alpha"] == model.alpha


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_files_are_the_same_in_pieces_of_any_size(tmp_path, monkeypatch):
    X = np.random.RandomState(0).normal(size=(30, 4))
    model = MLPClassifier(max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
    save(model, tmp_path / "a.sknn")
    monkeypatch.setattr("sknn_suite.persistence._container.PIECE", 1000)
    save(model, tmp_path / "b.sknn")
    data = (tmp_path / "a.sknn").read_bytes()
    assert data == (tmp_path / "b.sknn").read_bytes()
    expected = model.predict_proba(X)
    np.testing.assert_array_equal(load(tmp_path / "b.sknn").predict_proba(X), expected)
    # A change in the last piece is found.
    data = bytearray(data)
    data[data.index(b"weights.safetensors") + 3000] ^= 1
    (tmp_path / "b.sknn").write_bytes(data)
    with pytest.raises(CorruptModelError, match="checksum"):
        load(tmp_path / "b.sknn")
