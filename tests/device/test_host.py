"""Memory of this machine, as the system tells it."""

import pytest

from sknn_suite.device import _host, free_host_bytes


@pytest.mark.parametrize(
    ("machine", "limit", "used", "free"),
    [
        ("MemTotal: 9 kB\nMemAvailable:   2000 kB\n", "max", "5", 2_048_000),
        ("MemAvailable: 2000 kB\n", "1500000", "500000", 1_000_000),
        (None, "1500000", "500000", 1_000_000),
        ("MemAvailable: 2000 kB\n", None, None, 2_048_000),
        (None, None, None, None),
    ],
)
def test_free_memory_is_that_of_the_machine_or_of_its_group(
    machine, limit, used, free, tmp_path, monkeypatch
):
    files = {"meminfo": machine, "memory.max": limit, "memory.current": used}
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(_host, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(_host, "GROUP", tmp_path)
    assert free_host_bytes() == free
