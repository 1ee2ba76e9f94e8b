"""Words of other libraries for parameters, and errors that name ours.

Keras, fastai, PyOD, skorch and torch have their own names for what scikit-learn calls
``max_iter`` or ``learning_rate_init``. None of them is accepted: two names for one
thing would be two things to search over. The error says which name is meant.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

from sknn_suite.parameters._foreign_values import our_value

F = TypeVar("F", bound=Callable)


class Word(NamedTuple):
    """What a word of another library is here.

    Parameters
    ----------
    ours : tuple of str
        Our names; the first that a class has is meant.
    advice : str, default=""
        What to write, if the value cannot be taken over.
    """

    ours: tuple[str, ...]
    advice: str = ""


_UNITS = "Write the units of each hidden layer, such as {ours}=(64, 32)."
_LAYERS = ("architecture", "hidden_layer_sizes", "hidden_sizes")
_PATIENCE = "Write early_stopping=True, n_iter_no_change={value}."
_DECAY = (
    "Write alpha={value} for a penalty, or solver='adamw' with "
    "solver_params={{'weight_decay': {value}}} for decay apart from the gradient."
)

# Our names, the words of others in one string, and the advice where there is one. The
# words are without underscores, since these differ between libraries too.
_TABLE: list[tuple[tuple[str, ...], str, str]] = [
    (
        ("max_iter",),
        "epoch epochs nepoch nepochs nbepoch numepochs maxepochs epochnum niter "
        "numiter numiterations iterations numtrainepochs",
        "",
    ),
    (
        ("learning_rate_init",),
        "lr lrate rate eta eta0 stepsize baselr maxlr lrmax initiallr lrinit",
        "",
    ),
    (
        _LAYERS,
        "layers layersizes hidden hiddenlayers hiddenlayer hiddenlayersize "
        "hiddenlayersizes hiddensize hiddensizes hiddenunits hiddendim hiddendims "
        "hiddenneurons hiddenneuronlist encoderneurons encoderneuronlist nhidden "
        "nunits units neurons nneurons nodes numlayers nlayers nhiddenlayers "
        "numhiddenlayers depth width",
        _UNITS,
    ),
    (
        ("architecture",),
        "arch model modelname module net network filters kernelsize convlayers "
        "nfilters",
        "",
    ),
    (
        ("decoder_hidden_layer_sizes",),
        "decoderneurons decoderneuronlist decoderlayers",
        _UNITS,
    ),
    (
        ("n_components",),
        "latentdim latentsize encodingdim bottleneck bottlenecksize codesize codedim "
        "nlatent zdim nfactors",
        "",
    ),
    (
        ("dropout",),
        "dropouts dropoutrate dropoutp dropoutprob droprate pdropout dropmult ps",
        "",
    ),
    (("spatial_dropout",), "spatialdropout1d spatialdrop", ""),
    (("token_dropout",), "embedp worddropout embeddingdropout", ""),
    (("cell",), "rnntype celltype rnn rnncell", ""),
    (("bidirectional",), "bidir birnn", ""),
    (("dense_size",), "densunits denseunits linftrs", ""),
    (("solver",), "optimizer optim opt optfunc optimizername optimiser", ""),
    (
        ("loss", "distribution"),
        "criterion criterionname lossfunc lossfunction lossfn objective",
        "",
    ),
    (("batch_size",), "batch bs minibatchsize batchsizes trainbatchsize", ""),
    (
        ("n_iter_no_change",),
        "patience earlystoppingrounds earlystoppingpatience stoppingrounds",
        _PATIENCE,
    ),
    (
        ("validation_fraction",),
        "validationsplit trainsplit valsplit validfrac valfraction validpct valsize "
        "testsize validationsize",
        "Write early_stopping=True, validation_fraction=0.1.",
    ),
    (
        ("early_stopping_scoring",),
        "metric metrics monitor scoring evalmetric",
        "Write the name of a scikit-learn scorer, such as "
        "early_stopping_scoring='roc_auc', with early_stopping=True.",
    ),
    (("tol",), "mindelta", ""),
    (("alpha",), "l2 l2reg l2regularizer l2regularization reglambda", ""),
    (("alpha",), "weightdecay wd kernelregularizer", _DECAY),
    (("l1_alpha",), "l1 l1reg l1regularizer", ""),
    (
        ("activation",),
        "activations activationfn activationfunction act actfn actcls nonlinearity "
        "hiddenactivation hiddenactivationname activationname",
        "",
    ),
    (
        ("batch_norm",),
        "bn usebn batchnormalization usebatchnorm batchnormalisation",
        "",
    ),
    (("weight_init",), "kernelinitializer initializer init weightsinit winit", ""),
    (("random_state",), "seed randomseed manualseed rng rngseed", ""),
    (
        ("device",),
        "usegpu usecuda gpu gpus cuda accelerator",
        "Write device='cuda', or leave it at 'auto', which finds a GPU.",
    ),
    (
        ("learning_rate",),
        "lrscheduler scheduler schedule lrschedule sched learningrateschedule",
        "Write a name, such as learning_rate='one_cycle', or a function of the epoch.",
    ),
    (("warmup",), "warmupsteps warmupepochs lrwarmup warmupratio", ""),
    (
        ("max_grad_norm",),
        "clipgrad clipnorm gradclip gradientclip gradientclipval clipgradnorm",
        "",
    ),
    (("max_grad_value",), "clipvalue clipgradvalue", ""),
    (
        ("class_weight",),
        "classweights posweight scaleposweight",
        "Write class_weight='balanced', or a dict of class and weight.",
    ),
    (("callbacks",), "cbs callback cb", "Write a list: callbacks=[...]."),
    (
        ("precision",),
        "amp fp16 bf16 mixedprecision dtype half",
        "Write precision='bfloat16', or leave it at 'auto', which takes it where the "
        "hardware has it.",
    ),
    (
        ("accumulate",),
        "accumsteps gradientaccumulationsteps accumulategradbatches gradaccum",
        "",
    ),
    (("label_smoothing",), "smoothing labelsmooth lssmoothing", ""),
    (("focal_gamma",), "gamma", ""),
    (("mixup",), "mixupalpha usemixup", ""),
    (
        ("beta_1",),
        "betas moms",
        "Write the two numbers apart: beta_1=0.9, beta_2=0.999.",
    ),
    (("epsilon",), "eps", ""),
    (("nesterovs_momentum",), "nesterov usenesterov", ""),
    (("solver_params",), "amsgrad optimizerparams optimizerkwargs optkwargs", ""),
    (("max_time",), "timelimit maxseconds timeout maxruntime timebudget", ""),
    (("verbose",), "verbosity", ""),
    (("warm_start",), "warm resume continuetraining", ""),
    (("checkpoint",), "checkpointpath checkpointdir modeldir savepath", ""),
    (("freeze",), "frozen freezelayers freezeto", ""),
    (("quantile",), "quantiles tau q", ""),
    (("huber_delta",), "delta huberdelta", ""),
    (
        ("contamination",),
        "outlierfraction outliersfraction outlierrate threshold nu",
        "",
    ),
    (
        ("n_estimators", "n_networks"),
        "nestimator nmodels nmembers nensemble numnetworks nnetworks ensemblesize "
        "nnets",
        "",
    ),
    (
        ("scaling",),
        "preprocessing standardize standardise normalize scaler",
        "Rows are scaled inside; scaling=None leaves them as they are.",
    ),
    (("max_length",), "maxlen sequencelength seqlen maxseqlen seqlength", ""),
    (("max_features",), "numwords maxwords vocabsize maxtokens maxvocab", ""),
    (
        ("embedding_size",),
        "embeddingdim embeddim embeddingsdim embsz embsize outputdim embedsize",
        "",
    ),
    (("embeddings",), "embeddingmatrix wordvectors pretrainedembeddings glove", ""),
    (("tokenizer",), "tokenize tok analyzer preprocessor", ""),
    (("image_shape",), "inputshape imgsize imagesize targetsize size", ""),
    (
        ("augment",),
        "augmentation dataaugmentation transforms transform batchtfms itemtfms tfms",
        "Write augment='auto', or a list such as augment=['flip', ('rotation', 15)].",
    ),
    (
        ("backbone",),
        "pretrained pretrainedmodel basemodel encoder",
        "Write backbone='resnet34' with weights='resnet34.pth', or pass a module.",
    ),
]

_WORDS = {
    w: Word(ours, advice) for ours, words, advice in _TABLE for w in words.split()
}

# What to write where no value of another library can be taken over.
_ADVICE_FOR = {
    "architecture": (
        "Write a name or a list of layers, such as architecture=[(32, 3), 'pool', 64]."
    ),
    "distribution": (
        "Write distribution='gaussian' for squared errors, or 'laplace' for absolute "
        "ones."
    ),
}

# The user's own validation rows, which are data and belong to fit.
_VALIDATION = {
    "validationdata", "validation", "evalset", "evaldata", "valdata", "validdata",
    "valset", "validset", "xval", "yval", "xvalid", "yvalid", "xtest", "ytest",
}  # fmt: skip
_WEIGHTS = {"sampleweights", "weights", "weight", "sw"}


def explain_words(
    cls: type, given: Mapping[str, Any], names: Collection[str], start: str
) -> str | None:
    """Say which of our parameters are meant by words that a class does not have.

    Parameters
    ----------
    cls : type
        The class.
    given : mapping of str to object
        Parameters as the user wrote them, with their values.
    names : collection of str
        Those that the class has.
    start : str
        What Python or scikit-learn says of the first of them, with ``{word!r}`` for it.

    Returns
    -------
    str or None
        The text of an error; None if no word is known.
    """
    words = [word for word in given if word not in names]
    rows = " and ".join(_rows_of(cls))
    data = [word for word in words if rows and _plain(word) in _VALIDATION]
    meant = {
        word: found
        for word in words
        if word not in data
        and (found := translate(word, given[word], names)) is not None
    }
    known = [word for word in words if word in data or word in meant]
    if not known:
        return None
    expected = [f"{ours} for {word}" for word, (ours, _) in meant.items()]
    advice = [advice for _, advice in meant.values()]
    if data:
        expected.append(f"{rows}, arguments of fit, for {' and '.join(data)}")
        advice.append(f"Write {_call_with_rows(cls)}.")
    sentences = [start.format(word=known[0]), f"Expected {', '.join(expected)}."]
    return " ".join([*sentences, *advice])


def words_of_init(cls: type, names: Collection[str], given: Mapping[str, Any]) -> None:
    """Refuse words of other libraries in a constructor.

    Raises
    ------
    TypeError
        As Python raises it, with our names; words that are unknown are left to Python.
    """
    start = f"{cls.__name__}.__init__() got an unexpected keyword argument {{word!r}}."
    text = explain_words(cls, given, names, start)
    if text is not None:
        raise TypeError(text)


def refuse_places(cls: type, places: Collection[str], given: tuple) -> None:
    """Refuse more arguments without a name than a constructor has places.

    Raises
    ------
    TypeError
        As Python raises it.
    """
    takes = "takes no positional arguments"
    if places:
        takes = f"takes {len(places)} positional arguments ({', '.join(places)})"
    raise TypeError(
        f"{cls.__name__}.__init__() {takes}, but "
        f"{_show(given[len(places)])} has no name. Expected parameters by name. Write "
        f"them as in {cls.__name__}(max_iter=100)."
    )


def words_of_set_params(estimator: Any, given: Mapping[str, Any]) -> None:
    """Refuse words of other libraries in `set_params`.

    Raises
    ------
    ValueError
        As scikit-learn raises it, with our names; words that are unknown are left to
        scikit-learn.
    """
    cls = type(estimator)
    if given.keys() <= cls._parameter_constraints.keys():
        return
    names = estimator.get_params(deep=False)
    flat = {w: v for w, v in given.items() if w.partition("__")[0] not in names}
    start = f"Invalid parameter {{word!r}} for estimator {cls.__name__}()."
    text = explain_words(cls, flat, names, start)
    if text is not None:
        raise ValueError(text)


def words_of_fit(fit: F) -> F:
    """Let a `fit` refuse parameters and words of other libraries, by our names."""
    own = frozenset(inspect.signature(fit).parameters)

    @functools.wraps(fit)
    def explained(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs.keys() <= own:
            _refuse_in_fit(type(self), kwargs, own)
        return fit(self, *args, **kwargs)

    return explained  # type: ignore[return-value]


def _refuse_in_fit(cls: Any, given: Mapping[str, Any], own: Collection[str]) -> None:
    """Raise a TypeError for the first argument that fit lacks and that is known."""
    names = cls._parameter_constraints
    for word in (word for word in given if word not in own):
        start = f"{cls.__name__}.fit() got an unexpected keyword argument {word!r}."
        if _plain(word) in _VALIDATION:
            rows = " and ".join(_rows_of(cls))
            raise TypeError(f"{start} Expected {rows}. Write {_call_with_rows(cls)}.")
        if _plain(word) in _WEIGHTS:
            raise TypeError(
                f"{start} Expected sample_weight. Write fit(X, y, sample_weight=...)."
            )
        found = translate(word, given[word], names)
        if found is not None:
            ours, advice = found
            raise TypeError(
                f"{start} Expected {ours} in the constructor, since fit takes data "
                f"only. {advice}"
            )


def translate(word: str, value: Any, names: Collection[str]) -> tuple[str, str] | None:
    """Find our name for a word, and what to write; None if nothing is known.

    Parameters
    ----------
    word : str
        A word of another library, one of our names, or nearly one of them.
    value : object
        What the user gave it.
    names : collection of str
        Our names that may be the answer.
    """
    if word in names:
        return word, _write(word, value)
    *_, tail = word.split("__")  # skorch: optimizer__lr
    for spelling in dict.fromkeys((_plain(word), _plain(tail))):
        known = _WORDS.get(spelling, Word(()))
        ours = next((name for name in known.ours if name in names), None)
        if ours is not None:
            return ours, _advise(ours, value, known.advice)
        same = [name for name in names if _plain(name) == spelling]
        if same:
            return same[0], _write(same[0], value)
    close = get_close_matches(word.lower(), list(names), n=1, cutoff=0.8)
    return (close[0], _write(close[0], value)) if close else None


def _advise(ours: str, value: Any, advice: str) -> str:
    if ours in _ADVICE_FOR:
        return _ADVICE_FOR[ours]
    if not advice or (advice == _UNITS and isinstance(value, list | tuple)):
        return _write(ours, value)
    return advice.format(ours=ours, value=_show(value))


def _write(ours: str, value: Any) -> str:
    return f"Write {ours}={_show(our_value(ours, value))}."


def _show(value: Any) -> str:
    """Show a value as code, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain(word: str) -> str:
    """Leave out capitals and underscores, in which libraries differ."""
    return word.lower().replace("_", "")


def _rows_of(cls: Any) -> list[str]:
    """Names of the validation rows in fit."""
    fit = getattr(cls, "fit", None)
    arguments = () if fit is None else inspect.signature(fit).parameters
    return [name for name in ("X_val", "y_val") if name in arguments]


def _call_with_rows(cls: Any) -> str:
    rows = _rows_of(cls)
    target = ", y" if "y_val" in rows else ""
    return f"fit(X{target}, {', '.join(f'{name}=...' for name in rows)})"
