"""TextRNNClassifier."""

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sknn_suite.data import make_batches
from sknn_suite.estimator import Classification, Classifier
from sknn_suite.parameters import TrainingParameters, parameters, redefault
from sknn_suite.sequence import RecurrentParameters
from sknn_suite.text._ngram_view import NgramModel
from sknn_suite.text._parameters import TextParameters
from sknn_suite.text._task import TextTask


@parameters
class TextRNNClassifier(TextParameters, RecurrentParameters, Classifier):
    """Text classifier: the mean of an n-gram model (six tenths) and recurrent networks.

    Start with `max_iter`, `n_networks`, `embeddings` and `wide`.

    Use it for short and medium-length texts in any language, from a few hundred texts
    on. Pass raw strings. The raw scores of both parts are averaged. The n-gram model
    counts words, runs of words and letter n-grams, weighted as in naive Bayes, and is
    hard to beat on a few thousand texts; ``wide=False`` leaves it out, as the default
    does for more than 100,000 texts. The networks turn words into vectors and read them
    with two bidirectional recurrent layers; attention and other poolings turn the steps
    into one vector. Pretrained word vectors (`embeddings`) improve it further.

    Parameters
    ----------
    batch_norm : bool, default=True
        Whether the dense layer is batch-normalised.

    dropout : float, default=0.4
        Probability, in [0, 1), that an input or output of the dense layer is set to
        zero in a training step. Raise it when the model overfits.

    spatial_dropout : float, default=0.3
        Probability, in [0, 1), that a channel of the word vectors is set to zero in all
        steps of a text in a training step.

    label_smoothing : float, default=0.1
        Fraction of the target, in [0, 1), that training spreads evenly over the
        classes. It keeps the networks from being more certain than the n-gram model.
        loss="focal" ignores it.

    solver : {"adam", "sgd", "lbfgs", "adamw", "nadam", "radam", "rmsprop", "adagrad", \
            "adadelta"} or type, default="adamw"
        How weights are updated, see `MLPClassifier`. Weight decay leaves biases alone.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    vocabulary_ : dict of str to int
        Words with vectors, and their numbers, most frequent word first.

    max_length_ : int or None
        Largest number of tokens that the recurrent layers read.

    embedding_coverage_ : float or None
        Fraction of the tokens in the training texts that `embeddings` contain; None
        without `embeddings`.

    wide_ : bool
        Whether there is an n-gram model.

    wide_share_ : float
        Its share in the prediction, 0 if there is none.

    wide_ngrams_, wide_letters_ : int and bool
        Longest run of words that it counts, and whether it counts letter n-grams.

    ngram_model_ : NgramModel
        The n-gram model: `top_ngrams` of a class, `n_ngrams`, `n_iter`, `loss`, and its
        `share` of the prediction. It exists if `wide` is on.

    history_ : list of dict
        One record per epoch: epoch, train_loss, learning_rate, seconds. Validation rows
        add valid_loss and valid_score of the averaged prediction. With an n-gram model
        they also add valid_score_network and valid_score_ngrams, one for each part.

    out_activation_ : str
        "softmax" or "logistic".

    n_features_in_ : int
        1, if X was a column.

    See Also
    --------
    RNNClassifier : The same network over numbers.

    Notes
    -----
    The prediction for a text does not depend on the other texts.

    All statistics of the texts count weights: vocabulary, n-grams and values of "auto".
    A text of weight 2 counts like the text twice, a text of weight 0 like no text. A
    text of weight below 1 counts once for words, and by its weight for classes.

    Warm starts and partial_fit keep the vocabulary, `max_length_`, the n-grams and
    their weights from the first fit. Words that first occur later get no word vector;
    the model uses their letter n-grams, and `embeddings` that contain them. So give the
    first call representative texts.

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

    batch_norm: bool = redefault("batch_norm", RecurrentParameters, True)
    dropout: float = redefault("dropout", RecurrentParameters, 0.4)
    spatial_dropout: float = redefault("spatial_dropout", RecurrentParameters, 0.3)
    label_smoothing: float = redefault("label_smoothing", Classifier, 0.1)
    solver: str | type = redefault("solver", TrainingParameters, "adamw")
    alpha: float = redefault("alpha", TrainingParameters, 0.0)
    learning_rate_init: Any = redefault("learning_rate_init", TrainingParameters, 0.005)
    beta_2: float = redefault("beta_2", TrainingParameters, 0.99)

    def _task(self, of):
        return TextTask(of, Classification(of))

    # -- looking inside --------------------------------------------------------------

    @property
    def ngram_model_(self) -> NgramModel:
        """The n-gram model, if `wide` is on."""
        check_is_fitted(self)
        net = self._fitted_net()
        if "wide.weight" not in net.weights:
            raise AttributeError(
                f"This {type(self).__name__} has no ngram_model_, since it was fitted "
                f"with wide={self.wide!r}, which left n-grams out. "
                "Expected a fit with n-grams. Fit with wide=True."
            )
        return NgramModel(
            net.encoder,
            net.weights["wide.weight"],
            self.classes_,
            per_label=net.target.kind_ == "multilabel",
            **self._ngram_fit,
        )

    def token_weights(self, X):
        """Compute how much attention each token of each text gets.

        Parameters
        ----------
        X : array-like of str
            The texts.

        Returns
        -------
        list of list of (str, float)
            The tokens of each text and their weights, which sum to one. A weight is the
            mean attention over all recurrent layers of all networks. For a text longer
            than `max_length_`, only the tokens that the networks read.
        """
        X, _ = self._rows_to_predict(X, "token_weights")
        net = self._fitted_net()
        if "attention" not in net.network.config["net"]["pooling"]:
            raise ValueError(
                f"token_weights needs attention, but pooling={self.pooling!r}. "
                "Expected 'attention' among the poolings. Fit with it."
            )
        bound = net.bind(len(X), self.device)
        bundle = net.bundle(X).to(bound.device)
        order = bundle.lengths.argsort(stable=True)
        weights: list[np.ndarray] = []
        with torch.inference_mode():
            for batch in make_batches(bundle.select(order), 1024):
                each = bound.module.weigh(**batch.inputs).cpu().numpy()
                weights += list(each)
        result: list[Any] = [None] * len(X)
        texts = net.encoder.cut(X)
        for row, weight in zip(order.tolist(), weights):
            result[row] = list(zip(texts[row], weight.astype(float).tolist()))
        return result

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags
