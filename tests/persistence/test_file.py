"""A saved model is the same model, whole, and nothing else."""

import copy
import gc
import gzip
import io
import json
import os
import pickle
import subprocess
import sys
import types
import weakref
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from imblearn import FunctionSampler
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from sklearn.base import clone
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    LabelBinarizer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier

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
from sknn_suite.exceptions import (
    CorruptModelError,
    SuiteWarning,
    UntrustedModelError,
)
from sknn_suite.imbalance import (
    AnyShape,
    GANOverSampler,
    LatentSMOTE,
    VAEOverSampler,
)
from sknn_suite.persistence import load, save
from sknn_suite.text import Tokenizer

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # few epochs are enough here
)

RANDOM = np.random.RandomState(0)
X = np.abs(RANDOM.normal(size=(60, 4)))
Y = (X[:, 0] > 0.7).astype(int)
THREE = np.array(["ant", "bee", "cat"] * 20)
WORDS = np.array([["a", "x"], ["b", "y"], ["b", "z"]] * 20, object)
TEXTS = ["good day", "bad night", "good night", "bad evening"] * 10
LABELS = ["yes", "no", "yes", "no"] * 10
IMAGES = RANDOM.randint(0, 255, (24, 8, 8, 1)).astype(np.uint8)
STEPS = RANDOM.normal(size=(20, 5, 2))
TABLE = pd.DataFrame(
    {"a": X[:, 0], "b": WORDS[:, 0], "c": X[:, 1], "t": ["good day", "bad night"] * 30}
)
MIXED = TABLE.assign(
    sold=np.datetime64("2026-01-01") + np.arange(60),
    name=[f"Mr. {chr(97 + i % 26)} Nr {i}" for i in range(60)],
    gaps=np.where(X[:, 2] > 1, np.nan, X[:, 2]),
    many=[f"level {i % 15}" for i in range(60)],
    gain=np.where(np.arange(60) % 5, 0.0, np.arange(60.0)),
    same=1,
)
SMALL = {"max_iter": 2, "random_state": 0}
SMALL_PACK = {"n_members": 3, **SMALL}

NETS = {
    "mlp": (MLPClassifier(**SMALL), X, Y),
    "three classes": (
        MLPClassifier(batch_norm=True, activation="prelu", **SMALL),
        X,
        THREE,
    ),
    "several labels": (MLPClassifier(solver="lbfgs", **SMALL), X, np.c_[Y, 1 - Y, Y]),
    "early stopping": (MLPClassifier(early_stopping=True, **SMALL), X, Y),
    "float32": (MLPClassifier(precision="float32", **SMALL), X, Y),
    "regressor": (MLPRegressor(**SMALL), X, X[:, 0]),
    "several numbers": (MLPRegressor(scale_target=True, **SMALL), X, X[:, :2]),
    "quantiles": (
        MLPRegressor(loss="quantile", quantile=[0.1, 0.5, 0.9], **SMALL),
        X,
        X[:, 0],
    ),
    "mixed table": (TabularClassifier(**SMALL_PACK), MIXED, THREE),
    "mixed table held out": (TabularClassifier(cv=None, **SMALL_PACK), MIXED, Y),
    "mixed table of numbers": (TabularRegressor(**SMALL_PACK), X, X.sum(axis=1)),
    "mixed table of quantiles": (
        TabularRegressor(
            loss="quantile", quantile=[0.1, 0.9], calibrated=True, **SMALL_PACK
        ),
        MIXED,
        X.sum(axis=1),
    ),
    "mixed table of counts": (
        TabularRegressor(loss="poisson", text_features="drop", **SMALL_PACK),
        MIXED,
        np.rint(9 * X[:, 0]),
    ),
    "autoencoder": (AutoencoderDetector(**SMALL), X, None),
    "latent": (AutoencoderDetector(score_method="latent", **SMALL), X, None),
    "categorical": (
        AutoencoderDetector(distribution="categorical", **SMALL),
        np.eye(4)[RANDOM.randint(0, 4, 60)],
        None,
    ),
    "vae": (VAEDetector(**SMALL), X, None),
    "likelihood": (VAEDetector(score_method="likelihood", **SMALL), X, None),
    "typicality": (VAEDetector(score_method="typicality", **SMALL), X, None),
    "texts": (TextRNNClassifier(n_networks=1, **SMALL), TEXTS, LABELS),
    "letters": (
        TextRNNClassifier(
            tokenizer=Tokenizer("char"),
            embeddings={"g": [1.0, 2.0], "b": [0.0, 1.0]},
            wide=False,
            n_networks=1,
            **SMALL,
        ),
        TEXTS,
        LABELS,
    ),
    "sequences": (RNNClassifier(**SMALL), STEPS, Y[:20]),
    "images": (CNNClassifier(**SMALL), IMAGES, THREE[:24]),
    "layers": (
        CNNClassifier(architecture=[(8, 3), "pool", 16], **SMALL),
        IMAGES,
        Y[:24],
    ),
}

