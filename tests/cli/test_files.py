"""Files that are missing are answered before a library is imported."""

from pathlib import Path

import pytest

from sknn_suite.cli._files import find_file, refuse_missing, writable
from sknn_suite.exceptions import DataError


def test_the_nearest_names_are_offered(tmp_path):
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("a,b")
    assert find_file(tmp_path / "train.csv") == tmp_path / "train.csv"
    with pytest.raises(DataError, match=r"The nearest is '.*/train\.csv'\. Check"):
        refuse_missing(tmp_path / "tarin.csv")
    with pytest.raises(DataError, match=r"JSON lines\. Check the name"):
        refuse_missing(tmp_path / "houses.parquet")
    with pytest.raises(DataError, match=r"JSON lines\. Check the name"):
        refuse_missing(tmp_path / "nowhere" / "train.csv")


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    assert writable(None, tmp_path / "out.csv") == tmp_path / "out.csv"
    assert writable(str(tmp_path / "a"), "b") == Path(tmp_path / "a")
    for wrong in (tmp_path, tmp_path / "none" / "out.csv"):
        with pytest.raises(DataError, match="cannot be written"):
            writable(wrong, "b")
