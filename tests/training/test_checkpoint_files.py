"""Checkpoint files: nothing in them is trusted, and nothing half-written is left."""

import contextlib
import functools
import io
import json
import os
import re
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from skorch.callbacks import Callback

from sknn_suite import MLPRegressor
from sknn_suite.exceptions import CheckpointError, DataError
from sknn_suite.training._archive import write_state
from sknn_suite.training._lock import FileLock

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

SETTINGS = {"hidden_layer_sizes": (4,), "batch_size": 30, "random_state": 0}


def make(path, **params):
    return MLPRegressor(**{**SETTINGS, "max_iter": 3, **params}, checkpoint=path)


@pytest.fixture
def path(tmp_path, numbers):
    """The file of a run of three epochs."""
    make(tmp_path / "run").fit(*numbers)
    return tmp_path / "run"


def change(path, text=lambda tree: None, arrays=lambda arrays: None, **how):
    """Write a checkpoint again, with other content and valid checksums."""
    with np.load(path) as file:
        parts = dict(file)
    content = json.loads(str(parts.pop("json")))
    text(content)
    used = set(re.findall(r'"array": "(\w+)"', json.dumps(content)))
    parts = {name: array for name, array in parts.items() if name in used}
    arrays(parts)
    parts = {"json": np.array(json.dumps(content)), **parts}
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, array in parts.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            archive.writestr(f"{name}.npy", buffer.getvalue())


def find(tree, *keys):
    """Find the pair [key, value] in the JSON text of a checkpoint."""
    pair = [None, tree["state"]]
    for key in keys:
        pair = next(p for p in pair[1]["dict"] if p[0] == key)
    return pair


def at(*keys, value):
    return lambda tree: find(tree, *keys).__setitem__(1, value)


def without(*keys):
    def remove(tree):
        pair = find(tree, *keys)
        parent = find(tree, *keys[:-1])[1] if keys[1:] else tree["state"]
        parent["dict"].remove(pair)

    return remove


def spoil(value):
    def spoil(arrays):
        for name, array in arrays.items():
            if array.ndim == 2:
                arrays[name] = np.broadcast_to(value(array), np.shape(value(array)))

    return spoil


# -- read ----------------------------------------------------------------------------

LISTS = functools.reduce(lambda inner, _: [inner], range(200), [])
CONTENTS = {
    "compressed": {"compression": zipfile.ZIP_DEFLATED},
    "a part without use": {"arrays": lambda a: a.update(a999=np.zeros(3))},
    "a foreign part": {"arrays": lambda a: a.update(more=np.zeros(3))},
    "a part that is missing": {"arrays": lambda a: a.pop("a0")},
    "complex": {"arrays": spoil(lambda a: a.astype(complex))},
    "texts": {"arrays": spoil(lambda a: a.astype(str))},
    "NaN": {"arrays": spoil(lambda a: a * np.nan)},
    "another shape": {"arrays": spoil(lambda a: a.T)},
    "no axes": {"arrays": spoil(lambda a: a.sum())},
    "deep": {"text": at("origin", value=LISTS)},
    "no weights": {"text": without("training", "weights")},
    "no optimizer": {"text": without("training", "optimizer")},
    "no progress": {"text": without("training", "progress")},
    "no history": {"text": without("training", "history")},
    "no order": {"text": without("training", "order")},
    "no random state": {"text": without("training", "random_state")},
    "no rates": {"text": without("training", "rates")},
    "training is a list": {"text": at("training", value=[1, 2])},
    "weights are text": {"text": at("training", "weights", value="a")},
    "history is text": {"text": at("training", "history", value="abc")},
    "history of texts": {"text": at("training", "history", value=["a", "b", "c"])},
    "loss is text": {"text": at("training", "progress", "best_loss", value="a")},
    "count is None": {
        "text": at("training", "progress", "no_improvement_count", value=None)
    },
    "rates are text": {"text": at("training", "rates", value=["a", "b"])},
    "schedule is None": {"text": at("training", "schedule", value=None)},
    "order is short": {"text": at("training", "order", value=[1, 2])},
    "optimizer is empty": {"text": at("training", "optimizer", value={"dict": []})},
    "reason is a number": {"text": at("training", "stop_reason", value=3)},
    "an object": {"text": at("origin", value={"class": "os.system"})},
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_of_other_content_is_refused_in_words(path, numbers, name):
    change(path, **CONTENTS[name])
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"\. Expected .*\. Delete it|the file to"):
        make(path, max_iter=3).fit(*numbers)
    assert path.read_bytes() == before


