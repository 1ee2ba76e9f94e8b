"""Networks side by side: each learns as if it were alone, and all have a say."""

import numpy as np
import pytest
import torch

from sknn_suite.data._bundle import CodedRows
from sknn_suite.losses import SoftmaxLoss
from sknn_suite.modules import SequenceNet

NET = {"hidden_sizes": (6, 5), "n_outputs": 3, "dense_size": 4, "batch_norm": True}
GIVEN = 3

# Given vectors, and the length of those that are learnt.
vectors = pytest.mark.parametrize(("n_vectors", "size"), [(0, 4), (2, 4), (2, 0)])


def make_net(n_networks, n_vectors, size):
    embedding = {
        "n_words": 9,
        "size": size,
        "n_pieces": 16,
        "n_vectors": n_vectors,
        "vector_size": GIVEN if n_vectors else 0,
    }
    net = SequenceNet(0, NET, n_networks, embedding, device="cpu").double()
    random_state = np.random.RandomState(0)
    net.reset_parameters(random_state, random_state.normal(size=(n_vectors, GIVEN)))
    return net


def take_one(several, k, n_vectors, size):
    """The k-th network by itself."""
    one = make_net(1, n_vectors, size)
    one.nets[0].load_state_dict(several.nets[k].state_dict())
    if size:
        own = several.embedding.learnt[k].state_dict()
        one.embedding.learnt[0].load_state_dict(own)
    if n_vectors:
        one.embedding.vectors.data.copy_(several.embedding.vectors)
    return one


@pytest.fixture
def batch():
    source = np.random.RandomState(1)
    # The word's number, the number of its vector, and those of its pieces.
    table = np.column_stack(
        [source.randint(9, size=7), source.randint(3, size=7)]
        + [source.randint(17, size=7) for _ in range(2)]
    )
    codes = torch.from_numpy(source.randint(7, size=(5, 6)))
    tokens = CodedRows(codes, torch.from_numpy(table))
    return {"lengths": torch.tensor([6, 2, 1, 6, 4]), "tokens": tokens}


@vectors
def test_scores_are_the_mean_of_those_of_each_network_alone(batch, n_vectors, size):
    several = make_net(3, n_vectors, size).eval()
    alone = [take_one(several, k, n_vectors, size).eval() for k in range(3)]
    expected = torch.stack([net(**batch) for net in alone]).mean(dim=0)
    torch.testing.assert_close(several(**batch), expected)
    weights = torch.stack([net.weigh(**batch) for net in alone]).mean(dim=0)
    torch.testing.assert_close(several.weigh(**batch), weights)


@vectors
def test_each_network_learns_as_if_it_were_alone(batch, n_vectors, size):
    y = torch.tensor([0, 1, 2, 0, 1])
    several = make_net(2, n_vectors, size)
    loss = SoftmaxLoss()
    loss(several(**batch), y).sum().backward()
    for k in range(2):
        one = take_one(several, k, n_vectors, size)
        loss(one(**batch), y).backward()
        found = list(several.nets[k].parameters())
        expected = list(one.nets[0].parameters())
        if size:
            found += several.embedding.learnt[k].parameters()
            expected += one.embedding.learnt[0].parameters()
        assert len(found) == len(expected)
        for a, b in zip(found, expected):
            torch.testing.assert_close(a.grad, b.grad)


def test_each_network_forgets_other_words():
    embedding = make_net(2, 0, 4).embedding
    generator = torch.Generator().manual_seed(0)
    for part in embedding.learnt:
        part.p, part.generator = 0.5, generator
    words = torch.arange(3, 9).repeat(50)
    entries = torch.stack([words, *torch.zeros(3, len(words), dtype=torch.int64)], 1)
    unknown = torch.stack([part.words[1] for part in embedding.learnt])
    vectors = embedding.look_up(entries).view(-1, 2, 4)
    forgot = (vectors == unknown).all(dim=2).double()
    for share in forgot.mean(dim=0):
        assert 0.4 < share < 0.6
    assert 0.15 < forgot.prod(dim=1).mean() < 0.35
