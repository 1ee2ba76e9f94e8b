"""What a reader of texts must know to make the inputs of a graph."""

import base64
import json
from typing import Any

from sknn_suite.encoding import TextEncoder
from sknn_suite.encoding._text import MOST_PIECES


def describe_texts(encoder: TextEncoder) -> str:
    """Describe tokenizer, vocabulary and n-grams as JSON.

    A tokenizer that is a function is null: whoever opens the graph must have it.
    """
    tokenizer: dict[str, Any] | None = encoder.tokenizer.get_params(deep=False)
    if callable(encoder.tokenizer.kind):
        tokenizer = None
    return json.dumps(
        {
            "tokenizer": tokenizer,
            "vocabulary": list(encoder.vocabulary_),
            "vectors": list(encoder.vector_numbers_),
            "max_length": encoder.max_length_,
            "n_pieces": encoder.n_pieces_ if encoder.pieces else 0,
            "most_pieces": MOST_PIECES,
            "ngrams": encoder.ngrams,
            "letters": bool(encoder.ngrams) and encoder.letters_,
            "grams": base64.b64encode(encoder.grams_.astype("<u8").tobytes()).decode(),
        }
    )