STEPS_OF_SKLEARN = {
    "numbers": (
        [
            StandardScaler(),
            StandardScaler(with_mean=False),
            MinMaxScaler(),
            MaxAbsScaler(),
            RobustScaler(),
            Normalizer(),
            Binarizer(),
            QuantileTransformer(n_quantiles=10),
            PowerTransformer(),
            FunctionTransformer(),
            PCA(2),
            TruncatedSVD(2),
            SimpleImputer(),
            SimpleImputer(add_indicator=True, missing_values=X[0, 0]),
            MissingIndicator(missing_values=X[0, 0]),
            TfidfTransformer(),
            make_union(StandardScaler(), PCA(1)),
            ColumnTransformer(
                [("s", StandardScaler(), [0, 1])], remainder=MinMaxScaler()
            ),
            ColumnTransformer(
                [
                    ("s", StandardScaler(), slice(0, 2)),
                    ("m", MinMaxScaler(), [True, False, True, False]),
                ]
            ),
        ],
        X,
    ),
    "categories": (
        [
            OneHotEncoder(),
            OneHotEncoder(drop="first", min_frequency=21),
            OneHotEncoder(drop="if_binary", sparse_output=False, dtype=np.float32),
            OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=2),
            OrdinalEncoder(),
            OrdinalEncoder(min_frequency=25),
            TargetEncoder(),
            SimpleImputer(strategy="most_frequent"),
        ],
        WORDS,
    ),
    "texts": (
        [
            CountVectorizer(),
            TfidfVectorizer(ngram_range=(1, 2), stop_words=["day"]),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)),
            HashingVectorizer(n_features=32),
        ],
        TEXTS,
    ),
    "dicts": ([DictVectorizer()], [{"a": 1, "b": "x"}, {"b": "y"}]),
    "table": (
        [
            ColumnTransformer(
                [
                    ("n", StandardScaler(), make_column_selector(dtype_include=float)),
                    ("c", OneHotEncoder(), ["b"]),
                    ("t", TfidfVectorizer(), "t"),
                    ("d", "drop", []),
                ]
            ),
            ColumnTransformer(
                [("n", StandardScaler(), ["a"])], remainder="passthrough"
            ).set_output(transform="pandas"),
        ],
        TABLE,
    ),
}

MODELS_OF_SKLEARN = [
    LinearRegression(),
    Ridge(),
    Lasso(),
    ElasticNet(),
    BayesianRidge(),
    HuberRegressor(),
    SGDRegressor(random_state=0),
    LinearSVR(random_state=0),
    LogisticRegression(),
    LogisticRegression(solver="saga", l1_ratio=0.5, random_state=0),
    RidgeClassifier(),
    SGDClassifier(loss="log_loss", random_state=0),
    LinearSVC(random_state=0),
    FixedThresholdClassifier(LogisticRegression(), threshold=0.3),
    TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
]


def answers(model, X):
    """All that a model says about rows."""
    found = {}
    for name in ("predict", "predict_proba", "score_samples", "decision_function"):
        if hasattr(model, name):
            found[name] = getattr(model, name)(X)
    if hasattr(model, "transform"):
        found["transform"] = model.transform(X)
    return found


def assert_same(model, other, X):
    ours, theirs = answers(model, X), answers(other, X)
    assert ours.keys() == theirs.keys()
    assert ours
    for name, value in ours.items():
        other_value = theirs[name]
        assert type(value) is type(other_value)
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, other_value, check_exact=True)
            continue
        if hasattr(value, "toarray"):
            value, other_value = value.toarray(), other_value.toarray()
        assert value.dtype == other_value.dtype
        np.testing.assert_array_equal(value, other_value, err_msg=name)


