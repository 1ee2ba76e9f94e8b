"""The words of other libraries, and what they are here.

Keras, fastai, PyOD, skorch and torch have their own names for what scikit-learn calls
``max_iter`` or ``learning_rate_init``.
"""

from typing import NamedTuple


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


WITHOUT_OUTPUT = "Write {ours}={value}, without the output layer, which fit adds."
UNITS = "Write the units of each hidden layer, such as {ours}=(64, 32)."
_LAYERS = ("architecture", "hidden_layer_sizes", "hidden_sizes")
_PATIENCE = "Write early_stopping=True, n_iter_no_change={value}."
_DECAY = (
    "Write alpha={value} for a penalty, or solver='adamw' with "
    "solver_params={{'weight_decay': {value}}} for decay apart from the gradient."
)

# Attributes of other libraries' models, and what to write instead.
ATTRIBUTES = {
    "evaluate": "Write score(X, y).",
    "predict_classes": "Write predict(X).",
    "history": "Write history_, a list with one record per epoch.",
    "summary": "Write summary(model), a function of sknn_suite.",
    "lr_find": "Write find_learning_rate(model, X, y), a function of sknn_suite.",
    "compile": "Write loss and solver in the constructor; fit needs no compiling.",
    "train_on_batch": "Write partial_fit(X, y).",
    "fit_one_cycle": "Write learning_rate='one_cycle' in the constructor, then fit.",
    "fine_tune": "Write init_from=model in the constructor, then fit.",
}

# Our names, the words of others in one string, and the advice where there is one. The
# words are without underscores, since these differ between libraries too.
TABLE: list[tuple[tuple[str, ...], str, str]] = [
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
        "layers layersizes",
        WITHOUT_OUTPUT,
    ),
    (
        _LAYERS,
        "hidden hiddenlayers hiddenlayer hiddenlayersize "
        "hiddenlayersizes hiddensize hiddensizes hiddenunits hiddendim hiddendims "
        "hiddenneurons hiddenneuronlist encoderneurons encoderneuronlist nhidden "
        "nunits units neurons nneurons nodes numlayers nlayers nhiddenlayers "
        "numhiddenlayers depth width",
        UNITS,
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
        UNITS,
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
        "Write early_stopping=True, validation_fraction={value}.",
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

WORDS = {w: Word(ours, advice) for ours, words, advice in TABLE for w in words.split()}

# What to write where no value of another library can be taken over.
ADVICE_FOR = {
    "architecture": (
        "Write a name or a list of layers, such as architecture=[(32, 3), 'pool', 64]."
    ),
    "distribution": (
        "Write distribution='gaussian' for squared errors, or 'laplace' for absolute "
        "ones."
    ),
}

# The user's own validation rows, which are data and belong to fit.
VALIDATION = {
    "validationdata", "validation", "evalset", "evaldata", "valdata", "validdata",
    "valset", "validset", "xval", "yval", "xvalid", "yvalid", "xtest", "ytest",
}  # fmt: skip
WEIGHTS = {"sampleweights", "weights", "weight", "sw"}
