"""The images of the demo."""

import contextlib
import io

import pytest

from sknn_suite.cli._images import learn_the_images
from sknn_suite.cli._stage import Stage

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    with contextlib.redirect_stdout(io.StringIO()):
        return learn_the_images(Stage(tmp_path_factory.mktemp("demo"), quick=True))


def test_the_network_learns_all_images_and_few(result):
    for row, least in zip(result.rows, (0.95, 0.6)):
        assert row.ours[0] > least
        assert row.theirs[0] > least


def test_a_gallery_is_saved(result):
    (picture,) = result.pictures
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert max(map(len, str(result).splitlines())) <= 80
