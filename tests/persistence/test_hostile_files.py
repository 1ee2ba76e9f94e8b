"""Files made to do harm end in one error, or load whole; nothing else happens."""

import copy
import importlib.util
import json
import os
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from sknn_suite import (
    AutoencoderDetector,
    MLPClassifier,
    TabularRegressor,
    TextRNNClassifier,
)
from sknn_suite.exceptions import CorruptModelError, UntrustedModelError
from sknn_suite.persistence import _model_file as file_module
from sknn_suite.persistence import inspect, load, save

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
)
SCRIPT = Path(__file__).with_name("open_hostile_files.py")

# Seconds of the processor and megabytes that one file may take.
SECONDS, MEGABYTES = 1.0, 200


def module_of(script):
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tools = module_of(SCRIPT)


@pytest.mark.parametrize(
    ("n_files", "seed"),
    [
        pytest.param(210, 0, id="few"),
        pytest.param(2100, 1, id="many", marks=pytest.mark.slow),
    ],
)
def test_every_file_is_refused_or_loads_whole(n_files, seed, tmp_path, capsys):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), str(n_files), str(seed)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\n{json.dumps(told['counts'])}", end=" ")  # noqa: T201
    assert told["surprises"] == []
    assert told["harm"] == []
    assert sum(n for ends in told["counts"].values() for n in ends.values()) == n_files
    assert told["slowest"] <= SECONDS
    assert told["kilobytes"] <= 1000 * MEGABYTES
    assert not Path("/tmp/sknn_suite_was_here").exists()
    assert {Path(name).suffix for name in told["files"]} == {".sknn"}


# -- one attack after the other ------------------------------------------------------

X = np.random.RandomState(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)
WORDS = np.array([["a", "x"], ["b", "y"], ["c", "z"]] * 10, object)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.sknn"


@pytest.fixture
def net(path):
    """Parts of the file of a small network."""
    model = MLPClassifier(hidden_layer_sizes=(4, 3), max_iter=2, random_state=0)
    save(model.fit(X, Y), path)
    return tools.parts_of(path)


def refused(path, words):
    with pytest.raises(CorruptModelError, match=words) as caught:
        load(path)
    assert str(caught.value).count(". ") >= 2  # three sentences
    return str(caught.value)


def with_tree(path, parts, change, manifest=None):
    tree = json.loads(parts["model.json"])
    change(tree["state"])
    tools.pack(path, parts | {"model.json": json.dumps(tree).encode()}, manifest)


