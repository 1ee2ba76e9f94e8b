"""Graphs answer as the models do: every family, in ONNX Runtime."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TabularClassifier,
    TabularRegressor,
    TextRNNClassifier,
    VAEDetector,
)
from sknn_suite.export import to_onnx
from sknn_suite.export._calendar import civil
from sknn_suite.export._graph import Graph, refuse_external_data
from sknn_suite.export._images import _shares
from sknn_suite.modules import ACTIVATIONS
from sknn_suite.text import Tokenizer

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
)
SIZES = (1, 2, 7, 256)
TOLERANCE = 1e-5
READER = Path(__file__).parents[2] / "docs" / "user_guide" / "read_texts.py"

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(256, 6)).astype(np.float32)
THREE = X[:, :3].argmax(axis=1)


def module_of(script):
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TextReader = module_of(READER).TextReader
TableReader = module_of(READER.with_name("read_tables.py")).TableReader


def session_of(graph):
    onnx.checker.check_model(graph, full_check=True)
    return runtime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def run(session, inputs):
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs)))


def assert_near(found, expected):
    """At most 1e-5; as a share of numbers larger than 1, whose digits are as many."""
    assert found.shape == expected.shape
    error = np.abs(found - expected) / np.maximum(np.abs(expected), 1)
    assert error.max() <= TOLERANCE


def assert_classes_agree(model, rows, inputs_of, sizes=SIZES, graph=None):
    """Compare labels and probabilities at several numbers of rows."""
    session = session_of(graph or to_onnx(model))
    for n in sizes:
        found = run(session, inputs_of(rows[:n]))
        assert_near(found["probabilities"], model.predict_proba(rows[:n]))
        expected = model.predict(rows[:n])
        assert (found["label"] == expected).all()
        assert found["label"].dtype.kind == np.asarray(expected).dtype.kind or (
            found["label"].dtype.kind == "O"
        )


def table(rows):
    return {"X": rows}


# -- tables --------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation):
    model = MLPClassifier((8, 5), activation=activation, max_iter=2, random_state=0)
    assert_classes_agree(model.fit(X, THREE), X, table, sizes=(256,))


LABELS = {
    "two texts": np.where(X[:, 0] > 0, "yes", "no"),
    "two numbers": (X[:, 0] > 0).astype(int) * 7,
    "truth": X[:, 0] > 0,
    "floats": np.where(X[:, 0] > 0, 2.0, 1.0),
    "three texts": np.array(["a", "b", "é"])[THREE],
    "several": (X[:, :3] > 0).astype(int),
    "one": np.zeros(len(X), int),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_tables_with_all_kinds_of_labels(name, precision):
    model = MLPClassifier((8,), max_iter=5, random_state=0)
    model.fit(X.astype(precision), LABELS[name])
    assert_classes_agree(model, X, table)


DECISIONS = {
    "a number": ({"decision_threshold": 0.2}, "two texts"),
    "a number for each label": ({"decision_threshold": [0.1, 0.5, 0.9]}, "several"),
    "a number for each class": ({"decision_threshold": [0.2, 0.3, 0.5]}, "three texts"),
    "a chosen one": ({"decision_threshold": "f1", "early_stopping": True}, "truth"),
    "chosen ones": (
        {"decision_threshold": "f1_macro", "early_stopping": True},
        "three texts",
    ),
    "true shares": (
        {"probabilities": "true_shares", "class_weight": "balanced"},
        "two numbers",
    ),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_thresholds_and_shares_are_inside(name):
    settings, labels = DECISIONS[name]
    model = MLPClassifier((8,), max_iter=5, random_state=0, **settings)
    assert_classes_agree(model.fit(X, LABELS[labels]), X, table)


def test_layers_that_only_training_changes():
    model = MLPClassifier((8, 5), batch_norm=True, dropout=0.5, max_iter=3)
    assert_classes_agree(model.fit(X, THREE), X, table)


def test_weights_that_the_user_assigns():
    model = MLPClassifier((8,), max_iter=3, random_state=0).fit(X, THREE)
    model.coefs_ = [2 * coef for coef in model.coefs_]
    assert_classes_agree(model, X, table)


REGRESSIONS = {
    "plain": {},
    "standardised": {"scale_target": True},
    "logarithms": {"scale_target": "log"},
    "counts": {"loss": "poisson"},
    "quantiles": {
        "loss": "quantile",
        "quantile": [0.1, 0.5, 0.9],
        "calibrated": True,
        "scale_target": True,
    },
}


def small_regressor(**settings):
    how = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}
    return MLPRegressor(**how, **settings)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_numbers_in_the_units_of_y(name):
    model = small_regressor(**REGRESSIONS[name])
    model.fit(X, np.exp(X[:, 0]) * 1000 if name == "logarithms" else np.abs(X[:, 0]))
    session = session_of(to_onnx(model))
    for n in SIZES:
        expected = model.predict(X[:n]).reshape(n, -1)
        assert_near(run(session, {"X": X[:n]})["prediction"], expected)


def test_several_numbers():
    model = small_regressor().fit(X, X[:, :2] * 5)
    found = run(session_of(to_onnx(model)), {"X": X})["prediction"]
    assert_near(found, model.predict(X))


def test_rows_of_float64():
    model = small_regressor().fit(X, X[:, 0])
    found = run(session_of(to_onnx(model, dtype="float64")), {"X": X.astype(float)})
    assert found["prediction"].dtype == np.float64
    assert_near(found["prediction"][:, 0], model.predict(X.astype(float)))


# -- mixed tables --------------------------------------------------------------------

FRAME = pd.DataFrame(
    {
        "size": X[:, 0],
        "heavy": np.exp(4 * X[:, 1]),
        "yes": X[:, 2] > 0,
        "kind": RANDOM.choice(["x", "y", "é"], 256),
        "place": RANDOM.choice([f"place {i}" for i in range(20)], 256),
        "grade": RANDOM.choice([1, 2, 30], 256),
    }
)
FRAME.loc[::7, "size"] = np.nan
FRAME.loc[::9, "kind"] = None
ODD = FRAME.copy()
ODD.loc[0, "kind"], ODD.loc[1, "heavy"], ODD.loc[2, "heavy"] = "new", 1e12, -1e12
ODD.loc[3, "heavy"], ODD.loc[4, "size"] = np.nan, 99.0


def columns(rows):
    """Make the inputs of a graph: an array for each column."""
    arrays = {}
    for name in rows:
        column = rows[[name]]
        if name in ("kind", "place", "grade"):
            arrays[name] = column.astype(str).where(column.notna(), "").to_numpy(str)
        else:
            arrays[name] = column.to_numpy(np.float32)
    return arrays


def mixed(kind, **settings):
    return kind(n_members=3, max_iter=2, random_state=0, **settings)


@pytest.mark.parametrize("labels", ["two texts", "three texts"])
def test_mixed_tables(labels):
    model = mixed(TabularClassifier, categorical_features=["grade"])
    assert_classes_agree(model.fit(FRAME, LABELS[labels]), ODD, columns)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_mixed_tables_and_numbers(loss):
    settings = {"quantile": [0.1, 0.9]} if loss == "quantile" else {}
    model = mixed(TabularRegressor, loss=loss, **settings)
    model.fit(FRAME[["size", "heavy"]], X[:, 3])
    session = session_of(to_onnx(model))
    for n in SIZES:
        rows = ODD[["size", "heavy"]][:n].astype(np.float32)
        found = run(session, columns(rows))["prediction"]
        assert_near(found, model.predict(rows).reshape(n, -1))


def test_mixed_tables_of_categories_alone():
    model = mixed(TabularClassifier).fit(FRAME[["kind", "place"]], LABELS["truth"])
    assert_classes_agree(model, ODD[["kind", "place"]], columns)


DATES = pd.Timestamp("1999-12-30 13:00") + pd.to_timedelta(
    RANDOM.randint(0, 10**9, 256), unit="s"
)
ALL_KINDS = FRAME.assign(
    sold=DATES,
    day=pd.Series(pd.date_range("2023-11-01", periods=256)).dt.normalize(),
    name=[f"Mr. {chr(97 + i % 26)} Straße {i} {'ÜB' * (i % 3)}" for i in range(256)],
    gain=np.where(RANDOM.random(256) < 0.7, 0.1, X[:, 4]),
    same=1,
)
ALL_KINDS.loc[::11, "sold"] = pd.NaT
ALL_KINDS.loc[::13, "gain"] = np.nan
ALL_KINDS.loc[::17, "name"] = None
NEW_KINDS = ALL_KINDS.copy()
NEW_KINDS[["size", "heavy"]] = ODD[["size", "heavy"]].astype(np.float32)
NEW_KINDS["kind"] = ODD["kind"]
NEW_KINDS.loc[3, "sold"] = pd.Timestamp("1931-02-28 23:59:59")
NEW_KINDS.loc[4, "sold"] = pd.Timestamp("2200-02-28")
NEW_KINDS.loc[5, "sold"] = pd.Timestamp("2000-02-29 00:00:01")
NEW_KINDS.loc[6, "name"] = "日本 x"


@pytest.mark.parametrize("labels", ["two texts", "three texts"])
def test_dates_texts_and_columns_that_are_left_out(labels):
    model = mixed(TabularClassifier, categorical_features=["grade"])
    model.fit(ALL_KINDS, LABELS[labels])
    assert set(model.column_kinds_.values()) > {"date", "text", "constant"}
    graph = to_onnx(model)
    assert "same" not in [one.name for one in graph.graph.input]
    described = session_of(graph).get_modelmeta().custom_metadata_map["columns"]
    reader = TableReader(described)
    assert_classes_agree(model, NEW_KINDS, reader, graph=graph)


def test_a_column_that_is_mostly_one_number_that_float32_lacks():
    rows = pd.DataFrame({"gain": ALL_KINDS["gain"], "size": X[:, 0].astype(float)})
    model = mixed(TabularClassifier).fit(rows, LABELS["truth"])
    assert model._net.encoder.numbers_.is_mostly_one_.all()
    # The rows are float64: in float32 the usual number is still the usual one.
    found = run(session_of(to_onnx(model)), columns(rows))["probabilities"]
    assert_near(found, model.predict_proba(rows))


@pytest.mark.parametrize(
    "day", ["0001-01-01", "1600-02-29", "1969-12-31", "9999-12-31"]
)
def test_the_calendar_is_numpy_s(day):
    days = np.datetime64(day) + np.arange(-400, 400)
    found = civil(days.astype("datetime64[D]").astype(float), np.floor)
    months = days.astype("datetime64[M]")
    np.testing.assert_array_equal(
        found[0], days.astype("datetime64[Y]").astype(int) + 1970
    )
    np.testing.assert_array_equal(found[1], months.astype(int) % 12 + 1)
    np.testing.assert_array_equal(found[2], (days - months).astype(int) + 1)


def test_the_reader_of_tables_reads_what_people_write():
    described = {
        "columns": [
            {"name": "n", "kind": "number"},
            {
                "name": "c",
                "kind": "category",
                "levels": ["3", "True"],
                "code_of_gap": 3,
            },
            {"name": "d", "kind": "date"},
        ],
        "n_buckets": 8,
        "ngrams": [2, 4],
    }
    rows = {
        "n": [1, " 2.5 ", "", None],
        "c": [3.0, np.True_, float("nan"), "new"],
        "d": [np.datetime64("1970-01-02"), "1970-01-01 00:00:01", pd.NaT, None],
    }
    found = TableReader(json.dumps(described)).arrays(rows)
    np.testing.assert_array_equal(found["numbers"].ravel(), [1, 2.5, np.nan, np.nan])
    assert found["categories"].ravel().tolist() == [1, 2, 3, 0]
    np.testing.assert_array_equal(found["dates"].ravel(), [86400, 1, np.nan, np.nan])


# -- detectors -----------------------------------------------------------------------

VALUES = {
    "gaussian": X,
    "huber": X,
    "laplace": X,
    "student_t": X,
    "bernoulli": (X > 0).astype(np.float32),
    "poisson": np.floor(np.exp(X)),
    "categorical": np.eye(3, dtype=np.float32)[
        RANDOM.randint(3, size=(256, 3))
    ].reshape(256, 9),
}
SCORES = ("auto", "reconstruction", "likelihood", "latent", "typicality")


def assert_scores_agree(model, rows, dtype="float32", sizes=SIZES):
    session = session_of(to_onnx(model, dtype=dtype))
    for n in sizes:
        found = run(session, {"X": rows[:n].astype(dtype)})
        assert_near(found["scores"], model.score_samples(rows[:n]))
        assert_near(found["decision"], model.decision_function(rows[:n]))
        assert (found["label"] == model.predict(rows[:n])).all()


@pytest.mark.parametrize("score_method", SCORES)
@pytest.mark.parametrize("detector", [AutoencoderDetector, VAEDetector])
def test_detectors_of_real_numbers(detector, score_method):
    model = detector(score_method=score_method, max_iter=3, random_state=0)
    assert_scores_agree(model.fit(X * 3 + 7), X * 3 + 7)


@pytest.mark.parametrize("distribution", VALUES)
@pytest.mark.parametrize("detector", [AutoencoderDetector, VAEDetector])
def test_detectors_of_other_values(detector, distribution):
    rows = VALUES[distribution]
    model = detector(
        distribution=distribution,
        score_method="likelihood",
        n_estimators=2,
        max_iter=2,
        random_state=0,
    )
    assert_scores_agree(model.fit(rows), rows, sizes=(256,))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("distribution", ["bernoulli", "poisson", "categorical"])
def test_the_default_score_of_other_values(distribution, dtype):
    rows = VALUES[distribution].astype(dtype)
    model = AutoencoderDetector(distribution=distribution, max_iter=2, random_state=0)
    assert_scores_agree(model.fit(rows), rows, dtype, sizes=(1, 256))


@pytest.mark.parametrize(
    "settings",
    [
        {"tied_weights": True, "activation": "prelu", "variance": "feature"},
        {"variance": "row", "shortcut": False},
        {"scaling": "robust"},
        {"scaling": None},
    ],
    ids=str,
)
def test_other_autoencoders(settings):
    settings = {"score_method": "likelihood", "max_iter": 2, **settings}
    assert_scores_agree(AutoencoderDetector(random_state=0, **settings).fit(X), X)


def test_a_training_row_has_its_own_score_although_units_are_odd():
    # Its values are quantiles of their columns: the last bit decides.
    rows = 1.4e9 + np.round(X.astype(float) * 1e4) / 3
    model = AutoencoderDetector(max_iter=2, random_state=0).fit(rows)
    assert_scores_agree(model, rows, "float64")


# -- sequences -----------------------------------------------------------------------

STEPS = [RANDOM.normal(size=(1 + i % 12, 3)) * 5 for i in range(256)]
UP = np.array(["up" if steps[:, 0].sum() > 0 else "down" for steps in STEPS])


def padded(sequences, longest=0):
    lengths = np.array([len(steps) for steps in sequences])
    values = np.zeros((len(lengths), max(longest, lengths.max()), 3), np.float32)
    for row, steps in zip(values, sequences):
        row[: len(steps)] = steps
    return {"X": values, "lengths": lengths}


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"pooling": "last", "n_networks": 2},
        {
            "pooling": ["attention", "mean", "max", "last"],
            "hidden_sizes": (6, 4),
            "batch_norm": True,
        },
        {"pooling": ["last", "max"], "bidirectional": False, "dense_size": 0},
    ],
    ids=str,
)
def test_sequences(cell, settings):
    settings = {"hidden_sizes": (6,), "dense_size": 5, **settings}
    model = RNNClassifier(cell=cell, max_iter=1, random_state=0, **settings)
    assert_classes_agree(model.fit(STEPS, UP), STEPS, padded)


@pytest.mark.parametrize("n_steps", [1, 3, 12, 40])
def test_the_length_is_free_and_padding_has_no_effect(n_steps):
    model = RNNClassifier(hidden_sizes=(6,), max_iter=1, random_state=0)
    model.fit(STEPS, UP)
    rows = [steps for steps in STEPS if len(steps) <= n_steps][:20]
    assert_classes_agree(model, rows, lambda part: padded(part, n_steps), (1, 7, 20))
    longer = [np.tile(steps, (5, 1))[:n_steps] for steps in rows]
    assert_classes_agree(model, longer, padded, (1, 7, 20))


# -- texts ---------------------------------------------------------------------------

WORDS = [
    *["good", "bad", "fine", "awful", "film", "the", "of", "was", "It's", "100,000"],
    *["3.5", "10:30", "#tag", "@user", "http://x.org/a", ":-)", "<3", "👍🏽", "co-op"],
    *["naïve", "日本語", "straße", "soooooo", "ΟΔΟΣ", "हिन्दी", "x_1"],
]
TEXTS = [" ".join(RANDOM.choice(WORDS, 1 + i % 20)) for i in range(120)]
TEXTS += ["", "  ", "!!!", "\x1e odd", "e\u0301te\u0301"]
MOOD = ["pos" if "good" in text else "neg" for text in TEXTS]
NEW = [*TEXTS[-20:], "goodish filmx unseen", "good " * 60, *TEXTS] * 2
VECTORS = {word.lower(): RANDOM.normal(size=4) for word in WORDS[:8]}
MASKED = Tokenizer(
    lowercase=False,
    punctuation=False,
    numbers="mask",
    urls="drop",
    mentions="keep",
    hashtags="split",
    emoji="mask",
    repeated_letters=1,
)
SMALL = {"hidden_sizes": (4,), "dense_size": 4, "embedding_size": 5, "max_iter": 1}
READINGS = {
    "all": {"embeddings": VECTORS},
    "no wide branch": {"wide": False, "cell": "gru"},
    "no pieces": {"subwords": False, "max_length": 8, "n_networks": 1},
    "only words and pairs": {"wide_letters": False, "wide_ngrams": 2},
    "only given vectors": {"embedding_size": 0, "embeddings": VECTORS, "wide": False},
    "characters": {"tokenizer": Tokenizer("char")},
    "masks": {"tokenizer": MASKED},
    "other masks": {"tokenizer": Tokenizer(hashtags="mask", numbers="drop")},
}


@pytest.mark.parametrize("name", READINGS)
def test_texts_by_a_reader_of_numpy_alone(name):
    model = TextRNNClassifier(**{**SMALL, **READINGS[name]}, random_state=0)
    graph = to_onnx(model.fit(TEXTS, MOOD))
    metadata = session_of(graph).get_modelmeta().custom_metadata_map
    reader = TextReader(metadata["texts"])
    tokenizer = READINGS[name].get("tokenizer") or Tokenizer()
    assert [reader.tokens(text) for text in NEW] == [tokenizer(text) for text in NEW]
    assert_classes_agree(model, NEW, reader, graph=graph)


def test_a_tokenizer_that_is_a_function_stays_with_its_owner():
    model = TextRNNClassifier(**SMALL, tokenizer=str.split, random_state=0)
    graph = to_onnx(model.fit(TEXTS, MOOD))
    metadata = session_of(graph).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["texts"])["tokenizer"] is None
    reader = TextReader(metadata["texts"])
    found = run(session_of(graph), reader([text.split() for text in TEXTS[:7]]))
    assert_near(found["probabilities"], model.predict_proba(TEXTS[:7]))


@pytest.mark.parametrize("n_words", [1, 5, 30, 200])
def test_the_length_of_texts_is_free(n_words):
    model = TextRNNClassifier(**SMALL, max_length=None, random_state=0)
    graph = to_onnx(model.fit(TEXTS, MOOD))
    reader = TextReader(session_of(graph).get_modelmeta().custom_metadata_map["texts"])
    texts = [" ".join(RANDOM.choice(WORDS, n_words)) for _ in range(7)]
    assert_classes_agree(model, texts, reader, (1, 2, 7), graph)


def test_the_reader_imports_numpy_alone():
    code = (
        f"import sys; sys.path.insert(0, {str(READER.parent)!r}); import read_texts\n"
    )
    code += "assert not {'torch', 'sklearn', 'sknn_suite', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# -- images --------------------------------------------------------------------------

IMAGES = RANDOM.randint(0, 256, (256, 16, 16, 3)).astype(np.uint8)
KINDS = np.arange(256) % 3
NETWORKS = {
    "mlp": {},
    "lenet5": {},
    "resnet_small": {"activation": "silu"},
    "airbench": {},
}
LAYERS = [
    (4, 3, 1, "same", "tanh"),
    "batch_norm",
    "average_pool",
    ("spatial_dropout", 0.1),
    (6, 3, 2),
    "global_max_pool",
    5,
]


@pytest.mark.parametrize("name", NETWORKS)
def test_images_of_bytes(name):
    model = CNNClassifier(name, max_iter=1, random_state=0, **NETWORKS[name])
    assert_classes_agree(model.fit(IMAGES[:32], KINDS[:32]), IMAGES, table)


@pytest.mark.parametrize("last", ["global_max_pool", "global_average_pool"])
def test_images_by_layers(last):
    layers = [last if layer == "global_max_pool" else layer for layer in LAYERS]
    model = CNNClassifier(layers, max_iter=1, random_state=0)
    assert_classes_agree(model.fit(IMAGES[:32], KINDS[:32]), IMAGES, table, (1, 7))


def test_images_of_numbers_and_two_classes():
    rows = (IMAGES / 255).astype(np.float32)[..., :1]
    model = CNNClassifier("lenet5", max_iter=1, random_state=0)
    assert_classes_agree(model.fit(rows, KINDS > 0), rows, table)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_flat_rows(data_format):
    shape = (3, 2, 2) if data_format == "channels_first" else (2, 2, 3)
    rows = np.hstack([X, X[:, ::-1]])
    model = CNNClassifier(
        image_shape=shape, data_format=data_format, max_iter=1, random_state=0
    )
    assert_classes_agree(model.fit(rows, KINDS), rows, table)


def test_views_that_are_averaged():
    changes = ["flip", "flip_vertical", "rotate90", "shift"]
    model = CNNClassifier("lenet5", augment=changes, n_tta=12, max_iter=1)
    assert_classes_agree(model.fit(IMAGES[:32], KINDS[:32]), IMAGES, table, (1, 7))


@pytest.mark.parametrize(("n", "n_after"), [(1, 7), (7, 7), (10, 7), (6, 3), (5, 2)])
def test_pooling_to_a_size_is_that_of_torch(n, n_after):
    x = torch.arange(float(n * n)).view(1, 1, n, n).sin()
    expected = nn.AdaptiveAvgPool2d(n_after)(x)
    shares = torch.from_numpy(_shares(n, n_after)).float()
    torch.testing.assert_close(shares @ x @ shares.T, expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["alexnet", "inception", "resnet18", "resnet50", "vgg11"]
)
def test_large_networks(name):
    rows = RANDOM.randint(0, 256, (8, 64, 64, 3)).astype(np.uint8)
    model = CNNClassifier(name, max_iter=1, random_state=0).fit(rows, KINDS[:8])
    assert_classes_agree(model, rows, table, sizes=(1, 7))


class Own(nn.Module):
    """A network of the user's own."""

    def __init__(self, n_outputs=2, in_channels=3):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, 4, 3, stride=2)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4 * 7 * 7, n_outputs)

    def forward(self, x):
        x = nn.functional.leaky_relu(self.norm(self.convolution(x)))
        return self.head(x.flatten(1))


