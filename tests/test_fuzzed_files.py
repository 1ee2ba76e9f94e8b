"""Files damaged at random end in an error of ours or in a right result."""

import contextlib
import copy
import gzip
import io
import json

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sknn_suite import MLPRegressor
from sknn_suite.data import ImageFiles
from sknn_suite.encoding._vectors import find_vectors
from sknn_suite.exceptions import DataError, SuiteError, UnreadableImageError
from sknn_suite.images._weights import read_weights

# How often a file is damaged: a glance in every run of the tests, a look in the slow
# ones.
TIMES = [
    pytest.param(12, id="few"),
    pytest.param(400, marks=pytest.mark.slow, id="many"),
]
pytestmark = pytest.mark.filterwarnings("ignore")


def damage(data, random):
    """Change bytes as disks, networks and attackers do."""
    data = bytearray(data)
    for _ in range(random.randint(1, 4)):
        n = len(data)
        a, b = sorted(random.randint(0, n + 1, 2))
        b = min(b, a + random.choice([1, 4, 100]))
        kind = random.randint(7)
        if kind == 0:
            data[a % n] ^= 1 << random.randint(8)
        elif kind == 1:
            data[a:b] = random.bytes(b - a)
        elif kind == 2:
            data[a:b] = b"\xff" * (b - a)
        elif kind == 3:
            data[a:b] = bytes(b - a)
        elif kind == 4:
            del data[a:b]
        elif kind == 5:
            data[a:a] = data[a:b]
        else:
            del data[a:]
        if not data:
            return b""
    return bytes(data)


def damaged(data, n_times, seed=0):
    random = np.random.RandomState(seed)
    for _ in range(n_times):
        yield damage(data, random)


# -- checkpoints ---------------------------------------------------------------------

SETTINGS = {"hidden_layer_sizes": (3,), "max_iter": 4, "batch_size": 60}


class Keep(Callback):
    """Keep the checkpoint as it is before the third epoch."""

    def __init__(self, path):
        self.path = path

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            self.content = self.path.read_bytes()


@pytest.fixture
def run(numbers, tmp_path):
    """Return a checkpoint, a function that goes on from it, and how the run ends."""
    path = tmp_path / "run"
    keep = Keep(path)
    model = MLPRegressor(**SETTINGS, random_state=0, checkpoint=path, callbacks=[keep])
    expected = model.fit(*numbers).coefs_
    model.set_params(callbacks=None)

    def go_on(content):
        path.write_bytes(content)
        return model.fit(*numbers).coefs_

    return keep.content, go_on, expected


@pytest.mark.parametrize("n_times", TIMES)
def test_a_damaged_checkpoint_is_refused_or_goes_on_to_the_same_bits(run, n_times):
    content, go_on, expected = run
    for changed in damaged(content, n_times):
        try:
            found = go_on(changed)
        except DataError:
            continue
        for a, b in zip(found, expected):
            np.testing.assert_array_equal(a, b)


ODD = (None, "a", [], [None], {"dict": []}, -1, 0, 1 << 70, 1e300, float("nan"), True)


def places(tree, path=()):
    """Paths to all values of a JSON text."""
    yield path
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield from places(tree[key], (*path, key))


def put(tree, path, value):
    tree = copy.deepcopy(tree)
    inner = tree
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return tree


@pytest.mark.parametrize("n_times", TIMES)
def test_a_forged_checkpoint_ends_in_an_error_or_a_fit(run, n_times):
    content, go_on, _ = run
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    tree = json.loads(str(arrays["json"]))
    random = np.random.RandomState(0)
    paths = [path for path in places(tree) if path]
    for _ in range(n_times):
        path = paths[random.randint(len(paths))]
        forged = put(tree, path, ODD[random.randint(len(ODD))])
        buffer = io.BytesIO()
        np.savez(buffer, **{**arrays, "json": np.array(json.dumps(forged))})
        try:
            found = go_on(buffer.getvalue())
        except SuiteError:
            continue
        assert all(np.isfinite(a).all() for a in found)


# -- images --------------------------------------------------------------------------

FORMATS = ("bmp", "gif", "jpg", "png", "ppm", "tiff", "webp")


@pytest.mark.parametrize("n_times", TIMES)
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_damaged_image_is_refused_or_has_pixels(tmp_path, suffix, n_times):
    pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    grey = np.random.RandomState(0).randint(0, 255, (20, 30), np.uint8)
    pixels = grey.astype(np.uint16) * 9 if suffix in ("png", "tiff") else grey
    path = tmp_path / f"a.{suffix}"
    pillow.fromarray(pixels).save(path)
    for i, changed in enumerate(damaged(path.read_bytes(), n_times)):
        other = tmp_path / f"{i}.{suffix}"
        other.write_bytes(changed)
        files = ImageFiles.from_paths([path, other], (8, 8, 3), "pad", 0)
        with contextlib.suppress(UnreadableImageError):
            assert files.read(np.array([0, 1])).shape == (2, 8, 8, 3)


# -- vectors and weights -------------------------------------------------------------


@pytest.fixture
def vectors():
    """Vectors of forty words, and their text."""
    random = np.random.RandomState(0)
    vectors = {f"w{i}": random.normal(size=5).astype("f4") for i in range(40)}
    rows = [f"{word} {' '.join(map(str, v))}\n" for word, v in vectors.items()]
    return vectors, "".join(["40 5\n", *rows]).encode()


@pytest.mark.parametrize("n_times", TIMES)
def test_a_damaged_file_of_vectors_is_refused_or_gives_finite_ones(
    vectors, tmp_path, n_times
):
    expected, text = vectors
    for changed in damaged(text, n_times):
        (tmp_path / "v.txt").write_bytes(changed)
        try:
            found = find_vectors(tmp_path / "v.txt", expected, n_more=20)
        except DataError:
            continue
        assert len({len(v) for v in found.values()}) <= 1
        assert all(np.isfinite(v).all() for v in found.values())


@pytest.mark.parametrize("n_times", TIMES)
def test_a_damaged_gzipped_file_is_refused_or_gives_the_same(
    vectors, tmp_path, n_times
):
    expected, text = vectors
    for changed in damaged(gzip.compress(text), n_times):
        (tmp_path / "v.gz").write_bytes(changed)
        try:
            found = find_vectors(tmp_path / "v.gz", expected)
        except DataError:
            continue
        assert found.keys() == expected.keys()
        for word, vector in found.items():
            np.testing.assert_array_equal(vector, expected[word])


@pytest.mark.parametrize("n_times", TIMES)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_damaged_file_of_weights_is_refused_or_gives_tensors(
    tmp_path, suffix, n_times
):
    path = tmp_path / f"a.{suffix}"
    state = {"weight": torch.rand(4, 3), "bias": torch.rand(3)}
    if suffix == "pth":
        torch.save(state, path)
    else:
        tools = pytest.importorskip("safetensors.torch", reason="is not installed")
        tools.save_file(state, path)
    for changed in damaged(path.read_bytes(), n_times):
        path.write_bytes(changed)
        try:
            found = read_weights(path)
        except DataError:
            continue
        assert all(isinstance(tensor, torch.Tensor) for tensor in found.values())