CHANGES = {
    "a parameter outside its constraint": (
        lambda s: s.update(alpha=-1.0),
        "The 'alpha' parameter of MLPClassifier must be",
    ),
    "a parameter of another type": (
        lambda s: s.update(activation={"is": "dict", "items": []}),
        "The 'activation' parameter",
    ),
    "a parameter that is missing": (lambda s: s.pop("alpha"), "has no alpha"),
    "an attribute of our own class": (
        lambda s: s.update(fit={"is": "global", "name": "os.system"}),
        "holds os.system",
    ),
    "an attribute that hides a method": (lambda s: s.update(fit=1), "attribute 'fit'"),
    "an unknown class": (
        lambda s: s["_net"].update({"class": "os.system"}),
        "the class 'os.system'",
    ),
    "a class in the place of another": (
        lambda s: s.update(_net=s["_memory"]),
        "_net of sknn_suite.MLPClassifier is a Memory",
    ),
    "more layers than weights": (
        lambda s: s["_net"]["state"]["network"]["state"]["config"]["items"][
            1
        ].__setitem__(1, {"is": "tuple", "items": [1] * 100_000}),
        "too many layers",
    ),
    "other sizes than the weights": (
        lambda s: s["_net"]["state"]["network"]["state"]["config"]["items"][
            1
        ].__setitem__(1, {"is": "tuple", "items": [4, 4]}),
        "its weight linears.1.weight has the shape",
    ),
    "a layer of a million million units": (
        lambda s: s["_net"]["state"]["network"]["state"]["config"]["items"][
            1
        ].__setitem__(1, {"is": "tuple", "items": [10**12, 3]}),
        "huge number",
    ),
    "other columns than the encoder": (
        lambda s: s.update(n_features_in_=5),
        "columns are counted in two ways",
    ),
    "an array that is missing": (
        lambda s: s["classes_"].update(number=99),
        "an array that is missing",
    ),
    "a weight that has no use": (
        lambda s: s["coefs_"].pop(),
        "a layer has no intercept",
    ),
    "a node of an unknown kind": (
        lambda s: s.update(_net={"is": "reduce", "name": "os.system"}),
        "holds a 'reduce'",
    ),
    "truth as a number": (lambda s: s.update(n_layers_=True), "n_layers_"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_description_that_means_something_else_is_refused(name, path, net):
    change, words = CHANGES[name]
    with_tree(path, net, change)
    refused(path, words)


@pytest.fixture(scope="module")
def members():
    """Fit two members on columns of every kind."""
    table = pd.DataFrame(
        {
            "size": np.where(X[:, 0] > 1, np.nan, X[:, 0]),
            "place": ["town", "sea"] * 20,
            "sold": np.datetime64("2026-01-01") + np.arange(40),
            "name": [f"Mr. {i} of {i % 7}" for i in range(40)],
        }
    )
    model = TabularRegressor(n_members=2, max_iter=2, random_state=0)
    return model.fit(table, X.sum(axis=1))


def state_of(state, *names):
    """Find the state of a part of a part."""
    for name in names:
        state = state[name]["state"]
    return state


def option(state, name):
    """Find a place in the configuration of the network, to change it."""
    items = state_of(state, "_net", "network")["config"]["items"]
    return next(item for item in items if item[0] == name)


def part(name, **changes):
    """Make a change of a part of the encoder."""
    return lambda s: state_of(s, "_net", "encoder", name).update(**changes)


OF_MIXED_TABLES = {
    "a kind that is none": (
        lambda s: state_of(s, "_net", "encoder", "kinds_")["data"]["items"][
            0
        ].__setitem__(1, "odd"),
        "is unknown",
    ),
    "another kind": (
        lambda s: state_of(s, "_net", "encoder", "kinds_")["data"]["items"][
            0
        ].__setitem__(1, "category"),
        "columns are of other kinds",
    ),
    "a column less": (
        lambda s: state_of(s, "_net", "encoder", "kinds_")["data"]["items"].pop(),
        "columns are of other kinds",
    ),
    "a part of a date that is none": (part("dates_", parts_=[["noon"]]), "is unknown"),
    "dates of other columns": (part("dates_", parts_=[]), "an array has the shape"),
    "ranks of other columns": (
        lambda s: state_of(s, "_net", "encoder", "numbers_").update(
            is_mostly_one_=state_of(s, "_net", "encoder", "numbers_")["has_gaps_"]
        ),
        "an array has the shape",
    ),
    "a level more": (
        lambda s: state_of(s, "_net", "encoder", "categories_")["levels_"][0].append(
            "moon"
        ),
        "has other columns",
    ),
    "a level twice": (
        lambda s: state_of(s, "_net", "encoder", "categories_").update(
            levels_=[["sea", "sea"]]
        ),
        "a level has two codes",
    ),
    "gaps with the code of a level": (
        part("categories_", code_of_gap_=[1]),
        "gaps have the code of a level",
    ),
    "texts without letters": (
        part("strings_", rarity_=[]),
        "columns are counted twice",
    ),
    "members of other widths": (
        lambda s: option(s, "sizes").__setitem__(
            1, {"is": "tuple", "items": [{"is": "tuple", "items": [7, 7]}] * 2}
        ),
        "its weight linears",
    ),
    "a million layers": (
        lambda s: option(s, "sizes").__setitem__(
            1, {"is": "tuple", "items": [{"is": "tuple", "items": [7] * 100_000}]}
        ),
        "too many layers",
    ),
    "a mean that is none": (
        lambda s: option(s, "link").__setitem__(1, "median"),
        "members have no mean",
    ),
    "the mean of probabilities": (
        lambda s: option(s, "link").__setitem__(1, "logistic"),
        "its link is told in two ways",
    ),
    "an empty range": (
        lambda s: state_of(s, "_net", "target")["seen"]["items"].reverse(),
        "its range is empty",
    ),
    "half a range": (
        lambda s: state_of(s, "_net", "target")["seen"]["items"].pop(),
        "its range has no two ends",
    ),
    "columns of other names": (
        lambda s: s["feature_names_in_"]["items"].reverse(),
        "columns have two names",
    ),
}


@pytest.mark.parametrize("name", OF_MIXED_TABLES)
def test_a_mixed_table_that_means_something_else_is_refused(name, path, members):
    change, words = OF_MIXED_TABLES[name]
    save(members, path)
    with_tree(path, tools.parts_of(path), change)
    refused(path, words)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("share", 2.0, "shares of its members are no shares"),
        ("sharpness", -1.0, "scores have no unit"),
    ],
)
def test_a_mean_of_members_that_is_none_cannot_be_saved(
    name, value, words, path, members
):
    other = copy.deepcopy(members)
    other._net.weights[name] = np.full_like(other._net.weights[name], value)
    with pytest.raises(ValueError, match=words):
        save(other, path)
    assert not path.exists()