def assert_survives(model, X, path, **how):
    save(model, path, **how)
    again = load(path, **how)
    assert type(again) is type(model)
    assert_same(model, again, X)
    first = path.read_bytes()
    save(again, path, **how)
    assert path.read_bytes() == first
    return again


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.sknn"


@pytest.mark.parametrize("name", NETS)
def test_an_estimator_of_the_suite_predicts_the_same_bits(name, path):
    model, rows, target = NETS[name]
    model = clone(model).fit(rows, target)
    again = assert_survives(model, rows, path)
    assert again.get_params().keys() == model.get_params().keys()
    assert repr(again) == repr(model)
    assert again.history_ == model.history_
    assert vars(again).keys() == vars(model).keys()
    weights = sum(w.nbytes for w in model._fitted_net().weights.values())
    scores = getattr(model, "_scores", None)
    if "mixed table" in name:
        weights += sum(d.nbytes for d in model._net.encoder.strings_.directions_)
    learnt = (
        0
        if scores is None
        else sum(
            a.nbytes for a in vars(scores.score).values() if isinstance(a, np.ndarray)
        )
    )
    assert path.stat().st_size <= 1.1 * (weights + learnt) + 50_000


def _by_joblib(model, path):
    joblib.dump(model, path)
    return joblib.load(path)


def _by_skops(model, path):
    skops = pytest.importorskip("skops.io", reason="is not installed")
    skops.dump(model, path)
    return skops.load(path, trusted=skops.get_untrusted_types(file=path))


TRAVELS = {
    "save": lambda model, path: (save(model, path), load(path))[1],
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "joblib": _by_joblib,
    "skops": _by_skops,
}


@pytest.mark.parametrize("how", TRAVELS)
@pytest.mark.parametrize("name", NETS)
def test_each_row_alone_is_predicted_with_the_same_bits(name, how, path):
    """A product with one row depends on the strides of the weights."""
    model, rows, target = NETS[name]
    model = clone(model).fit(rows, target)
    again = TRAVELS[how](model, path)
    for i in range(min(len(rows), 40)):
        assert_same(model, again, rows[i : i + 1])


@pytest.mark.parametrize("name", ["mlp", "regressor"])
def test_a_loaded_model_goes_on_training_and_copying(name, path):
    model, rows, target = NETS[name]
    model = clone(model).set_params(warm_start=True).fit(rows, target)
    save(model, path)
    again = load(path)
    assert_same(copy.deepcopy(again), model, rows)
    assert_same(pickle.loads(pickle.dumps(again)), model, rows)
    before = again.predict(rows)
    again.fit(rows, target)
    assert not np.array_equal(again.coefs_[0], model.coefs_[0])
    assert again.predict(rows).shape == before.shape
    assert clone(again).get_params() == model.get_params()


def test_a_loaded_model_takes_more_rows(path):
    model = MLPClassifier(random_state=0).partial_fit(X, Y, classes=[0, 1])
    save(model, path)
    again = load(path)
    seen = again.t_
    again.partial_fit(X, Y)
    assert again.t_ == seen + len(X)
    assert again.predict(X).shape == Y.shape


@pytest.mark.parametrize(
    ("step", "rows"),
    [
        pytest.param(step, rows, id=f"{name}-{i}-{type(step).__name__}")
        for name, (steps, rows) in STEPS_OF_SKLEARN.items()
        for i, step in enumerate(steps)
    ],
)
def test_a_step_of_scikit_learn_transforms_to_the_same_bits(step, rows, path):
    target = Y if isinstance(step, TargetEncoder) else None
    assert_survives(clone(step).fit(rows, target), rows, path)


@pytest.mark.parametrize("model", MODELS_OF_SKLEARN, ids=lambda m: type(m).__name__)
def test_a_linear_model_of_scikit_learn_predicts_the_same_bits(model, path):
    model = clone(model)
    assert_survives(model.fit(X, Y), X, path)
    if hasattr(model, "classes_") and not isinstance(model, FixedThresholdClassifier):
        assert_survives(model.fit(X, THREE), X, path)


@pytest.mark.parametrize("labels", [[3, 1, 2], list("cab")])
@pytest.mark.parametrize("kind", [LabelEncoder, LabelBinarizer])
def test_encoders_of_labels_stay(kind, labels, path):
    encoder = kind().fit(labels)
    save(encoder, path)
    expected = encoder.transform(labels)
    np.testing.assert_array_equal(load(path).transform(labels), expected)


