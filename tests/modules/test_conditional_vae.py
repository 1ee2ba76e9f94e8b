"""A variational autoencoder that is told classes."""

import numpy as np
import torch

from sknn_suite.modules import Network


def build():
    config = {
        "n_inputs": 4,
        "n_classes": 3,
        "n_components": 2,
        "hidden_layer_sizes": (8, 6),
    }
    network = Network("conditional_vae", config)
    module = network.build(torch.device("cpu"), torch.float32)
    module.reset_parameters(np.random.RandomState(0))
    return module


def test_the_class_changes_what_is_decoded():
    module = build()
    codes = torch.zeros(3, 2)
    raw = module.decode(codes, torch.eye(3))
    assert raw.shape == (1, 3, 8)
    assert not torch.allclose(raw[0, 0], raw[0, 1])
    assert torch.equal(raw[0, 0, 4:], torch.zeros(4))  # scales of one


def test_codes_are_drawn_in_training_only():
    module = build()
    x, classes = torch.randn(3, 4, generator=torch.Generator()), torch.eye(3)
    module.sampler.generator = torch.Generator().manual_seed(0)
    module.eval()
    assert torch.equal(module(x, classes), module(x, classes))
    module.train()
    assert not torch.equal(module(x, classes), module(x, classes))
    assert len(module.models()) == 1