@pytest.mark.parametrize("number", [0, -1, True, "1", 1.0, None])
def test_a_format_that_is_none_is_refused(number, path, net):
    tools.pack(path, net, {"format": number})
    refused(path, "format")


def test_a_later_format_says_to_upgrade(path, net):
    tools.pack(path, net, {"format": 2})
    refused(path, "written in format 2.*Upgrade")


@pytest.mark.parametrize("number", [0, 1])
def test_the_number_of_the_format_relaxes_no_check(number, path, net):
    # Whatever the format says, the same reader meets the same checks.
    def change(state):
        state["alpha"] = -1.0

    with_tree(path, net, change, {"format": number})
    refused(path, "format 0" if number == 0 else "alpha")


def test_a_weight_of_nan_is_refused(path, net):
    data = net["weights.safetensors"]
    data = data[:-8] + np.float64(np.nan).tobytes()
    tools.pack(path, net | {"weights.safetensors": data})
    refused(path, "NaN")


@pytest.mark.parametrize("change", ["removed", "wrong", "of another part"])
def test_a_hash_that_is_not_that_of_the_part_is_refused(change, path, net):
    told = json.loads(net["manifest.json"])
    first, second = told["parts"][:2]
    if change == "removed":
        del first["sha256"]
    elif change == "wrong":
        first["sha256"] = "0" * 64
    else:
        first["sha256"], second["sha256"] = second["sha256"], first["sha256"]
    tools.pack(path, net | {"manifest.json": json.dumps(told).encode()}, fix=False)
    refused(path, "does not have its SHA-256|does not list the parts")


def test_parts_of_another_model_are_refused(path, net, tmp_path):
    other = MLPClassifier(hidden_layer_sizes=(5,), max_iter=2).fit(X, Y)
    save(other, tmp_path / "other")
    theirs = tools.parts_of(tmp_path / "other")
    tools.pack(path, net | {"weights.safetensors": theirs["weights.safetensors"]})
    refused(path, "missing")


def test_ten_gigabytes_that_are_only_declared_take_no_memory(path, net):
    entry = {"dtype": "F32", "shape": [10 << 28], "data_offsets": [0, 10 << 30]}
    text = json.dumps({"a": entry}).encode()
    data = len(text).to_bytes(8, "little") + text
    name = next(name for name, part in net.items() if b"(2,)" in part)
    shape = f"({10 << 28},)".encode()
    array = net[name].replace(b"(2,)", shape, 1)
    for part in ({"weights.safetensors": data}, {name: array}):
        tools.pack(path, net | part)
        tracemalloc.start()
        refused(path, "weights|array")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20_000_000


def test_a_file_that_is_larger_than_allowed_is_not_read(path, net):
    with pytest.raises(CorruptModelError, match="at most 1000 are allowed"):
        load(path, max_bytes=1000)


def test_a_bomb_is_refused_before_it_unpacks(path, net):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in net.items():
            big = bytes(1 << 28) if name == "model.json" else data
            archive.writestr(name, big)
    tracemalloc.start()
    refused(path, "list of parts")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_file_that_changes_while_it_is_read_is_refused(path, monkeypatch):
    save(MLPClassifier(hidden_layer_sizes=(2000,), max_iter=2).fit(X, Y), path)
    read_header = file_module.read_tensors_header

    def change_then_read(start, n_bytes):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        return read_header(start, n_bytes)

    monkeypatch.setattr(file_module, "read_tensors_header", change_then_read)
    refused(path, "checksum")


def test_a_path_that_is_replaced_while_it_is_read_does_not_matter(
    path, net, monkeypatch
):
    expected = load(path).coefs_[0]
    read_header = file_module.read_tensors_header

    def replace_then_read(start, n_bytes):
        path.unlink()
        path.write_bytes(b"something else")
        return read_header(start, n_bytes)

    monkeypatch.setattr(file_module, "read_tensors_header", replace_then_read)
    np.testing.assert_array_equal(load(path).coefs_[0], expected)