class ByValues(Own):
    """One whose steps depend on values, which a graph cannot follow."""

    def forward(self, x):
        return super().forward(x * 2 if x.mean() > 0 else x)


class BySize(Own):
    """One whose answers depend on the number of rows."""

    def forward(self, x):
        return super().forward(x) * len(x)


class Unknown(Own):
    """One with a function that ONNX lacks."""

    def forward(self, x):
        return super().forward(torch.special.i1(x))


def test_a_network_of_the_users_own():
    model = CNNClassifier(Own, max_iter=1, random_state=0)
    assert_classes_agree(model.fit(IMAGES[:32], KINDS[:32] > 0), IMAGES, table)


@pytest.mark.parametrize("kind", [ByValues, BySize])
def test_a_graph_of_the_users_own_that_differs_is_refused(kind):
    model = CNNClassifier(kind, max_iter=1, random_state=0).fit(IMAGES[:9], KINDS[:9])
    with pytest.raises(ValueError, match=r"differs .*\. Expected at most .*\. Avoid"):
        to_onnx(model)


def test_a_network_that_torch_cannot_write_is_refused():
    model = CNNClassifier(Unknown, max_iter=1, random_state=0)
    model.fit(IMAGES[:9], KINDS[:9])
    with pytest.raises(ValueError, match=r"cannot write Unknown: .*\. Expected a .*"):
        to_onnx(model)