def test_a_pipeline_of_texts_numbers_and_categories_stays(path):
    columns = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["a", "c"]),
            ("c", OneHotEncoder(handle_unknown="ignore"), ["b"]),
            ("t", TextRNNClassifier(n_networks=1, wide=False, **SMALL), "t"),
        ]
    )
    model = make_pipeline(columns, MLPClassifier(**SMALL)).fit(TABLE, Y)
    again = assert_survives(model, TABLE, path)
    assert list(again.feature_names_in_) == list(TABLE)


def test_the_best_estimator_of_a_search_is_saved(path):
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SMALL))
    grid = {"mlpclassifier__alpha": [0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    save(search, path)
    assert_same(search.best_estimator_, load(path), X)


SAMPLERS = {
    "smote": SMOTE(k_neighbors=3, random_state=0),
    "both": SMOTETomek(smote=SMOTE(k_neighbors=2, random_state=0), random_state=0),
    "any shape": AnyShape(SMOTE(random_state=0), random_state=0),
    "latent": LatentSMOTE(max_iter=2, random_state=0),
    "vae": VAEOverSampler(max_iter=2, random_state=0),
    "gan": GANOverSampler(max_iter=2, random_state=0),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_in_a_pipeline_is_kept_by_its_parameters(name, path):
    steps = (StandardScaler(), SAMPLERS[name], MLPClassifier(**SMALL))
    model = make_resampling_pipeline(*steps)
    rare = (X[:, 0] > 1.2).astype(int)
    model.fit(X, rare)
    again = assert_survives(model, X, path)
    sampler = again.steps[1][1]
    assert vars(sampler).keys() == sampler.get_params(deep=False).keys()
    assert repr(again) == repr(model)
    assert_same(clone(again).fit(X, rare), model, X)


def test_samplers_of_others_must_be_named(path):
    model = make_resampling_pipeline(FunctionSampler(), Ridge()).fit(X, Y)
    with pytest.raises(UntrustedModelError, match="FunctionSampler"):
        save(model, path)


def test_a_frozen_model_stays(path):
    assert_survives(FrozenEstimator(Ridge().fit(X, Y)), X, path)


def test_a_model_is_freed_with_its_last_name(path):
    save(MLPClassifier(**SMALL).fit(X, Y), path)
    loaded = load(path)
    array = next(iter(loaded._fitted_net().weights.values()))
    weights = weakref.ref(array if array.base is None else array.base)
    del array
    gc.disable()  # it would free what only holds itself
    try:
        del loaded
        assert weights() is None
    finally:
        gc.enable()


def test_fortran_order_stays(path):
    model = MLPClassifier(**SMALL).fit(X, Y)
    model.coefs_ = [np.asfortranarray(model.coefs_[0]), model.coefs_[1]]
    save(model, path)
    assert load(path).coefs_[0].flags.f_contiguous


def test_a_generator_of_the_user_stays_in_its_state(path):
    model = MLPClassifier(max_iter=2, random_state=np.random.RandomState(3)).fit(X, Y)
    save(model, path)
    expected = model.random_state.random(3)
    np.testing.assert_array_equal(load(path).random_state.random(3), expected)


# -- what is not in the file ---------------------------------------------------------


@pytest.mark.parametrize("name", ["mlp", "autoencoder", "vae", "texts", "pipeline"])
def test_no_training_row_is_in_the_file(name, path):
    marker = 0.123456789012345
    if name == "texts":
        texts = ["Xylophone quagmire zebra", *TEXTS]
        model = TextRNNClassifier(n_networks=1, **SMALL).fit(texts, ["no", *LABELS])
        save(model, path)
        assert texts[0].lower().encode() not in path.read_bytes().lower()
        return
    rows = X.copy()
    rows[7] = marker
    rows[7, 1] = np.median(X[:, 1]) + 1e-9
    if name == "pipeline":
        model = make_pipeline(StandardScaler(), MLPClassifier(**SMALL)).fit(rows, Y)
    else:
        model, _, target = NETS[name]
        model = clone(model).fit(rows, target if target is None else Y)
    save(model, path)
    data = path.read_bytes()
    for value in (marker, rows[7, 1]):
        assert np.float64(value).tobytes() not in data
        assert repr(float(value)).encode() not in data


def test_the_results_of_a_search_are_not_in_the_file(path):
    grid = {"alpha": [0.123456789, 1.0]}
    search = GridSearchCV(MLPClassifier(**SMALL), grid, cv=2, n_jobs=1).fit(X, Y)
    save(search, path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("model.json").decode()
    assert "cv_results_" not in text
    assert "mean_test_score" not in text


# -- the file ------------------------------------------------------------------------


def test_two_saves_are_the_same_bytes(tmp_path):
    model = MLPClassifier(**SMALL).fit(X, Y)
    save(model, tmp_path / "a")
    model.predict(X)
    save(model, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_tools_can_open_the_zip(path):
    save(MLPClassifier(**SMALL).fit(X, Y), path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        names = [part["name"] for part in manifest["parts"]]
        assert archive.namelist() == ["manifest.json", *names]
        tools = pytest.importorskip("safetensors.numpy", reason="is not installed")
        weights = tools.load(archive.read("weights.safetensors"))
    assert sum(w.size for w in weights.values()) == 601


def test_a_save_that_fails_leaves_the_old_file(path, tmp_path):
    save(MLPClassifier(**SMALL).fit(X, Y), path)
    before = path.read_bytes()
    with pytest.raises(NotFittedError):
        save(MLPClassifier(), path)
    with pytest.raises(UntrustedModelError, match=r"\. Expected .*\. If you"):
        save(DecisionTreeClassifier().fit(X, Y), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_is_missing_is_named(tmp_path):
    model = MLPClassifier(**SMALL).fit(X, Y)
    with pytest.raises(OSError, match=r"no such file .*\. Expected a folder"):
        save(model, tmp_path / "missing" / "a.sknn")
    with pytest.raises(OSError, match=r"cannot be opened: no such file"):
        load(tmp_path / "missing.sknn")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_a_save_leaves_the_old_file_or_the_new_one(tmp_path):
    script = Path(__file__).with_name("kill_while_saving.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "20", "0"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert sum(told["found"]) == 20
    assert set(told["suffixes"]) <= {".sknn", ".part"}


@pytest.mark.gpu
def test_a_model_fitted_on_a_gpu_opens_without_one(path):
    model = MLPClassifier(device="cuda", **SMALL).fit(X, Y)
    save(model, path)
    code = (
        "import sys, numpy as np; from sknn_suite.persistence import load\n"
        "model = load(sys.argv[1]).set_params(device='auto')\n"
        "print(model.predict(np.ones((2, 4))).shape)"
    )
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=hidden)
    assert done.stdout.strip() == "(2,)", done.stderr[-2000:]


# -- files and code of others --------------------------------------------------------


def test_files_of_other_kinds_are_refused_with_advice(path, tmp_path):
    model = MLPClassifier(**SMALL).fit(X, Y)
    data = pickle.dumps(model)
    torch_file = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, torch_file)
    others = {
        "a pickle": data,
        "compressed pickle": gzip.compress(data),
        "joblib": zlib.compress(data),
        "does not begin": b"hello",
        "list of parts": torch_file.getvalue(),
        "begin as a model": b"",
    }
    for words, content in others.items():
        path.write_bytes(content)
        with pytest.raises(CorruptModelError, match=words) as caught:
            load(path)
        assert str(caught.value).count(". ") >= 2


def test_a_pickle_that_runs_code_is_not_run(path, tmp_path):
    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(CorruptModelError, match="code would run"):
        load(path)
    assert not (tmp_path / "harm").exists()


def test_functions_are_refused_unless_they_are_named(path):
    model = make_pipeline(FunctionTransformer(np.log1p), Ridge()).fit(X, Y)
    with pytest.raises(UntrustedModelError, match=r"numpy\.log1p"):
        save(model, path)
    assert_survives(model, X, path, trusted=["numpy.log1p"])
    with pytest.raises(UntrustedModelError, match=r"numpy\.log1p"):
        load(path)
    with pytest.raises(UntrustedModelError):
        load(path, trusted=["numpy.log", "numpy"])


@pytest.mark.parametrize("trusted", [True, "numpy.log1p", [1]])
def test_nobody_can_trust_all(trusted, path):
    with pytest.raises(TypeError, match="no way to trust all"):
        save(Ridge().fit(X, Y), path, trusted=trusted)


def test_lambdas_and_modules_of_the_user_are_refused(path):
    model = make_pipeline(FunctionTransformer(lambda X: X), Ridge()).fit(X, Y)
    with pytest.raises(UntrustedModelError, match="lambda"):
        save(model, path)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
    with pytest.raises((ValueError, UntrustedModelError), match="torch"):
        save(CNNClassifier(architecture=net, **SMALL).fit(IMAGES, Y[:24]), path)


def test_a_module_class_of_the_user_is_used_if_it_is_named(path):
    name = f"{AdaptiveNet.__module__}.AdaptiveNet"
    model = CNNClassifier(architecture=AdaptiveNet, **SMALL).fit(IMAGES, Y[:24])
    with pytest.raises(UntrustedModelError, match="AdaptiveNet"):
        save(model, path)
    assert_survives(model, IMAGES, path, trusted=[name])
    with pytest.raises(UntrustedModelError, match="AdaptiveNet"):
        load(path)


class AdaptiveNet(torch.nn.Module):
    def __init__(self, n_outputs):
        super().__init__()
        self.pool = torch.nn.AdaptiveAvgPool2d(2)
        self.fc = torch.nn.Linear(4, n_outputs)

    def forward(self, x):
        return self.fc(self.pool(x).flatten(1))


def test_an_imputer_that_keeps_the_rows_is_refused(path):
    with pytest.raises(UntrustedModelError, match="KNNImputer"):
        save(KNNImputer().fit(X), path)


def test_a_function_of_the_main_program_is_told_and_missed_by_name(path, monkeypatch):
    main = types.ModuleType("__main__")
    main.half = _half_of_main
    monkeypatch.setitem(sys.modules, "__main__", main)
    steps = FunctionTransformer(main.half), MLPClassifier(**SMALL)
    model = make_pipeline(*steps).fit(X, Y)
    with pytest.warns(SuiteWarning, match=r"holds __main__\.half.* into a module"):
        save(model, path, trusted=["__main__.half"])
    assert_same(model, load(path, trusted=["__main__.half"]), X)
    del main.half
    with pytest.raises(ImportError, match=r"needs __main__\.half.*Define it in this"):
        load(path, trusted=["__main__.half"])


def test_a_module_that_is_missing_is_named(path, monkeypatch):
    module = types.ModuleType("my_steps")
    module.half = _half_of_main
    monkeypatch.setattr(_half_of_main, "__module__", "my_steps")
    monkeypatch.setitem(sys.modules, "my_steps", module)
    model = make_pipeline(FunctionTransformer(module.half), MLPClassifier(**SMALL))
    save(model.fit(X, Y), path, trusted=["my_steps.half"])
    monkeypatch.delitem(sys.modules, "my_steps")
    with pytest.raises(ImportError, match=r"needs my_steps\.half.*No module named"):
        load(path, trusted=["my_steps.half"])


def _half_of_main(values):
    return values / 2


_half_of_main.__module__, _half_of_main.__qualname__ = "__main__", "half"


def test_other_steps_go_through_skops_if_they_are_named(path):
    pytest.importorskip("skops", reason="is not installed")
    tree = DecisionTreeClassifier(random_state=0)
    model = make_pipeline(StandardScaler(), tree).fit(X, Y)
    name = "sklearn.tree._classes.DecisionTreeClassifier"
    save(model, path, trusted=[name])
    with pytest.raises(UntrustedModelError, match="DecisionTreeClassifier"):
        load(path)
    with pytest.raises(UntrustedModelError, match=r"_tree\.Tree"):
        load(path, trusted=[name])
    assert_same(model, load(path, trusted=[name, "sklearn.tree._tree.Tree"]), X)


def test_without_skops_the_step_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    name = "sklearn.tree._classes.DecisionTreeClassifier"
    with pytest.raises(ImportError, match="skops"):
        save(DecisionTreeClassifier().fit(X, Y), path, trusted=[name])


def test_a_subclass_of_an_estimator_is_code_of_the_user(path):
    class Mine(MLPClassifier):
        pass

    with pytest.raises(UntrustedModelError, match="Mine"):
        save(Mine(**SMALL).fit(X, Y), path)


def test_a_model_with_nan_is_not_saved(path):
    model = MLPClassifier(**SMALL).fit(X, Y)
    model.coefs_[0][0, 0] = np.nan
    with pytest.raises(ValueError, match=r"NaN.*\. Expected .*\. Change"):
        save(model, path)