def test_a_pipe_or_a_folder_is_no_model(tmp_path):
    with pytest.raises(OSError, match="it is a folder"):
        load(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OSError, match="it is a named pipe"):
            load(tmp_path / "pipe")


# -- tables that native code uses as indices -----------------------------------------


def changed(path, model, change):
    """Save a model after a change that save itself would refuse."""
    save(model, path)
    with_tree(path, tools.parts_of(path), change)


TABLES = {
    "categories out of order": (
        OneHotEncoder().fit(WORDS),
        lambda s: s["categories_"][0]["items"].reverse(),
        "not in ascending order",
    ),
    "categories of text and numbers": (
        OneHotEncoder().fit(WORDS),
        lambda s: s["categories_"][0]["items"].__setitem__(0, 1),
        "mixes texts and numbers",
    ),
    "more columns than categories": (
        OneHotEncoder().fit(WORDS),
        lambda s: s.update(_n_features_outs=[3, 300]),
        "columns are not its categories",
    ),
    "a category that is missing": (
        OneHotEncoder(drop="first").fit(WORDS),
        lambda s: s["drop_idx_"]["items"].__setitem__(0, 7),
        "no possible number",
    ),
    "a table for a column that is missing": (
        OrdinalEncoder().fit(WORDS),
        lambda s: s["categories_"].pop(),
        "tables are of other columns",
    ),
    "a word with the number of another": (
        CountVectorizer().fit(["good day", "bad night"]),
        lambda s: s["vocabulary_"]["items"][0].__setitem__(1, 1),
        "is no index",
    ),
    "a word with a huge number": (
        CountVectorizer().fit(["good day", "bad night"]),
        lambda s: s["vocabulary_"]["items"][0].__setitem__(1, 10**9),
        "is no index",
    ),
    "scales of other columns": (
        StandardScaler().fit(X),
        lambda s: s.update(n_features_in_=4),
        "an array has the shape",
    ),
    "coefficients of other columns": (
        Ridge().fit(X, Y),
        lambda s: s.update(n_features_in_=4),
        "coefficients have other columns",
    ),
    "a step that is none": (
        make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y),
        lambda s: s["steps"][0]["items"].__setitem__(1, 3),
        "holds a step that is none",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_disagrees_with_the_others_is_refused(name, path):
    model, change, words = TABLES[name]
    changed(path, model, change)
    refused(path, words)


def test_a_vocabulary_that_the_network_does_not_have_is_refused(path):
    texts, labels = ["good day", "bad night"] * 8, [0, 1] * 8
    model = TextRNNClassifier(max_iter=1, n_networks=1, embedding_size=4, min_df=1)
    model.fit(texts, labels)

    def change(state):
        words = state["_net"]["state"]["encoder"]["state"]["_words"]["state"]["words_"]
        words["items"].append(["more", len(words["items"]) + 3])

    changed(path, model, change)
    refused(path, "vocabulary is not the network's")


def test_references_that_make_no_groups_are_refused(path):
    model = AutoencoderDetector(hidden_layer_sizes=(4,), max_iter=2).fit(X)

    def change(state):
        score = state["_scores"]["state"]["score"]["state"]
        score["n_groups_"] = 7

    changed(path, model, change)
    refused(path, "make no groups")


# -- nothing runs --------------------------------------------------------------------


def test_names_in_a_file_import_nothing(path, net, tmp_path):
    marker = tmp_path / "imported"
    (tmp_path / "evil_module.py").write_text(f"open({str(marker)!r}, 'w')")

    def change(state):
        state["callbacks"] = [{"is": "global", "name": "evil_module.f"}]

    with_tree(path, net, change)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from sknn_suite.persistence import inspect, load\n"
        "from sknn_suite.exceptions import UntrustedModelError\n"
        "print(inspect(sys.argv[2]).needs)\n"
        "try: load(sys.argv[2])\n"
        "except UntrustedModelError as error: print('evil_module' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["['evil_module.f']", "False"]
    assert not marker.exists()


def test_inspect_makes_no_object(path, net, monkeypatch):
    def fail(self, state):
        raise AssertionError("an object is made")

    monkeypatch.setattr("sknn_suite.persistence._kinds.Kind.build", fail)
    assert inspect(path).estimator == "MLPClassifier"


def test_an_untrusted_file_says_how_to_trust(path, net):
    with_tree(
        path, net, lambda s: s.update(callbacks=[{"is": "global", "name": "a.b"}])
    )
    with pytest.raises(UntrustedModelError, match=r"add trusted=\['a\.b'\]"):
        load(path)
