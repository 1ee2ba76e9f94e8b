"""Networks over numbers and words as nodes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn_suite.export._layers import weights_of
from sknn_suite.export._recurrent import write_recurrent_net
from sknn_suite.export._value import Value


def write_sequences(module: Any, inputs: Mapping[str, Value]) -> Value:
    """Write a `SequenceNet`.

    Parameters
    ----------
    module : SequenceNet
        The network.
    inputs : mapping of str to Value
        "lengths", and "values" or what `write_words` and `write_wide` take.
    """
    if module.embedding is None:
        parts = [inputs["values"]] * len(module.nets)
    else:
        parts = write_words(module.embedding, inputs)
    lengths = inputs["lengths"]
    scores = [
        write_recurrent_net(net, x, lengths) for net, x in zip(module.nets, parts)
    ]
    total = scores[0]
    for more in scores[1:]:
        total = total + more
    deep = total / float(len(scores)) if len(scores) > 1 else total
    if module.wide is None:
        return deep
    share = module.share
    return share * deep + (1 - share) * write_wide(module.wide, inputs)


def write_words(embedding: Any, inputs: Mapping[str, Value]) -> list[Value]:
    """Write the vectors of tokens, for each network.

    Parameters
    ----------
    embedding : TokenEmbedding
        The vectors.
    inputs : mapping of str to Value
        "tokens", (n, n_steps): rows of "entries", (n_words, 2 + n_pieces), which has
        the code, the given vector and the pieces of each word of the batch.
    """
    entries, tokens = inputs["entries"], inputs["tokens"]
    codes, pieces = entries.at(np.int64(0), axis=1), entries.cut(1, 2)
    given = None
    if embedding.vectors is not None:
        vectors = entries.graph.constant(weights_of(embedding.vectors))
        given = vectors.at(entries.at(np.int64(1), axis=1))
    if not len(embedding.learnt):
        return [given.at(tokens)] * embedding.n_networks  # type: ignore[union-attr]
    parts = []
    for learnt in embedding.learnt:
        words = entries.graph.constant(weights_of(learnt.words))
        table = words.at(codes)
        if learnt.pieces is not None:
            of_pieces = entries.graph.constant(weights_of(learnt.pieces))
            count = (pieces > 0).cast(np.float32).sum(1, keep=True)
            table = table + of_pieces.at(pieces).sum(1) / count.clip(1.0)
        table = table if given is None else table.join(given, axis=1)
        parts.append(table.at(tokens))
    return parts


def write_wide(wide: Any, inputs: Mapping[str, Value]) -> Value:
    """Write the wide branch.

    Parameters
    ----------
    wide : WideBranch
        Its weights; those of the padding and of unknown n-grams are zero.
    inputs : mapping of str to Value
        "words", (n, most), the different words of each row: rows of "grams", (n_words,
        most), which has the n-gram of the word itself, then those of its letters; and
        "runs", (n, most), n-grams of several words.
    """
    words, grams, runs = (inputs[name] for name in ("words", "grams", "runs"))
    weight = words.graph.constant(weights_of(wide.weight))
    there = (grams > 0).cast(np.float32)
    n_grams = there.sum(1, keep=True)
    share = 1.0 / (n_grams - 1.0).clip(1.0).then("Sqrt")  # of each letter n-gram
    values = there.cut(1, 0, 1).join(there.cut(1, 1) * share, axis=1)
    sums = (values.unsqueeze(1) @ weight.at(grams)).squeeze(1)
    total = sums.at(words).sum(1) + weight.at(runs).sum(1)
    squares = n_grams.clip(high=2.0).at(words).sum(1)
    n = squares + (runs > 0).cast(np.float32).sum(1, keep=True)
    return total / n.clip(1.0).then("Sqrt") + weights_of(wide.bias)
