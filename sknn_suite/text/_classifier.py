"""TextRNNClassifier."""

import copy
import math
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sknn_suite.checks import check_labels, check_texts
from sknn_suite.data import make_batches
from sknn_suite.device import BFLOAT16_WIDTH, Place
from sknn_suite.encoding import LARGE, TextEncoder, count_times, settle_tokenizer
from sknn_suite.estimator import ClassifierHalf, Rows, Run
from sknn_suite.losses import SigmoidLoss, SoftmaxLoss
from sknn_suite.parameters import TrainingParameters, parameters, redefault
from sknn_suite.sequence._recurrent import RecurrentEstimator
from sknn_suite.text._ngram_model import fit_ngrams
from sknn_suite.text._ngram_view import NgramModel
from sknn_suite.text._parameters import TextParameters
from sknn_suite.text._part_scores import score_ngrams, without_ngrams

# Texts from which on batches are larger, one network does nearly as well as two, and
# runs of three words say no more than pairs, as splits of training texts told.
FEW_TEXTS = 8_000

# Deviation of given vectors, by whether the corpus is large: of much text the vectors
# that are learnt know more, and are drowned if those given are loud.
SPREAD_OF_GIVEN = {False: 1.0, True: 0.3}

# Rows up to which wide="auto" adds n-grams; with more, the network learns them.
WIDE_ROWS = 100_000

# Recurrent layers from this width on gain from bfloat16.
RECURRENT_WIDTH = 32

# max_iter="auto": epochs in which so many tokens are seen, between the bounds, and more
# where a few hundred updates need more. Then the network is nearly as sure of itself as
# it may be; with more epochs it soon is too sure, for the mean with the wide branch.
TOKENS_SEEN, FEWEST_EPOCHS, MOST_EPOCHS = 450_000, 3, 8
FEWEST_UPDATES, EPOCHS_OF_FEW = 300, 40