def test_a_changed_file_is_refused_for_the_change_alone(path, numbers):
    change(path)
    whole = MLPRegressor(**SETTINGS, max_iter=3).fit(*numbers)
    resumed = make(path).fit(*numbers)
    np.testing.assert_array_equal(resumed.coefs_[0], whole.coefs_[0])


def test_python_objects_are_not_written(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(CheckpointError, match="an array holds Python objects"):
        write_state(path, {"labels": np.array([{}, None])})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("origin", [None, 3, {"dict": []}])
def test_a_file_without_the_origin_of_its_entropy_is_refused(numbers, tmp_path, origin):
    path = tmp_path / "run"
    make(path, random_state=None).fit(*numbers)
    change(path, text=at("origin", value=origin))
    with pytest.raises(DataError, match=r"'origin' is not the state .*Delete"):
        make(path, random_state=None).fit(*numbers)


def memory_of_a_refusal(path, numbers):
    tracemalloc.start()  # NumPy, zlib and zipfile take their memory from Python
    try:
        with pytest.raises(DataError, match="Delete"):
            make(path).fit(*numbers)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_small_file_takes_little_memory_before_it_is_refused(path, numbers):
    bombs = {}
    zeros = {"arrays": lambda a: a.update(a999=np.zeros(1 << 24))}
    change(path, **zeros, compression=zipfile.ZIP_DEFLATED)
    bombs["unpacks to much"] = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            head, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
        )
        archive.writestr("json.npy", head.getvalue())
    bombs["declares much"] = path.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(60_000):
            archive.writestr(zipfile.ZipInfo(f"a{i}.npy"), b"")
    bombs["lists much"] = path.read_bytes()
    for name, content in bombs.items():
        path.write_bytes(content)
        assert memory_of_a_refusal(path, numbers) < 5 * len(content) + 20_000_000, name