# -- the file ------------------------------------------------------------------------


def test_a_file_holds_all_and_says_what_it_is(tmp_path):
    model = MLPClassifier((8,), max_iter=2, random_state=0).fit(X, THREE)
    graph = to_onnx(model, tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    assert session.get_modelmeta().custom_metadata_map["estimator"] == "MLPClassifier"
    assert session.get_inputs()[0].shape == ["n_rows", 6]
    to_onnx(model, tmp_path / "again.onnx")
    same = (tmp_path / name for name in ("model.onnx", "again.onnx"))
    assert len({path.read_bytes() for path in same}) == 1
    assert graph.ByteSize() < 5000


def test_weights_in_other_files_are_refused():
    graph = to_onnx(MLPClassifier((8,), max_iter=2).fit(X, THREE))
    graph.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(ValueError, match=r"other files\. Expected .*\. Make"):
        refuse_external_data(graph)


def test_weights_that_no_file_can_hold_are_refused(monkeypatch):
    monkeypatch.setattr("sknn_suite.export._graph.MOST_BYTES", 100)
    with pytest.raises(ValueError, match=r"GiB.*\. Expected .*refused.*\. Train"):
        to_onnx(MLPClassifier((8,), max_iter=2).fit(X, THREE))


def test_equal_constants_are_stored_once():
    graph = Graph()
    assert graph.constant(np.ones(3)).name == graph.constant(np.ones(3)).name
    assert graph.constant(np.ones(3)).name != graph.constant(np.ones(3, int)).name


def test_what_has_no_graph_says_so():
    with pytest.raises(ValueError, match=r"got a str, .*\. Expected .*\. Pass one"):
        to_onnx("model")
    with pytest.raises(ValueError, match=r"dtype='half' .*\. Expected .*\. Choose"):
        to_onnx(MLPClassifier((8,), max_iter=2).fit(X, THREE), dtype="half")
    mixed = MLPClassifier((8,), max_iter=2).fit(X, THREE)
    mixed._net.target.classes_ = np.array([0, "a", 2], object)
    with pytest.raises(ValueError, match=r"labels of the type .*\. Expected .*\. Fit"):
        to_onnx(mixed)
