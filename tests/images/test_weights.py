"""Files of weights hold tensors, and take no more memory than their size."""

import io
import os
import pickle
import tracemalloc
import zipfile

import pytest
import torch
from torch import nn

from sknn_suite.exceptions import DataError
from sknn_suite.images._weights import load_body, read_weights


def network():
    return nn.Linear(3, 2)


def packed(state):
    """Pack a file of torch.save again, with its parts compressed."""
    buffer, result = io.BytesIO(), io.BytesIO()
    torch.save(state, buffer)
    with (
        zipfile.ZipFile(buffer) as given,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in given.namelist():
            archive.writestr(name, given.read(name))
    return result.getvalue()


def saved(value, **how):
    buffer = io.BytesIO()
    torch.save(value, buffer, **how)
    return buffer.getvalue()


class Evil:
    def __reduce__(self):
        return print, ("\x1b[31mharm",)


CONTENTS = {
    "it is empty": lambda: b"",
    "not a file of torch": lambda: b"no weights at all",
    "such as torch.nn.modules.linear.Linear": lambda: saved(network()),
    "such as [a-z_.]*print": lambda: saved({"weight": Evil()}),
    "other things": lambda: pickle.dumps({"weight": Evil()}, 2),
    "compressed": lambda: packed({"weight": torch.zeros(1 << 22)}),
    "damaged|no zip|not a zip": lambda: saved(network().state_dict())[:-30],
}


@pytest.mark.parametrize("reason", CONTENTS)
def test_a_file_that_is_none_of_weights_is_refused_in_own_words(tmp_path, reason):
    path = tmp_path / "a.pth"
    path.write_bytes(CONTENTS[reason]())
    message = rf"cannot be read: [^\n]*({reason}).*\. Expected .*\. Save it"
    with pytest.raises(DataError, match=message) as raised:
        read_weights(path)
    assert "weights_only" not in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_small_file_is_refused_before_it_takes_memory(tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(packed({"weight": torch.zeros(1 << 24)}))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="compressed"):
            read_weights(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["pipe", "", "a\0b", "a" * 300, "none"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_is_no_file_is_refused(tmp_path, name, suffix):
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / f"pipe{suffix}")
    path = os.path.join(tmp_path, name + suffix if name else name)  # noqa: PTH118
    with pytest.raises(DataError, match=r"cannot be read: .*\. Expected .*\. Save it"):
        read_weights(path)


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}])
def test_both_formats_of_torch_are_read(tmp_path, how):
    path, given, other = tmp_path / "a.pth", network(), network()
    path.write_bytes(saved(given.state_dict(), **how))
    assert load_body(other, path, None) == ["weight", "bias"]
    torch.testing.assert_close(other.weight, given.weight)


@pytest.mark.parametrize(
    "value",
    [
        torch.full((2, 3), torch.nan),
        torch.full((2, 3), -torch.inf),
        torch.ones((2, 3), dtype=torch.complex64),
        torch.ones((2, 3)).to_sparse(),
        torch.ones((2, 3), device="meta"),
    ],
    ids=["NaN", "infinite", "complex", "sparse", "meta"],
)
@pytest.mark.filterwarnings("ignore")  # torch's, of types that it will drop
def test_weights_that_are_no_finite_numbers_are_refused(tmp_path, value):
    path = tmp_path / "a.pth"
    torch.save({"weight": value, "bias": torch.zeros(2)}, path)
    with pytest.raises(DataError, match=r"'weight' of weights=|cannot be read"):
        load_body(network(), path, None)
