"""Words of other libraries are refused with our names; signatures stay as they are."""

import inspect
import pickle
import re

import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import (
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TextRNNClassifier,
    VAEDetector,
)
from sknn_suite.parameters import param, parameters
from sknn_suite.parameters._vocabulary import TABLE, WORDS
from sknn_suite.parameters._words import translate
from sknn_suite.text import Tokenizer

TRIED = {
    "epochs": (10, "max_iter=10"),
    "n_epochs": (10, "max_iter=10"),
    "lr": (0.1, "learning_rate_init=0.1"),
    "patience": (5, "early_stopping=True, n_iter_no_change=5"),
    "optimizer": ("SGD", "solver='sgd'"),
    "optimizer__lr": (0.1, "learning_rate_init=0.1"),
    "bs": (32, "batch_size=32"),
    "Batch_Size": (32, "batch_size=32"),
    "validation_split": (0.3, "early_stopping=True, validation_fraction=0.3"),
    "test_size": (50, "early_stopping=True, validation_fraction=0.1"),
    "early_stop": (5, "early_stopping=True, n_iter_no_change=5"),
    "kernel_regularizer": ("l2", "alpha=0.0001 for a penalty"),
    "weight_decay": (0.01, "alpha=0.01 for a penalty"),
    "seed": (1, "random_state=1"),
    "max_itr": (3, "max_iter=3"),
}


# What those say that settle parameters themselves.
SETTLED = {
    "optimizer": "no solver",
    "early_stop": "no early_stopping",
    "kernel_regularizer": "no alpha",
    "weight_decay": "no alpha",
}


@pytest.mark.parametrize("word", TRIED)
def test_a_word_of_others_is_refused_with_ours(public_class, word):
    value, ours = TRIED[word]
    if "early_stopping" not in public_class().get_params():
        ours = SETTLED.get(word, ours.replace("early_stopping=True, ", ""))
    name = public_class.__name__
    first = re.escape(f"{name}.__init__() got an unexpected keyword argument '{word}'.")
    with pytest.raises(TypeError, match=f"^{first} Expected .*{re.escape(ours)}"):
        public_class(**{word: value})
    first = re.escape(f"Invalid parameter '{word}' for estimator {name}().")
    model = public_class()
    with pytest.raises(ValueError, match=f"^{first} Expected .*{re.escape(ours)}"):
        model.set_params(**{word: value})
    first = re.escape(f"{name}.fit() got an unexpected keyword argument '{word}'.")
    with pytest.raises(TypeError, match=f"^{first} Expected .*{re.escape(ours)}"):
        model.fit([[0.0], [1.0]], [0, 1], **{word: value})


@pytest.mark.parametrize(
    ("word", "value", "said"),
    [
        ("warm_start", True, "no warm_start. {} cannot continue a fit: fit it anew,"),
        ("checkpoint", "file", "no checkpoint. {} cannot continue a fit: fit it anew"),
        ("freeze", 1, "no freeze. {} trains all weights of new networks: leave freeze"),
        ("early_stopping", True, "no early_stopping. {} always leaves rows out, and"),
        ("early_stop", 5, "no early_stopping for early_stop. {} always leaves rows"),
        ("alpha", 0.1, "no alpha. {} settles alpha itself: leave alpha out."),
        ("weight_decay", 0.1, "no alpha for weight_decay. {} settles alpha itself: "),
    ],
)
def test_what_a_class_settles_itself_is_refused_with_a_reason(
    mixed_class, word, value, said
):
    said = re.escape(f"Expected {said.format(mixed_class.__name__)}")
    with pytest.raises(TypeError, match=said) as caught:
        mixed_class(**{word: value})
    assert str(caught.value).count(". ") == 2
    with pytest.raises(ValueError, match=said):
        mixed_class().set_params(**{word: value})
    with pytest.raises(TypeError, match=said):
        mixed_class().fit([[0.0], [1.0]], [0, 1], **{word: value})


@pytest.mark.parametrize(
    ("kind", "word", "ours"),
    [
        (MLPClassifier, "hidden_layers", "hidden_layer_sizes=(64, 32)"),
        (VAEDetector, "hidden_neuron_list", "hidden_layer_sizes=(64, 32)"),
        (TextRNNClassifier, "hidden_layers", "hidden_sizes=(64, 32)"),
        (CNNClassifier, "size", "image_shape=(64, 32, 3)"),
        (MLPClassifier, "layers", "=(64, 32), without the output layer"),
        (CNNClassifier, "layers", "architecture=[(32, 3), 'pool', 64]"),
        (MLPRegressor, "drop_out", "dropout=(64, 32)"),
        (RNNClassifier, "rnn_type", "cell=(64, 32)"),
        (VAEDetector, "latent_dim", "n_components=(64, 32)"),
        (VAEDetector, "criterion", "distribution='gaussian'"),
        (TextRNNClassifier, "maxlen", "max_length=(64, 32)"),
    ],
)
def test_each_family_has_its_own_word(kind, word, ours):
    with pytest.raises(TypeError, match=f"Write .*{re.escape(ours)}"):
        kind(**{word: (64, 32)})


