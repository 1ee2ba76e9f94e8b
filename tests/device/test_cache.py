"""The size of the processor's cache, as the system tells it."""

import pytest

from sknn_suite.device import _cache, cache_bytes


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("512K\n", 1 << 19), ("2M", 1 << 21), ("4096", 4096), ("?", 1 << 20)],
)
def test_the_size_is_read_in_every_unit(tmp_path, monkeypatch, text, n_bytes):
    file = tmp_path / "size"
    file.write_text(text)
    monkeypatch.setattr(_cache, "SIZE", file)
    assert cache_bytes.__wrapped__() == n_bytes


def test_a_system_that_does_not_tell_gets_the_usual_size(tmp_path, monkeypatch):
    monkeypatch.setattr(_cache, "SIZE", tmp_path / "missing")
    assert cache_bytes.__wrapped__() == _cache.USUAL_BYTES
