"""bfloat16 is used where the libraries use it, and works where they do not."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from sknn_suite import RNNClassifier
from sknn_suite.device import (
    _bfloat16,
    choose_place,
    has_native_bfloat16,
    lstm_takes_bfloat16,
)
from sknn_suite.modules import RecurrentLayer, reverse_order

CPU = torch.device("cpu")


@pytest.fixture
def units(monkeypatch):
    """Let the processor have units for bfloat16, and oneDNN use them."""
    monkeypatch.setattr(_bfloat16, "processor_has_bfloat16_units", lambda: True)
    monkeypatch.setattr(_bfloat16, "onednn_takes_bfloat16", lambda: True)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)


def test_units_that_onednn_uses_are_native(units):
    assert has_native_bfloat16(CPU)
    place = choose_place("cpu", "auto", is_float64=False, work=1e12, width=512)
    assert place.mixed


@pytest.mark.parametrize(
    "asked", ["processor_has_bfloat16_units", "onednn_takes_bfloat16"]
)
def test_bfloat16_is_not_native_where_either_lacks_it(units, asked, monkeypatch):
    monkeypatch.setattr(_bfloat16, asked, lambda: False)
    assert not has_native_bfloat16(CPU)


@pytest.mark.parametrize("name", ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"])
@pytest.mark.parametrize(
    ("limit", "native"),
    [
        ("avx2", False),
        ("AVX512_CORE", False),
        ("AVX512_CORE_BF16", True),
        ("AVX512_CORE_AMX", True),
        ("DEFAULT", True),
        ("", True),
    ],
)
def test_a_limit_that_the_user_sets_for_onednn_is_respected(
    units, name, limit, native, monkeypatch
):
    monkeypatch.setenv(name, limit)
    assert has_native_bfloat16(CPU) == native


@pytest.mark.filterwarnings("ignore:TF32 acceleration")  # switching sets that, too
def test_without_onednn_bfloat16_is_not_native(units):
    with torch.backends.mkldnn.flags(enabled=False):
        assert not has_native_bfloat16(CPU)


@pytest.fixture
def refused(monkeypatch):
    """Let the library behind the LSTM refuse bfloat16."""
    monkeypatch.setattr(
        "sknn_suite.modules._recurrent.lstm_takes_bfloat16", lambda device: False
    )


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("max_bptt", [None, 2])
def test_a_recurrent_layer_learns_under_autocast(cell, max_bptt, refused):
    layer = RecurrentLayer(cell, 3, 4, max_bptt=max_bptt, device="cpu")
    layer.reset_parameters(np.random.RandomState(0))
    x = torch.randn(5, 6, 3, generator=torch.Generator().manual_seed(0))
    order = reverse_order(torch.tensor([6, 6, 4, 3, 1]), 6)
    exact = layer(x, order)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(x.bfloat16(), order)
    # The input was rounded to eight bits; an LSTM's own products were not.
    torch.testing.assert_close(found.float(), exact, atol=2**-6, rtol=0)
    assert cell != "lstm" or found.dtype == torch.float32
    found.sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in layer.parameters())


def test_an_lstm_that_its_library_refuses_is_computed_in_float32(
    sequences, refused, monkeypatch
):
    model = RNNClassifier(max_iter=2, precision="bfloat16", random_state=0)
    seen = []
    run = torch.lstm
    monkeypatch.setattr(
        torch, "lstm", lambda x, *rest: seen.append(x.dtype) or run(x, *rest)
    )
    model.fit(*sequences)
    assert set(seen) == {torch.float32}
    assert np.isfinite(model.predict_proba(sequences.X)).all()


FIT = """
import warnings
warnings.simplefilter("ignore")
import numpy as np
from sknn_suite import *
random = np.random.RandomState(0)
y = np.arange(40) % 2
tables = random.randn(40, 6).astype("float32")
rows = {
    "MLPClassifier": tables, "MLPRegressor": tables, "AutoencoderDetector": tables,
    "VAEDetector": tables, "CNNClassifier": random.rand(40, 12, 12).astype("float32"),
    "RNNClassifier": random.randn(40, 5, 2).astype("float32"),
    "TextRNNClassifier": ["good day", "bad night"] * 20,
}
for name, X in rows.items():
    for cell in ("lstm", "gru", "rnn") if "RNN" in name else (None,):
        model = globals()[name](precision="bfloat16", max_iter=2, random_state=0)
        if cell is not None:
            model.set_params(cell=cell)
        model.fit(X, y)
        model.predict(X)
        print(name, cell)
"""


@pytest.mark.slow
def test_every_estimator_takes_bfloat16_where_onednn_is_limited():
    limits = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    done = subprocess.run(
        [sys.executable, "-c", FIT],
        env=os.environ | limits,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == 11


def test_what_the_lstm_takes_is_what_happens_here():
    x, state = torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)
    weights = [torch.zeros(4, 1), torch.zeros(4, 1), torch.zeros(4), torch.zeros(4)]

    def run():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            options = (True, 1, 0.0, False, False, True)
            return torch.lstm(x, [state, state], weights, *options)

    if lstm_takes_bfloat16(CPU):
        assert run()[0].dtype == torch.bfloat16
    else:
        with pytest.raises(RuntimeError):
            run()