def test_the_value_is_translated_too():
    with pytest.raises(TypeError, match="Write loss='squared_error'"):
        MLPRegressor(criterion="MSELoss")
    with pytest.raises(TypeError, match="Write activation='silu'"):
        MLPRegressor(act_fn="swish")


def test_no_word_leads_to_a_parameter_that_the_class_lacks(public_class):
    names = public_class().get_params()
    for word in WORDS:
        found = translate(word, 1, names)
        if found is not None:
            assert found[0] in names
            unknown = {n for n in re.findall(r"(\w+)=", found[1]) if n not in names}
            assert unknown == set(), word
    with pytest.raises(TypeError, match="unexpected keyword argument 'drop_out'") as e:
        VAEDetector(drop_out=0.1)
    assert "Expected" not in str(e.value)  # it has no dropout


def test_every_word_of_the_table_is_known_to_a_class_and_names_no_parameter():
    classes = (CNNClassifier, MLPRegressor, MLPClassifier, TextRNNClassifier)
    every = [set(kind().get_params()) for kind in (*classes, VAEDetector)]
    listed = [word for _, words, _ in TABLE for word in words.split()]
    assert len(listed) == len(set(listed))
    for word, (ours, _) in WORDS.items():
        assert any(set(ours) & names for names in every), word
        assert "_" not in word
        assert word not in ours


