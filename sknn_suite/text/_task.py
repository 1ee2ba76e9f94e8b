"""TextTask: raw texts, for recurrent networks beside a linear model over n-grams."""

import math
from typing import Any

import numpy as np
import torch

from sknn_suite.checks import check_labels, check_texts
from sknn_suite.data import as_tensor
from sknn_suite.device import BFLOAT16_WIDTH
from sknn_suite.encoding import LARGE, TextEncoder, count_times, settle_tokenizer
from sknn_suite.estimator import Classification, Rows
from sknn_suite.modules import SHARE_OF_NETWORKS, Network
from sknn_suite.sequence import RecurrentTask
from sknn_suite.text._ngram_model import fit_ngrams
from sknn_suite.text._part_scores import PartScores
from sknn_suite.training import FitPlan

# With at least this many texts, batches are larger, there is one network instead of
# two, and n-grams have at most two words. On splits of training texts, a second network
# and n-grams of three words then improved nothing.
FEW_TEXTS = 8_000

# Standard deviation of given vectors, by whether the corpus is large. From much text
# the network learns better vectors, and large given vectors would outweigh them.
SPREAD_OF_GIVEN = {False: 1.0, True: 0.3}

# Rows up to which wide="auto" adds n-grams; with more, the network learns them.
WIDE_ROWS = 100_000

# Recurrent layers from this width on gain from bfloat16.
RECURRENT_WIDTH = 32

# max_iter="auto": as many epochs as it takes to see this number of tokens, within the
# bounds. Few texts get more epochs, so that there are enough updates. After still more
# epochs the network is overconfident, and its average with the wide branch gets worse.
TOKENS_SEEN, FEWEST_EPOCHS, MOST_EPOCHS = 450_000, 3, 8
FEWEST_UPDATES, EPOCHS_OF_FEW = 300, 40


class TextTask(RecurrentTask):
    """Raw texts."""

    objective: Classification

    # Number of texts, repeats by weight included, and the mean number per row.
    n_texts: float
    times_per_row = 1.0

    def check(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        rows = super().check(X, y, sample_weight, resume=resume, partial=partial)
        self.n_texts = float(rows.n)
        if rows.weight is not None:
            self.n_texts = float(count_times(rows.weight).sum())
            self.times_per_row = self.n_texts / max(int((rows.weight > 0).sum()), 1)
        return rows

    def check_both(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        X = check_texts(self.of, X, reset=reset)
        return X, check_labels(self.of, X, y)

    def check_rows(self, X: Any) -> np.ndarray:
        return check_texts(self.of, X, reset=False)

    # -- encoder and network ---------------------------------------------------------

    def encoder(self) -> TextEncoder:
        of = self.of
        return TextEncoder(
            settle_tokenizer(of.tokenizer),
            of.min_df,
            of.max_features,
            of.max_length,
            pieces=of.subwords and of.embedding_size > 0,
            ngrams=self._count_ngrams(),
            letters=of.wide_letters,
            embeddings=of.embeddings,
            unseen=of.embedding_rate == 0,
        )

    def _count_ngrams(self) -> int:
        """Longest run of words that the linear model counts; 0 for no such model."""
        wide = self.of.wide
        if not (self.n_texts <= WIDE_ROWS if isinstance(wide, str) else wide):
            return 0
        if self.of.wide_ngrams == "auto":
            return 3 if self.n_texts < FEW_TEXTS else 2
        return int(self.of.wide_ngrams)

    def auto_sizes(self, encoder: TextEncoder) -> tuple[int, ...]:
        return (64 if encoder.is_large_ else 32, 32, 64)

    def auto_networks(self) -> int:
        net = getattr(self.of, "_net", None)
        if net is not None:  # a call that continues
            return net.network.config["n_networks"]
        return 2 if self.n_texts < FEW_TEXTS else 1

    def inputs(self, encoder: TextEncoder) -> dict[str, Any]:
        of = self.of
        of.vocabulary_ = encoder.vocabulary_
        of.max_length_ = encoder.max_length_
        of.embedding_coverage_ = encoder.coverage_
        of.wide_ngrams_ = encoder.ngrams
        of.wide_letters_ = bool(encoder.ngrams) and encoder.letters_
        if of.embedding_size == 0 and not encoder.vector_numbers_:
            raise ValueError(
                "embedding_size=0 leaves words without vectors. Expected embeddings "
                "that know some of the words, or a size of 1 or more. Raise "
                "embedding_size."
            )
        embedding = {
            "n_words": encoder.n_words,
            "size": int(of.embedding_size),
            "n_pieces": encoder.n_pieces_,
            "n_vectors": len(encoder.vector_numbers_),
            "vector_size": encoder.vector_size_,
            "dropout": float(of.token_dropout),
            "spread_of_given": SPREAD_OF_GIVEN[encoder.is_large_],
        }
        return {
            "n_inputs": 0,
            "embedding": embedding,
            "n_grams": len(encoder.grams_) if encoder.ngrams else 0,
            "embedding_rate": float(of.embedding_rate),
        }

    def settled(self, plan: FitPlan) -> dict[str, Any]:
        has_grams = plan.network.config["n_grams"] > 0
        return super().settled(plan) | {
            "wide_": has_grams,
            "wide_share_": 1 - SHARE_OF_NETWORKS if has_grams else 0.0,
        }

    def draw(
        self, module: Any, encoder: TextEncoder, random_state: np.random.RandomState
    ) -> None:
        module.reset_parameters(random_state, encoder.take_vectors())

    def label_smoothing(self) -> float:
        return 0.0 if self.of.loss == "focal" else self.of.label_smoothing

    # -- cost and recipe -------------------------------------------------------------

    def computes_float32(self, X: Any) -> bool:
        return True  # float32 is enough for texts

    def work_per_row(
        self, encoder: TextEncoder, network: Network, n_parameters: int
    ) -> float:
        given = network.config["embedding"]  # most of these are for words of new texts
        n_given = given["n_vectors"] * given["vector_size"]
        return super().work_per_row(encoder, network, n_parameters - n_given)

    def product_width(self, module: Any, network: Network, batch_size: int) -> int:
        wide = min(network.config["net"]["hidden_sizes"]) >= RECURRENT_WIDTH
        return BFLOAT16_WIDTH if wide else 0

    def batch_size(self, n_rows: int, device: torch.device) -> int:
        if device.type != "cpu":
            return super().batch_size(n_rows, device)
        n_texts = n_rows * self.times_per_row
        size = 32 if n_texts < FEW_TEXTS else 64 if n_texts < 40_000 else 128
        return min(size, n_rows)

    def n_epochs(
        self, encoder: TextEncoder, n_rows: int, updates_per_epoch: int
    ) -> int:
        n_tokens = n_rows * self.times_per_row * encoder.mean_length_
        fewest = FEWEST_EPOCHS - (n_tokens > LARGE)
        epochs = min(max(math.ceil(TOKENS_SEEN / n_tokens), fewest), MOST_EPOCHS)
        return max(epochs, min(FEWEST_UPDATES // updates_per_epoch, EPOCHS_OF_FEW))

    def prepare(
        self, plan: FitPlan, encoder: TextEncoder, *, resume: bool, partial: bool
    ) -> FitPlan:
        """Find the weights of the linear model on the training rows."""
        n_grams = plan.network.config["n_grams"]
        if resume or not n_grams:
            return plan
        train = plan.train
        weight = None if train.weight is None else train.weights.numpy()
        weight = self.objective.weigh_codes_as_drawn(weight, train.targets.numpy())
        found = fit_ngrams(
            train.inputs["words"].choose(train.rows),
            train.inputs["runs"].choose(train.rows),
            train.targets,
            None if weight is None else as_tensor(weight),
            n_grams,
            self.objective.n_outputs,
            self.objective.log_loss(),
        )
        known = np.zeros_like(plan.weights["wide.weight"])
        known[-n_grams:] = found.weight.numpy()
        bias = found.bias.numpy().astype(known.dtype)
        solved = {"wide.weight": known, "wide.bias": bias}
        self.of._ngram_fit = {"n_iter": found.n_iter, "loss": found.loss}
        return plan.change(weights=plan.weights | solved)

    def callbacks(self, fit: Any) -> list[Any]:
        has_parts = fit.plan.valid is not None and fit.plan.network.config["n_grams"]
        return [PartScores(fit)] if has_parts else []