@parameters
class TextRNNClassifier(TextParameters, RecurrentEstimator, ClassifierHalf):
    """Text classifier: the mean of an n-gram model (six tenths) and recurrent networks.

    Texts go in as they are, and the raw scores of both parts are averaged. The n-gram
    model counts words, runs of words and letter n-grams, weighed as in naive Bayes,
    which is hard to beat on a few thousand texts; ``wide=False`` leaves it out, as the
    default does with more than 100,000 texts. In the networks words become vectors,
    which two bidirectional recurrent layers read; attention and other poolings turn the
    steps into one vector. Use it for short and middling texts in any language, from a
    few hundred of them on; word vectors of one's own or of others help further.

    Parameters
    ----------
    batch_norm : bool, default=True
        Whether the dense layer is batch-normalised.

    dropout : float, default=0.4
        Probability, in [0, 1), that a number before or behind the dense layer is set to
        zero in a training step.

    spatial_dropout : float, default=0.3
        Probability, in [0, 1), that a channel of the word vectors is set to zero in all
        steps of a text.

    label_smoothing : float, default=0.1
        Part of the target, in [0, 1), that training spreads evenly over the classes,
        so that the networks are not surer of themselves than the n-gram model. The
        focal loss takes none.

    solver : {"adam", "sgd", "lbfgs", "adamw", "nadam", "radam", "rmsprop", "adagrad", \
            "adadelta"} or type, default="adamw"
        How weights are updated, see `MLPClassifier`. Weight decay spares biases.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    vocabulary_ : dict of str to int
        Words that have a vector of their own, and their numbers, the most frequent
        first.

    max_length_ : int or None
        Most tokens that the recurrent layers see.

    embedding_coverage_ : float or None
        Part of the tokens of the training texts that `embeddings` know; None without.

    ngram_model_ : NgramModel
        The n-gram model to look at: `top_ngrams` of a class, `n_ngrams`, `n_iter`,
        `loss`, and its `share` of the prediction. There if it has a say.

    history_ : list of dict
        One record per epoch: epoch, train_loss, learning_rate, seconds, and with
        validation rows valid_loss and valid_score, of the mean that predicts. Beside
        an n-gram model also valid_score_network and valid_score_ngrams, of each part
        alone.

    out_activation_ : str
        "softmax" or "logistic".

    n_features_in_ : int
        1, if X was a column.

    See Also
    --------
    RNNClassifier : The same network over numbers.

    Notes
    -----
    Each text is predicted on its own: neither the length nor the number of the others
    plays a part.

    Texts count by their weight in all that is learnt of them, vocabulary, n-grams and
    what "auto" stands for: a weight of 2 is the text twice, 0 no text. One of less than
    1 counts once for words, and by its weight for classes.

    Warm starts and partial_fit keep what the first fit has learnt of texts: vocabulary,
    `max_length_`, n-grams and their weights. Words that come up later have no vector of
    their own; their letters tell what they may mean, and `embeddings` that know them.
    Give the first call texts that stand for the rest.

    References
    ----------
    Wang & Manning, "Baselines and Bigrams", ACL 2012. Yang et al., "Hierarchical
    Attention Networks", NAACL 2016. Bojanowski et al., "Enriching Word Vectors with
    Subword Information", TACL 5, 2017.

    Examples
    --------
    >>> from sknn_suite import TextRNNClassifier
    >>> texts = ["what a fine film", "a dull film", "fine and warm", "dull and long"]
    >>> labels = ["good", "bad", "good", "bad"]
    >>> model = TextRNNClassifier(hidden_sizes=8, random_state=0)
    >>> model.fit(texts * 5, labels * 5).predict(["a fine one", "so dull"])
    array(['good', 'bad'], dtype='<U4')
    """

    batch_norm: bool = redefault("batch_norm", RecurrentEstimator, True)
    dropout: float = redefault("dropout", RecurrentEstimator, 0.4)
    spatial_dropout: float = redefault("spatial_dropout", RecurrentEstimator, 0.3)
    label_smoothing: float = redefault("label_smoothing", ClassifierHalf, 0.1)
    solver: str | type = redefault("solver", TrainingParameters, "adamw")
    alpha: float = redefault("alpha", TrainingParameters, 0.0)
    learning_rate_init: Any = redefault("learning_rate_init", TrainingParameters, 0.005)
    beta_2: float = redefault("beta_2", TrainingParameters, 0.99)

    def _auto_sizes(self) -> tuple[int, ...]:
        return (64 if self._encoder.is_large_ else 32, 32, 64)

    def _auto_networks(self) -> int:
        return 2 if self._are_few else 1

    # -- rows ------------------------------------------------------------------------

    def _check_rows_and_target(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        X = check_texts(self, X, reset=reset)
        return X, check_labels(self, X, y)

    def _check_rows(self, X: Any) -> np.ndarray:
        return check_texts(self, X, reset=False)

    def _make_encoder(self) -> TextEncoder:
        return TextEncoder(
            settle_tokenizer(self.tokenizer),
            self.min_df,
            self.max_features,
            self.max_length,
            pieces=self.subwords and self.embedding_size > 0,
            ngrams=self._count_ngrams(),
            letters=self.wide_letters,
            embeddings=self.embeddings,
            unseen=self.embedding_rate == 0,
        )

    def _count_ngrams(self) -> int:
        if not self._is_wide:
            return 0
        if self.wide_ngrams == "auto":
            return 3 if self._are_few else 2
        return int(self.wide_ngrams)

    # -- training --------------------------------------------------------------------

    def _check_training_rows(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        rows = super()._check_training_rows(
            X, y, sample_weight, resume=resume, partial=partial
        )
        n_texts: float = rows.n
        self._times_per_row = 1.0  # how often a text counts, on average
        if rows.weight is not None:
            n_texts = float(count_times(rows.weight).sum())
            self._times_per_row = n_texts / max(int((rows.weight > 0).sum()), 1)
        if not resume:
            self._is_wide = (
                n_texts <= WIDE_ROWS if isinstance(self.wide, str) else bool(self.wide)
            )
            self._are_few = n_texts < FEW_TEXTS
        return rows

    def _configure_module(self) -> dict:
        encoder = self._encoder
        self.vocabulary_ = encoder.vocabulary_
        self.max_length_ = encoder.max_length_
        self.embedding_coverage_ = encoder.coverage_
        if self.embedding_size == 0 and not encoder.vector_numbers_:
            raise ValueError(
                "embedding_size=0 leaves words without vectors. Expected embeddings "
                "that know some of the words, or a size of 1 or more. Raise "
                "embedding_size."
            )
        embedding = {
            "n_words": encoder.n_words,
            "size": int(self.embedding_size),
            "n_pieces": encoder.n_pieces_,
            "n_vectors": len(encoder.vector_numbers_),
            "vector_size": encoder.vector_size_,
            "dropout": float(self.token_dropout),
            "spread_of_given": SPREAD_OF_GIVEN[encoder.is_large_],
        }
        return super()._configure_module() | {
            "n_inputs": 0,
            "embedding": embedding,
            "n_grams": len(encoder.grams_) if encoder.ngrams else 0,
            "embedding_rate": float(self.embedding_rate),
        }

    @property
    def _smoothing(self) -> float:
        return 0.0 if self.loss == "focal" else self.label_smoothing

    def _place_module(self, rows: Rows, resume: bool) -> tuple[nn.Module, Place]:
        self._input_dtype = "float32"  # texts have no type that asks for more
        return super()._place_module(rows, resume)

    def _work(self, n_rows: int, n_parameters: int) -> float:
        given = self._config["embedding"]  # most of these are for words to come
        n_given = given["n_vectors"] * given["vector_size"]
        return super()._work(n_rows, n_parameters - n_given)

    def _product_width(self, module: nn.Module, n_rows: int) -> int:
        wide = min(self._config["net"]["hidden_sizes"]) >= RECURRENT_WIDTH
        return BFLOAT16_WIDTH if wide else 0

    def _init_module(self, module: Any) -> None:
        module.reset_parameters(self._random_state, self._encoder.take_vectors())

    def _clip_batch_size(self, n_rows: int, place: Place | None) -> int:
        if self.batch_size == "auto" and (place is None or place.device.type == "cpu"):
            n_texts = n_rows * self._times_per_row
            size = 32 if n_texts < FEW_TEXTS else 64 if n_texts < 40_000 else 128
            return min(size, n_rows)
        return super()._clip_batch_size(n_rows, place)

    def _suited_epochs(self, n_rows: int, updates_per_epoch: int) -> int:
        n_tokens = n_rows * self._times_per_row * self._encoder.mean_length_
        fewest = FEWEST_EPOCHS - (n_tokens > LARGE)
        epochs = min(max(math.ceil(TOKENS_SEEN / n_tokens), fewest), MOST_EPOCHS)
        return max(epochs, min(FEWEST_UPDATES // updates_per_epoch, EPOCHS_OF_FEW))

    def _prepare(self, *args: Any, **kwargs: Any) -> Run:
        run = super()._prepare(*args, **kwargs)
        module: Any = run.module
        resumes = args[5] and self.__sklearn_is_fitted__()
        if module.wide is not None and not resumes:
            self._fit_wide(module.wide, run)
        return run

    def _fit_wide(self, wide: Any, run: Run) -> None:
        """Solve for the weights of the wide branch on the training rows."""
        train = run.train
        words, runs = (
            train.inputs[name].to(torch.device("cpu")).choose(train.rows)
            for name in ("words", "runs")
        )
        found = fit_ngrams(
            words,
            runs,
            train.targets.cpu(),
            None if train.weight is None else train.weights.cpu(),
            self._config["n_grams"],
            self._n_outputs,
            SoftmaxLoss() if self._target.kind_ == "multiclass" else SigmoidLoss(),
        )
        wide.set_weights(found.weight, found.bias)
        self._ngram_fit: dict[str, Any] = {"n_iter": found.n_iter, "loss": found.loss}

    def _score_validation(self, net: Any, run: Run) -> float:
        score = super()._score_validation(net, run)
        wide: Any = run.module.wide
        if wide is not None:
            if not hasattr(net, "ngram_raw_"):  # its weights stay
                net.ngram_raw_ = score_ngrams(wide, run.valid, net.recipe.valid_rows)
                net.ngram_score_ = self._score_part(net, run, net.ngram_raw_, 0.0)
            raw = without_ngrams(net.valid_raw_, net.ngram_raw_)
            of_network = self._score_part(net, run, raw, 1.0)
            net.history.record("valid_score_network", of_network)
            net.history.record("valid_score_ngrams", net.ngram_score_)
        return score

    def _score_part(self, net: Any, run: Run, raw: torch.Tensor, share: float) -> float:
        """Score one part by its raw scores, or as an estimator that has only it."""
        scoring, valid = self.early_stopping_scoring, run.valid
        if scoring is None:
            return self._validation_score(raw, valid)
        if scoring == "loss":
            weight = None if valid.weight is None else valid.weights
            return -float(self._make_loss().eval()(raw, valid.targets, weight))
        alone = copy.copy(self)
        alone._config = self._config | {"share": share}
        return super(TextRNNClassifier, alone)._score_validation(net, run)

    # -- looking inside --------------------------------------------------------------

    @property
    def ngram_model_(self) -> NgramModel:
        """The n-gram model, if it has a say."""
        check_is_fitted(self)
        weights = self._weights()
        if "wide.weight" not in weights:
            raise AttributeError(
                f"This {type(self).__name__} has no ngram_model_, since it was fitted "
                f"with wide={self.wide!r} on texts for which that leaves n-grams out. "
                "Expected a fit with them. Fit with wide=True."
            )
        return NgramModel(
            self._encoder,
            weights["wide.weight"],
            self.classes_,
            per_label=self._target.kind_ == "multilabel",
            **self._ngram_fit,
        )

    def token_weights(self, X):
        """Tell how much attention each token of each text gets.

        Parameters
        ----------
        X : array-like of str
            The texts.

        Returns
        -------
        list of list of (str, float)
            Tokens of each text and their weights, which sum to one: the mean of the
            attention of all recurrent layers of all networks. A text that is longer
            than `max_length_` has the tokens that the networks see.
        """
        check_is_fitted(self)
        X = self._check_rows(X)
        if "attention" not in self._config["net"]["pooling"]:
            raise ValueError(
                f"token_weights needs attention, but pooling={self.pooling!r}. "
                "Expected 'attention' among the poolings. Fit with it."
            )
        bound = self._bind_module(len(X))
        bundle = self._encoder.transform(X, bound.dtype).to(bound.device)
        order = bundle.lengths.argsort(stable=True)
        weights: list[np.ndarray] = []
        with torch.inference_mode():
            for batch in make_batches(bundle.select(order), 1024):
                each = bound.module.weigh(**batch.inputs).cpu().numpy()
                weights += list(each)
        result: list[Any] = [None] * len(X)
        texts = self._encoder.cut(X)
        for row, weight in zip(order.tolist(), weights):
            result[row] = list(zip(texts[row], weight.astype(float).tolist()))
        return result

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags
