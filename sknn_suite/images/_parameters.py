"""The parameters of estimators for images."""

import os
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from torch import nn

from sknn_suite.doors import Interval, StrOptions
from sknn_suite.modules import ACTIVATIONS, ARCHITECTURES
from sknn_suite.parameters import (
    OPTIMIZER_NAMES,
    SCHEDULE_NAMES,
    TrainingParameters,
    param,
    parameters,
    redefault,
)


@parameters(group="network")
class ImageParameters(TrainingParameters):
    """What a network for images is made of, and which defaults of training differ.

    Parameters
    ----------
    architecture : str, list, nn.Module or type, default="auto"
        The network:

        - "auto" is "resnet_small" for images, and "mlp" for flat rows without an
          image_shape, whose neighbouring numbers need not be neighbouring pixels;
        - "resnet_small", residual blocks that suit the size of the images;
          "lenet5", "simple" (two convolutions), "mlp" (no convolution), "alexnet",
          "vgg11", "vgg13", "vgg16", "vgg19", "inception" (GoogLeNet), "resnet18",
          "resnet34", "resnet50"; "airbench" for 32 x 32 pixels on a GPU;
        - a list of layers, such as ``[(32, 3), "pool", (64, 3), "batch_norm", 128]``:
          (channels, kernel[, stride[, padding]]) is a convolution; a number is the size
          of a dense layer; ``(32, 3, "tanh")`` and ``(128, "tanh")`` have another
          activation than `activation`; "pool", "max_pool" and "average_pool" are
          poolings, or ``("pool", 3)`` with a size; "global_max_pool",
          "global_average_pool", "batch_norm", ``("dropout", 0.5)``,
          ``("spatial_dropout", 0.1)``. The last layer, one score per class, is added;
        - your own module, which maps (n, channels, height, width) to scores. An
          instance starts from its own weights. A class starts from weights that
          random_state decides; it may take n_outputs (or num_classes), n_channels (or
          in_channels) and image_shape.

    backbone : str, nn.Module or None, default=None
        A pretrained network to use instead of `architecture`: a name ("alexnet",
        "inception", "resnet18", "resnet34", "resnet50", "vgg11", "vgg13", "vgg16",
        "vgg19") together with `weights`, or a module. Its last linear layer is replaced
        by a new one; a network without a linear layer gets one. Set it when there are
        few images.

    weights : path-like or None, default=None
        File with the weights of `backbone`: .safetensors, or .pth with tensors only,
        such as those of torchvision.

    finetune : {"head", "gradual", "full"}, default="gradual"
        Which layers of the backbone are trained. "head" trains the last layer only; the
        features are computed once if nothing is augmented. "gradual" trains the last
        layer first, then all layers, with falling rates and warm restarts. "full"
        trains all layers from the start. Early layers have smaller rates, see
        `body_rate`.

    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units in each hidden layer of architecture="mlp". Other networks raise
        an error if this parameter is changed. The same is true of `activation`,
        `dropout`, `batch_norm` and `weight_init` in networks that do not use them.

    activation : str, default="relu"
        Activation function of the hidden units of "mlp", "simple", "lenet5",
        "resnet_small" and lists: a name from scikit-learn, or a torch.nn elementwise
        function in snake_case, such as "relu", "tanh", "gelu".

    batch_norm : bool, default=False
        Whether "mlp", "simple", "lenet5", "vgg" and lists batch-normalise all their
        layers. Residual networks and "inception" always do.

    weight_init : {"auto", "glorot", "he", "orthogonal"}, default="auto"
        Distribution of the initial weights. "auto" is "he", and for "mlp" the same as
        in `MLPClassifier`.

    image_shape : tuple of int or None, default=None
        Shape of flat rows, and size to which files are resized: (height, width) or
        (height, width, channels); (channels, height, width) with
        data_format="channels_first". None takes the shape of arrays, resizes files to
        64 x 64 pixels RGB, and treats flat rows as rows without neighbours.

    augment : str, list or None, default="auto"
        Random changes of training images:

        - "auto" makes small shifts. From 48 pixels per side on it makes random crops,
          and changes of brightness, contrast and cutout instead. It adds mirror images
          if the training images show that left and right can be swapped. It does
          nothing for flat rows and "mlp". None makes no changes;
        - "side_on" is for upright photographs (mirror images, shifts, small rotations,
          zoom, brightness, contrast); "top_down" is for pictures from above (the same,
          also upside down and in quarter turns);
        - a list of names and (name, strength) pairs: "flip", "flip_vertical" and
          "rotate90" (probability), "shift" (fraction of the side), "rotation"
          (degrees), "zoom" (factor minus one), "crop" (largest fraction of the area to
          cut off), "brightness" (standard deviations), "contrast" (factor minus one),
          "cutout" (side of the square), "mixup" and "cutmix" (alpha).

    resize : {"squash", "crop", "pad"}, default="squash"
        How files of other proportions are resized to image_shape: "squash" distorts
        them, "crop" keeps the middle, "pad" adds black borders.

    normalization : {"auto", "learnt", "imagenet"} or None, default="auto"
        How pixels are scaled: "learnt" by mean and standard deviation of each channel
        of the training images, "imagenet" by those of ImageNet, None not at all. "auto"
        is "imagenet" for a backbone on RGB images, and "learnt" otherwise.

    n_tta : int or "auto", default="auto"
        Number of views of an image whose scores each prediction averages: the image,
        its mirror image if training flips, then shifted images if training shifts or
        crops. Prediction takes n_tta times as long. "auto" is 2 if training flips, and
        1 otherwise.

    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Order of the axes of arrays: (n, height, width, channels) or
        (n, channels, height, width).

    on_bad_image : {"raise", "skip"}, default="raise"
        What fit does with a file that it cannot read. "raise" raises an error with the
        file's name; "skip" leaves such files out, and warns with their number.
        Predictions always raise an error.

    max_iter : int or "auto", default="auto"
        Largest number of epochs. "auto" is 2500 / sqrt(n_samples) in [10, 150], at most
        100 for "mlp", and 7 to 70 for a backbone.

    learning_rate_init : float, "auto", array-like of float or None, default=None
        Step size, in (0, inf). None depends on the solver and the network. "auto" finds
        it by a range test (`find_learning_rate`). Several values are the rates of the
        layers, from input to output; with a backbone, of its two halves and the last
        layer.

    batch_size : int or "auto", default="auto"
        Rows per batch. "auto" is 256, 128 below 20,000 rows and 64 below 5,000. It is
        larger for "mlp" and on a GPU. For a backbone it is 64, and down to 8 for few
        rows.

    solver : {"auto", "muon", "adam", "sgd", "lbfgs", "adamw", "nadam", "radam", \
            "rmsprop", "adagrad", "adadelta"} or type, default="auto"
        How weights are updated. "muon" orthogonalises the updates of convolution
        kernels, which learns more in few epochs, and uses "sgd" for all other weights.
        "auto" is "muon" for networks with convolutions, "adam" for your own module, and
        "sgd" for "mlp" and for a backbone. See `MLPClassifier` for the others.

    alpha : float or None, default=None
        Strength of the L2 penalty on weights, in [0, inf). It is divided by the number
        of rows (or the sum of their weights) in a batch. None is 0 for "muon", which
        keeps the norm of kernels fixed, 0.0001 for your own module, 0.01 for "mlp", and
        0.1 otherwise.

    dropout : float or array-like of float, default=0.0
        Probability, in [0, 1), that a unit before the last layer is set to zero in a
        training step. For "mlp" it applies after each hidden layer, and a list has one
        number per hidden layer. "alexnet" and "vgg" use 0.5 between dense layers if
        this is 0.

    label_smoothing : float or None, default=None
        Fraction of the target, in [0, 1), that training spreads evenly over the
        classes. Raise it when the probabilities are too extreme. None is 0.1 for
        networks with convolutions, and 0 for "mlp" and for loss="focal".

    n_iter_no_change : int or inf, default=inf
        Early-stopping patience, in epochs: training ends after more than this many
        epochs in a row without an improvement of `tol`. inf trains to the end of
        max_iter, for which the schedule is planned.

    learning_rate : str or callable, default="auto"
        How the learning rate changes during training. "auto" is "one_cycle", up and
        then down to the end of max_iter, and "warm_restarts" for finetune="gradual".
        The others are "constant", "invscaling", "adaptive", "step", "exponential",
        "power", "piecewise", "plateau", "cosine", "log_cosine", "cyclic", or a function
        of the number of finished epochs, see `MLPClassifier`.

    cache_size : int, default=1073741824
        Memory for decoded files during training, in bytes, as uint8. Files beyond it
        are read again in each epoch. Raise it when there is free memory.

    body_rate : float, default=0.1
        Learning rate of the second half of the backbone, as a fraction of the learning
        rate, in (0, 1]; the first half has the square of this fraction.

    head_iter : int or "auto", default="auto"
        Number of epochs for the last layer alone at the start of finetune="gradual".
        "auto" is 10, and more for fewer than a thousand images. These epochs are in
        `history_`; callbacks and validation begin after them.
    """

    architecture: Any = param(
        "auto",
        StrOptions(set(ARCHITECTURES)),
        list,
        tuple,
        nn.Module,
        type,
        kw_only=False,
    )
    backbone: Any = param(None, str, nn.Module, None)
    weights: str | os.PathLike | None = param(None, str, os.PathLike, None)
    finetune: str = param("gradual", StrOptions({"head", "gradual", "full"}))
    hidden_layer_sizes: int | Sequence[int] = param(
        (100,), "array-like", Interval(Integral, 1, None, closed="left")
    )
    activation: str = param("relu", StrOptions(set(ACTIVATIONS)))
    batch_norm: bool = param(False, "boolean")
    weight_init: str = param("auto", StrOptions({"auto", "glorot", "he", "orthogonal"}))

    image_shape: Sequence[int] | None = param(None, tuple, list, None, group="images")
    augment: str | Sequence | None = param(
        "auto",
        StrOptions({"auto", "side_on", "top_down"}),
        list,
        tuple,
        None,
        group="images",
    )
    resize: str = param("squash", StrOptions({"squash", "crop", "pad"}), group="images")
    normalization: str | None = param(
        "auto", StrOptions({"auto", "learnt", "imagenet"}), None, group="images"
    )
    n_tta: int | str = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, 64, closed="both"),
        group="images",
    )
    data_format: str = param(
        "channels_last",
        StrOptions({"channels_last", "channels_first"}),
        group="images",
    )
    on_bad_image: str = param("raise", StrOptions({"raise", "skip"}), group="images")

    max_iter: Any = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    learning_rate_init: Any = param(
        None,
        Interval(Real, 0, None, closed="neither"),
        StrOptions({"auto"}),
        "array-like",
        None,
    )
    solver: str | type = param(
        "auto", StrOptions({"auto", "muon", "lbfgs", *OPTIMIZER_NAMES}), type
    )
    alpha: Any = param(None, Interval(Real, 0, None, closed="left"), None)
    dropout: float | Sequence[float] = param(
        0.0,
        Interval(Real, 0, 1, closed="left"),
        "array-like",
        group="regularisation",
    )
    label_smoothing: Any = param(
        None, Interval(Real, 0, 1, closed="left"), None, group="regularisation"
    )
    n_iter_no_change: float = redefault("n_iter_no_change", TrainingParameters, np.inf)
    learning_rate: str | Callable[[int], float] = param(
        "auto", StrOptions({"auto", *SCHEDULE_NAMES}), callable
    )
    cache_size: int = param(
        1 << 30, Interval(Integral, 0, None, closed="left"), group="hardware"
    )
    body_rate: float = param(0.1, Interval(Real, 0, 1, closed="right"), group="rare")
    head_iter: int | str = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        group="rare",
    )