# -- paths ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, None])
@pytest.mark.parametrize(
    "name", ["a\0b", "a" * 300, "", "link", "pipe", "gone/run", "run/run"]
)
def test_a_path_that_can_be_no_checkpoint_is_told_in_words(path, numbers, name, seed):
    (path.parent / "link").symlink_to("nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(path.parent / "pipe")
    elif name == "pipe":
        pytest.skip("needs named pipes")
    bad = os.path.join(path.parent, name)  # noqa: PTH118
    with pytest.raises((CheckpointError, ValueError), match=r"\. Expected .*\. C"):
        make(bad, random_state=seed).fit(*numbers)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")  # noqa: PTH112
def test_a_folder_that_takes_no_files_is_told_before_training(numbers, watcher):
    with pytest.raises(CheckpointError, match=r"checkpoint '/proc/run'.*Choose"):
        make("/proc/run", callbacks=[watcher]).fit(*numbers)
    assert not hasattr(watcher, "steps")


# -- written -------------------------------------------------------------------------


class Run(Callback):
    """Call a function when an epoch begins."""

    def __init__(self, epoch, function):
        self.epoch = epoch
        self.function = function

    def on_epoch_begin(self, net, **kwargs):
        if net.history[-1]["epoch"] == self.epoch:
            self.function()


def test_nothing_is_left_of_a_write_that_fails(numbers, tmp_path, monkeypatch):
    def full(fd):
        raise OSError(28, "No space left on device")

    callback = Run(3, lambda: monkeypatch.setattr(os, "fsync", full))
    with pytest.raises(CheckpointError, match=r"no space left.*Expected.*go on\.$"):
        make(tmp_path / "run", callbacks=[callback]).fit(*numbers)
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["run"]
    whole = MLPRegressor(**SETTINGS, max_iter=3).fit(*numbers)
    resumed = make(tmp_path / "run").fit(*numbers)
    np.testing.assert_array_equal(resumed.coefs_[0], whole.coefs_[0])


LIMITED = """
import resource, signal, sys, warnings
import numpy as np
from sknn_suite import MLPRegressor
warnings.simplefilter("ignore")
X = np.random.RandomState(0).normal(size=(60, 50))
model = MLPRegressor(hidden_layer_sizes=(100,), max_iter=2, checkpoint=sys.argv[1])
model.fit(X, X[:, 0])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    model.set_params(checkpoint=sys.argv[1] + ".2").fit(X, X[:, 0])
except OSError as error:
    print(type(error).__name__, error)
"""


def run_python(program, *arguments):
    pytest.importorskip("resource", reason="needs limits of the system")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.1.0",
    reason="NumPy 2.0's savez leaves its archive open when a write fails, which Python "
    "tells on stderr",
)
def test_a_file_that_may_not_grow_is_removed(tmp_path):
    told = run_python(LIMITED, tmp_path / "run")
    assert told.startswith("CheckpointError Checkpoint")
    assert "file too large. Expected" in told
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(tmp_path, numbers):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a disk")

    def fill():
        with contextlib.suppress(OSError), (disk / "filler").open("wb", 0) as file:
            while True:
                file.write(bytes(4096))

    try:
        callbacks = [Run(3, fill)]
        with pytest.raises(CheckpointError, match="no space left on device"):
            make(disk / "run", callbacks=callbacks).fit(*numbers)
        assert {file.name for file in disk.iterdir()} == {"run", "filler"}
        (disk / "filler").unlink()
        resumed = make(disk / "run").fit(*numbers)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    whole = MLPRegressor(**SETTINGS, max_iter=3).fit(*numbers)
    np.testing.assert_array_equal(resumed.coefs_[0], whole.coefs_[0])


def test_links_in_the_folder_are_not_followed(numbers, tmp_path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda n: "0123456789abcdef")
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    (tmp_path / "run.0123456789abcdef.part").symlink_to(precious)
    make(tmp_path / "run").fit(*numbers)
    assert precious.read_text() == "precious"


def test_what_killed_runs_left_is_removed_and_nothing_else(numbers, tmp_path):
    left = tmp_path / "run.0123456789abcdef.part"
    others = ["run.part", "running.0123456789abcdef.part", "run.0123456789abcdeX.part"]
    for name in (left.name, *others):
        (tmp_path / name).touch()
    make(tmp_path / "run").fit(*numbers)
    assert {file.name for file in tmp_path.iterdir()} == {"run", *others}


@pytest.mark.parametrize("letter", ["a", "é", "😀"])
def test_the_longest_names_are_names_of_checkpoints(numbers, tmp_path, letter):
    name = letter * (255 // len(letter.encode()))
    make(tmp_path / name).fit(*numbers)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_file_has_the_rights_that_files_have(path, tmp_path):
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


# -- two runs ------------------------------------------------------------------------


def test_a_second_fit_of_one_path_is_refused_and_harms_nothing(numbers, tmp_path):
    def second():
        with pytest.raises(CheckpointError, match=r"being written by another.*Wait"):
            make(tmp_path / "run").fit(*numbers)

    make(tmp_path / "run", callbacks=[Run(2, second)]).fit(*numbers)
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


def test_a_fit_that_fails_gives_its_path_free(numbers, tmp_path):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as kept:
        make(tmp_path / "run", callbacks=[Run(2, fail)]).fit(*numbers)
    make(tmp_path / "run").fit(*numbers)
    assert kept.value is not None


HOLDER = """
import os, signal, sys
from pathlib import Path
from sknn_suite.training._archive import write_state
from sknn_suite.training._lock import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_process_that_dies_gives_its_path_free(tmp_path):
    path = tmp_path / "run"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(CheckpointError, match="another fit"):
            FileLock(path).acquire()
        holder.kill()
    lock = FileLock(path)
    lock.acquire()
    lock.release()
    assert list(tmp_path.iterdir()) == []
