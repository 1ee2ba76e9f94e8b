"""How long an epoch of one BiLSTM takes, with three kinds of batches, and predict.

The epoch has 6,000 texts of 1 to 120 tokens, most of them short, in batches of 64. The
network is the same: an embedding of 100, a BiLSTM of 64, the mean over steps, a linear
layer. skorch pads all texts to the longest of all, or packs each batch. Predictions for
10,000 texts of 20 tokens are compared with the fit of TF-IDF and logistic regression on
them. One network is the default for so many texts. Two networks are the default for
fewer than 8,000 texts, and have no gate.
"""

from typing import Any

import numpy as np
import torch
from _measure import compare, parse_options, report, rounds, take_turns
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sknn_suite import TextRNNClassifier

N_WORDS = 5_000


class PlainNet(nn.Module):
    """The network, written by hand."""

    def __init__(self, packed: bool = False) -> None:
        super().__init__()
        self.packed = packed
        self.embedding = nn.Embedding(N_WORDS + 1, 100, padding_idx=0)
        self.rnn = nn.LSTM(100, 64, batch_first=True, bidirectional=True)
        self.output = nn.Linear(128, 2)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        there = ids != 0
        lengths = there.sum(dim=1)
        x = self.embedding(ids)
        if self.packed:
            sequence = pack_padded_sequence(x, lengths, True, enforce_sorted=False)
            x, _ = pad_packed_sequence(self.rnn(sequence)[0], batch_first=True)
            there = there[:, : x.shape[1]]
        else:
            x, _ = self.rnn(x)
        mean = (x * there.unsqueeze(2)).sum(dim=1) / lengths.unsqueeze(1)
        return torch.log_softmax(self.output(mean), dim=1)


def make_texts(n: int, lengths: np.ndarray, source: np.random.RandomState) -> Any:
    texts = [
        " ".join(f"w{i}" for i in source.zipf(1.3, length) % N_WORDS)
        for length in lengths
    ]
    return np.array(texts, dtype=object), source.randint(2, size=n)


def pad(texts: Any) -> np.ndarray:
    ids = [[int(word[1:]) + 1 for word in text.split()] for text in texts]
    padded = np.zeros((len(ids), max(map(len, ids))), np.int64)
    for row, numbers in zip(padded, ids):
        row[: len(numbers)] = numbers
    return padded


def main() -> None:
    options = parse_options(__doc__)
    source = np.random.RandomState(0)
    n = 1_000 if options.quick else 6_000
    lengths = np.clip(source.lognormal(2.7, 0.8, n).astype(int), 1, 120)
    X, y = make_texts(n, lengths, source)
    ids = pad(X)

    def skorch_net(packed: bool) -> Any:
        net = NeuralNetClassifier(
            PlainNet,
            module__packed=packed,
            optimizer=torch.optim.AdamW,
            max_epochs=1,
            batch_size=64,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )
        return net.fit(ids, y)

    def ours() -> Any:
        model = TextRNNClassifier(
            hidden_sizes=64,
            pooling="mean",
            dense_size=0,
            dropout=0.0,
            spatial_dropout=0.0,
            token_dropout=0.0,
            subwords=False,
            wide=False,
            min_df=1,
            max_length=None,
            batch_size=64,
            n_networks=1,
            max_iter=1,
        )
        return model.fit(X, y)

    seconds = take_turns(
        {
            "skorch, padded to the longest": lambda: skorch_net(False),
            "skorch, packed": lambda: skorch_net(True),
            "sknn_suite": ours,
        },
        rounds(options, 5),
    )
    work = f"an epoch of {n:,} texts, encoding included"
    lines = [
        compare(work, seconds, "skorch, padded to the longest", 4.0),
        compare(work, seconds, "skorch, packed", 1.5),
    ]
    n = 1_000 if options.quick else 10_000
    X, y = make_texts(n, np.full(n, 20), source)
    one = TextRNNClassifier(n_networks=1, max_iter=1).fit(X, y)
    two = TextRNNClassifier(n_networks=2, max_iter=1).fit(X, y)
    linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    turns = take_turns(
        {
            "TF-IDF + LogisticRegression, fit": lambda: linear.fit(X, y),
            "one network": lambda: one.predict(X),
            "two networks": lambda: two.predict(X),
        },
        rounds(options, 5),
    )
    for ours, gate in (("one network", 1.0), ("two networks", None)):
        work = f"predictions of {n:,} texts of 20 tokens, {ours}"
        lines.append(
            compare(work, turns, "TF-IDF + LogisticRegression, fit", gate, ours=ours)
        )
    raw = {"epoch": seconds, "predictions": turns}
    report("text_speed", __doc__, lines, options, raw=raw)


if __name__ == "__main__":
    main()