def test_several_words_are_told_at_once():
    message = (
        "unexpected keyword argument 'lr'. Expected learning_rate_init for lr, "
        "max_iter for epochs. Write learning_rate_init=0.1. Write max_iter=5."
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        MLPClassifier(lr=0.1, alpha=0, epochs=5)


def test_validation_rows_belong_to_fit(rows):
    X, y = rows
    for make in (
        lambda: MLPClassifier(validation_data=(X, y)),
        lambda: MLPClassifier().fit(X, y, validation_data=(X, y)),
        lambda: MLPClassifier().fit(X, y, eval_set=[(X, y)]),
    ):
        with pytest.raises(TypeError, match=r"Write fit\(X, y, X_val=\.\.\., y_val="):
            make()
    with pytest.raises(TypeError, match=r"Expected X_val. Write fit\(X, X_val=\.\.\."):
        VAEDetector().fit(X, validation_data=X)


def test_fit_refuses_what_belongs_to_the_constructor(rows):
    message = "Expected batch_size in the constructor, .* Write batch_size=32"
    with pytest.raises(TypeError, match=message):
        MLPClassifier().fit(*rows, batch_size=32)
    with pytest.raises(TypeError, match="Expected sample_weight"):
        MLPClassifier().fit(*rows, weights=rows.y)


def test_unknown_words_are_left_to_python_and_scikit_learn(rows):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'banana'$"):
        MLPClassifier(banana=1)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'banana'$"):
        MLPClassifier().fit(*rows, banana=1)
    with pytest.raises(TypeError, match=r"^VAEDetector.fit\(\) got .* 'banana'$"):
        VAEDetector().fit(rows.X, banana=1)
    with pytest.raises(ValueError, match="Valid parameters are"):
        MLPClassifier().set_params(banana=1)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        Tokenizer(validation_data=1)


def test_a_size_of_images_becomes_a_shape():
    with pytest.raises(TypeError, match=r"Write image_shape=\(224, 224, 3\)\."):
        CNNClassifier(size=224)


@pytest.mark.parametrize("name", ["evaluate", "summary", "history", "lr_find"])
def test_a_method_of_others_is_refused_with_ours(public_class, name):
    model = public_class()
    assert not hasattr(model, name)
    with pytest.raises(
        AttributeError,
        match=f"^'{public_class.__name__}' object has "
        f"no attribute '{name}'. Write .*\\.$",
    ):
        getattr(model, name)
    with pytest.raises(AttributeError, match=r"has no attribute 'banana'$"):
        model.banana  # noqa: B018
    message = "has no attribute 'score'|predict_proba"
    with pytest.raises(AttributeError, match=message):
        MLPRegressor().predict_proba  # noqa: B018


def test_pipelines_and_searches_pass_the_words_on(rows):
    pipeline = make_pipeline(StandardScaler(), MLPClassifier())
    with pytest.raises(ValueError, match="Write max_iter=5"):
        pipeline.set_params(mlpclassifier__epochs=5)
    search = GridSearchCV(MLPClassifier(), {"lr": [0.1]}, cv=2)
    with pytest.raises(ValueError, match=r"Write learning_rate_init=0\.1"):
        search.fit(*rows)


def test_more_arguments_than_places_are_told_by_name():
    message = r"takes no positional arguments, but 0.05 has no name.* by name"
    with pytest.raises(TypeError, match=message):
        VAEDetector(0.05)
    message = r"3 positional arguments \(loss, hidden_layer_sizes, activation\), but 7 "
    with pytest.raises(TypeError, match=message):
        MLPRegressor("huber", (5,), "relu", 7)


def test_the_signature_is_what_it_was(public_class):
    parameters_of = inspect.signature(public_class).parameters
    of_init = inspect.signature(public_class.__init__).parameters
    assert ["self", *parameters_of] == list(of_init)
    kinds = {p.kind for p in parameters_of.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert list(inspect.signature(public_class.fit).parameters)[:2] == ["self", "X"]
    model = public_class(max_iter=7)
    assert clone(model).get_params() == model.get_params()
    assert pickle.loads(pickle.dumps(model)).max_iter == 7


def test_a_class_of_the_users_keeps_the_words():
    @parameters(group="network")
    class Mine(MLPClassifier):
        """Mine.

        Parameters
        ----------
        depth : int, default=1
            Depth.
        """

        depth: int = param(1, int)

    assert Mine(depth=3, max_iter=5).get_params()["depth"] == 3
    with pytest.raises(TypeError, match=r"^Mine.__init__\(\) got .* Write max_iter=3"):
        Mine(epochs=3)

    class Plain(MLPClassifier):
        def __init__(self, depth=1, **others):
            self.depth = depth
            super().__init__(**others)

    with pytest.raises(TypeError, match="Write max_iter=3"):
        Plain(epochs=3)


# -- values --------------------------------------------------------------------------

VALUES = [
    (MLPClassifier, "learning_rate", 0.01, "write learning_rate_init=0.01"),
    (MLPClassifier, "learning_rate", "OneCycleLR", "Write learning_rate='one_cycle'"),
    (MLPClassifier, "activation", "swish", "Write activation='silu'"),
    (MLPClassifier, "activation", "ReLU", "Write activation='relu'"),
    (MLPClassifier, "activation", ["relu", "tanh"], "layers of MLPClassifier have one"),
    (MLPClassifier, "loss", "binary_crossentropy", "Write loss='log_loss'"),
    (MLPRegressor, "loss", "mse", "Write loss='squared_error'"),
    (MLPRegressor, "loss", "L1Loss", "Write loss='absolute_error'"),
    (MLPClassifier, "solver", "Adam", "Write solver='adam'"),
    (MLPClassifier, "early_stopping", 5, "early_stopping=True, n_iter_no_change=5"),
    (MLPClassifier, "early_stopping", "yes", "early_stopping=True, n_iter_no_change="),
    (MLPClassifier, "precision", "bf16", "Write precision='bfloat16'"),
    (MLPClassifier, "weight_init", "xavier_uniform", "Write weight_init='glorot'"),
    (RNNClassifier, "cell", "LSTM", "Write cell='lstm'"),
    (MLPClassifier, "callbacks", object(), r"Write a list of it: callbacks=\["),
]


@pytest.mark.parametrize(("kind", "name", "value", "ours"), VALUES)
def test_a_value_of_others_is_refused_with_ours(rows, kind, name, value, ours):
    message = f"The '{name}' parameter of {kind.__name__} must be .* Got .*{ours}"
    with pytest.raises(ValueError, match=message):
        kind(**{name: value}).fit(*rows)


@pytest.mark.parametrize("sizes", [(64, 64), [64], 64], ids=str)
def test_the_first_place_of_the_regressor_is_the_loss_and_it_says_so(numbers, sizes):
    message = (
        "The first argument without a name is the loss.* Write hidden_layer_sizes="
    )
    with pytest.raises(ValueError, match=message + re.escape(repr(sizes))):
        MLPRegressor(sizes).fit(*numbers)
    with pytest.raises(ValueError, match=re.escape(f"{sizes!r}, activation='tanh'")):
        MLPRegressor(sizes, "tanh").fit(*numbers)


@pytest.mark.parametrize(
    ("name", "value"), [("loss", "banana"), ("loss", None), ("alpha", "much")]
)
def test_other_values_have_scikit_learns_error_alone(numbers, name, value):
    with pytest.raises(ValueError, match=r"instead\.$"):
        MLPRegressor(**{name: value}).fit(*numbers)


@pytest.mark.parametrize(
    "sizes", [[(64, "relu"), (32, "tanh")], [64, (32, "tanh")], [64, "relu"]], ids=str
)
def test_layers_with_activations_are_refused_in_words(numbers, sizes):
    with pytest.raises(ValueError, match="with one activation for all layers"):
        MLPRegressor(hidden_layer_sizes=sizes).fit(*numbers)
