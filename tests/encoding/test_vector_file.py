"""Files of word vectors are text of bounded lines; all else is refused by its name."""

import gzip
import io
import json
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch

from sknn_suite.encoding._vectors import find_vectors
from sknn_suite.exceptions import DataError

TEXT = b"good 1 2 3\nbad 4 5 6\n"


def npy():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((3, 3)))
    return buffer.getvalue()


def archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("vectors.txt", TEXT)
    return buffer.getvalue()


FOREIGN = {
    "nothing": b"",
    "JSON": json.dumps({"good": [1, 2, 3]}).encode(),
    "JSON by lines": json.dumps({"good": [1, 2, 3]}, indent=2).encode(),
    "JSON of lists": json.dumps([["good", 1, 2]]).encode(),
    "a pickle": pickle.dumps({"good": [1, 2, 3]}),
    "a NumPy array": npy(),
    "a zip archive": archive(),
    "text in UTF-16": TEXT.decode().encode("utf-16"),
    "within a gzipped one": gzip.compress(gzip.compress(TEXT)),
    "not by gzip": b"BZh91AY&SY",
    "a zero byte": b"2 3\ngood \0\0\x80?\0\0\x80?\0\0\x80?\n",
    "a header and no vectors": b"400000 300\n",
    "0 numbers": b"good,1,2,3\n",
    "promises vectors of '²'": "1 ²\ngood 1 2\n".encode(),
    "promises vectors of '999": b"1 " + b"9" * 5000 + b"\ngood 1\n",
    "promises vectors of '0'": b"1 0\ngood\n",
    "promises vectors of '999999999'": b"1 999999999\ngood 1\n",
    "letters": b"good 1 2 3\n" + b"0 " * 300_000,
    "numbers": b"good" + b" 1" * 30_000,
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path, kind, packed):
    if packed and "within" in kind:
        pytest.skip("is gzipped already")
    path = tmp_path / "vectors.txt"
    path.write_bytes(gzip.compress(FOREIGN[kind]) if packed else FOREIGN[kind])
    name = kind.partition(" by ")[0].partition(" of lists")[0]
    with pytest.raises(DataError, match=rf"{name}.*\. Expected .*\. [A-Z].*\.$"):
        find_vectors(path, ["good"], n_more=10)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_content_tells_what_is_gzipped_and_not_the_name(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(b"\xef\xbb\xbf" + TEXT))
    found = find_vectors(tmp_path / name, ["good"])
    assert found["good"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("place", [5, 500, -5])
def test_a_damaged_archive_is_refused(tmp_path, place):
    random = np.random.RandomState(0)
    lines = "".join(f"w{i} {random.rand()} {random.rand()}\n" for i in range(200))
    data = bytearray(gzip.compress(lines.encode()))
    (tmp_path / "cut.gz").write_bytes(data[: place - 1])
    data[place] ^= 255
    (tmp_path / "flipped.gz").write_bytes(data)
    for name in ("flipped.gz", "cut.gz") if place != 5 else ("cut.gz",):
        with pytest.raises(DataError, match=r"cannot be read: .*Expected.*Check"):
            find_vectors(tmp_path / name, ["w3"])


def test_an_endless_line_takes_no_memory(tmp_path):
    path = tmp_path / "vectors.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(b"good 1 2 3\n")
        for _ in range(40):
            file.write(b"0 " * 500_000)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than 524288 letters"):
            find_vectors(path, ["good"], n_more=10)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["pipe", "", "a\0b", "a" * 300, "none"])
def test_what_is_no_file_is_refused(tmp_path, name):
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
    path = os.path.join(tmp_path, name)  # noqa: PTH118
    with pytest.raises(DataError, match=r"cannot be read: .*Expected.*Check"):
        find_vectors(path, ["good"])


ODD = {
    "text": "a",
    "complex": [1j, 2],
    "a complex array": np.array([1j, 2]),
    "none": None,
    "nothing": [],
    "lists of two lengths": [[1], [1, 2]],
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "a tensor that NumPy does not know": torch.zeros(3, dtype=torch.bfloat16),
    "huge": [1e300],
    "dict": {1: 2},
}


@pytest.mark.parametrize("kind", ODD)
def test_vectors_that_are_no_real_numbers_are_refused(kind):
    with pytest.raises(DataError, match=r"'good' in embeddings .*\. Expected .*\. L"):
        find_vectors({"good": ODD[kind]}, ["good"], n_more=5)


@pytest.mark.parametrize(
    "source",
    [
        [],
        {},
        ([], np.zeros((0, 3))),
        (["good"], np.array([["a", "b"]])),
        (["good"], np.array([[1j, 2]])),
        (["good"], [[1], [1, 2]]),
        pytest.param((iter(["good"]), np.ones((1, 2))), id="an iterator"),
        (["good"], None),
    ],
    ids=str,
)
def test_sources_without_words_or_numbers_are_refused(source):
    with pytest.raises(DataError, match=r"embeddings .*\. Expected .*\. C"):
        find_vectors(source, ["good"])
