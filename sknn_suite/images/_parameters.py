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


@parameters
class ImageParameters(TrainingParameters):
    """What a network for images is made of, and which defaults of training differ.

    Parameters
    ----------
    architecture : str, list, nn.Module or type, default="auto"
        The network:

        - "auto" is "resnet_small" for images and "mlp" for flat rows without an
          image_shape, of which nobody says that neighbours belong together;
        - "resnet_small", residual blocks that suit the size of the images;
          "lenet5", "simple" (two convolutions), "mlp" (no convolution), "alexnet",
          "vgg11", "vgg13", "vgg16", "vgg19", "inception" (GoogLeNet), "resnet18",
          "resnet34", "resnet50"; "airbench", which is for 32 x 32 pixels on a GPU;
        - a list of layers, such as ``[(32, 3), "pool", (64, 3), "batch_norm", 128]``:
          (channels, kernel[, stride[, padding]]) is a convolution, a number so many
          dense units; "pool", "max_pool", "average_pool" or with a size
          ``("pool", 3)``, "global_max_pool", "global_average_pool", "batch_norm",
          ``("dropout", 0.5)``, ``("spatial_dropout", 0.1)``;
        - a module of one's own, (n, channels, height, width) to scores: an instance,
          whose weights are the initial ones, or a class, which may take n_outputs (or
          num_classes), n_channels (or in_channels) and image_shape, and whose initial
          weights random_state decides.

    hidden_layer_sizes : int or array-like of int, default=(100,)
        Dense units of architecture="mlp". This and the next four are refused by
        networks that do not read them.

    activation : str, default="relu"
        Function of the hidden units of "mlp", "simple", "lenet5", "resnet_small" and
        lists: scikit-learn's names and those of torch.nn's elementwise ones in
        snake_case, such as "relu", "tanh", "gelu".

    dropout : float or array-like of float, default=0.0
        Probability, in [0, 1), that a unit before the last layer is set to zero in a
        training step; for "mlp" after each hidden layer, and one number for each if it
        is a list. "alexnet" and "vgg" have 0.5 between dense layers if this is 0.

    batch_norm : bool, default=False
        Whether "mlp", "simple", "lenet5", "vgg" and lists batch-normalise all their
        layers. Residual networks and "inception" always do.

    weight_init : {"auto", "glorot", "he", "orthogonal"}, default="auto"
        Distribution of the initial weights. "auto" is he, and for "mlp" what
        `MLPClassifier` takes.

    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of flat rows, and the size to
        which files are brought; with data_format="channels_first" the channels come
        first. None takes the shape of arrays, 64 x 64 pixels RGB for files, and leaves
        flat rows flat.

    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Whether arrays are (n, height, width, channels) or (n, channels, height, width).

    resize : {"squash", "crop", "pad"}, default="squash"
        How files of other proportions are brought to image_shape: they are distorted,
        the middle is cut out, or black borders are added.

    cache_size : int, default=1073741824
        Bytes of decoded files that are kept in memory while training, as uint8; what
        is beyond is read again in each epoch.

    on_bad_image : {"raise", "skip"}, default="raise"
        What fit does with a file that cannot be read: raise an error that names it, or
        leave it out with a warning that counts. Predictions always raise.

    augment : str, list or None, default="auto"
        Random changes of training images:

        - None, or "auto": small shifts; from 48 pixels a side on random crops,
          brightness, contrast and cutout in their place; mirror images where the
          training images show that left may as well be right; nothing for flat rows
          and "mlp";
        - "side_on" for photographs taken upright (mirror images, shifts, small
          rotations, zoom, brightness, contrast); "top_down" for pictures from above
          (the same, upside down and turned by quarters as well);
        - a list of names and (name, strength) pairs: "flip", "flip_vertical" and
          "rotate90" (probability), "shift" (part of the side), "rotation" (degrees),
          "zoom" (factor less one), "crop" (part of the area that may be cut off),
          "brightness" (deviations), "contrast" (factor less one), "cutout" (side of
          the square), "mixup" and "cutmix" (alpha).

    n_tta : int or "auto", default="auto"
        Views of an image whose scores a prediction averages: the image, its mirror
        image if training flips, then shifted ones if training shifts or crops. They
        cost so many times the time. "auto" is 2 if training flips, else 1.

    normalization : {"auto", "learnt", "imagenet"} or None, default="auto"
        How pixels are scaled: by mean and deviation of each channel of the training
        images, by those of ImageNet, or not at all. "auto" is "imagenet" for a
        backbone on RGB and "learnt" for everything else.

    backbone : str, nn.Module or None, default=None
        A network that is trained already, in place of `architecture`: a name
        ("alexnet", "inception", "resnet18", "resnet34", "resnet50", "vgg11", "vgg13",
        "vgg16", "vgg19") with `weights`, or a module. Its last linear layer is
        replaced by a new one; a network that has none gets one.

    weights : path-like or None, default=None
        File of the backbone's weights, .safetensors, or .pth with tensors only, such as
        those of torchvision.

    finetune : {"head", "gradual", "full"}, default="gradual"
        What is trained of a backbone: the last layer only, on features that are
        computed once if nothing is augmented; the last layer first, then all layers,
        with falling rates and warm restarts; or all layers from the start. Early
        layers have smaller rates, see `body_rate`.

    body_rate : float, default=0.1
        Factor of the learning rate of the backbone's second half, in (0, 1]; its first
        half has the square.

    head_iter : int or "auto", default="auto"
        Epochs of the last layer alone that precede the others in finetune="gradual".
        "auto" is 10, and more for fewer than a thousand images. They are in
        `history_`; callbacks and validation begin after them.

    label_smoothing : float or None, default=None
        Part of the target, in [0, 1), that training spreads evenly over the classes;
        it makes probabilities less extreme. None is 0.1 for convolutions and 0 for
        "mlp", and with loss="focal".

    solver : {"auto", "muon", "adam", "sgd", "lbfgs", "adamw", "nadam", "radam", \
            "rmsprop", "adagrad", "adadelta"} or type, default="auto"
        How weights are updated. "muon" orthogonalises the updates of convolution
        kernels, which learns more in few epochs, and is "sgd" for all other weights.
        "auto" is "muon" for networks with convolutions, "adam" for a module of one's
        own, whose kernels keep their size, and "sgd" for "mlp" and for a backbone. The
        others are those of `MLPClassifier`.

    alpha : float or None, default=None
        Strength of the L2 penalty on weights, in [0, inf). It is divided by the number
        of rows (or the sum of their weights) in a batch. None is 0 for "muon", which
        keeps the size of kernels, 0.0001 for a module, 0.01 for "mlp", else 0.1.

    batch_size : int or "auto", default="auto"
        Rows per batch. "auto" is 256, 128 below 20,000 rows and 64 below 5,000; for
        "mlp" and on a GPU more; for a backbone 64, and from 8 on for few rows.

    learning_rate : str or callable, default="auto"
        How the rate changes: "auto" is "one_cycle", up and then down to the end of
        max_iter, and "warm_restarts" for finetune="gradual". Or one of "constant",
        "invscaling", "adaptive", "step", "exponential", "power", "piecewise",
        "plateau", "cosine", "one_cycle", "cyclic", "warm_restarts", or a function of
        the number of epochs that are over, as for `MLPClassifier`.

    learning_rate_init : float, "auto", array-like of float or None, default=None
        Step size, in (0, inf). None suits the solver and the network.
        "auto" finds it by a range test (`find_learning_rate`). Several values are the
        rates of the layers, from input to output; of a backbone, of its halves and the
        last layer.

    max_iter : int or "auto", default="auto"
        Largest number of epochs. "auto" is 2500 / sqrt(n_samples) in [10, 150], for
        "mlp" 100 or fewer, for a backbone 7 to 70.

    n_iter_no_change : int or inf, default=inf
        Epochs without an improvement of `tol` that are borne before training ends. A
        schedule that is planned for all of max_iter shall not end early.
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
    hidden_layer_sizes: int | Sequence[int] = param(
        (100,), "array-like", Interval(Integral, 1, None, closed="left")
    )
    activation: str = param("relu", StrOptions(set(ACTIVATIONS)))
    dropout: float | Sequence[float] = param(
        0.0, Interval(Real, 0, 1, closed="left"), "array-like"
    )
    batch_norm: bool = param(False, "boolean")
    weight_init: str = param("auto", StrOptions({"auto", "glorot", "he", "orthogonal"}))
    image_shape: Sequence[int] | None = param(None, tuple, list, None)
    data_format: str = param(
        "channels_last", StrOptions({"channels_last", "channels_first"})
    )
    resize: str = param("squash", StrOptions({"squash", "crop", "pad"}))
    cache_size: int = param(1 << 30, Interval(Integral, 0, None, closed="left"))
    on_bad_image: str = param("raise", StrOptions({"raise", "skip"}))
    augment: str | Sequence | None = param(
        "auto", StrOptions({"auto", "side_on", "top_down"}), list, tuple, None
    )
    n_tta: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, 64, closed="both")
    )
    normalization: str | None = param(
        "auto", StrOptions({"auto", "learnt", "imagenet"}), None
    )
    backbone: Any = param(None, str, nn.Module, None)
    weights: str | os.PathLike | None = param(None, str, os.PathLike, None)
    finetune: str = param("gradual", StrOptions({"head", "gradual", "full"}))
    body_rate: float = param(0.1, Interval(Real, 0, 1, closed="right"))
    head_iter: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    label_smoothing: Any = param(None, Interval(Real, 0, 1, closed="left"), None)
    solver: str | type = param(
        "auto", StrOptions({"auto", "muon", "lbfgs", *OPTIMIZER_NAMES}), type
    )
    alpha: Any = param(None, Interval(Real, 0, None, closed="left"), None)
    learning_rate: str | Callable[[int], float] = param(
        "auto", StrOptions({"auto", *SCHEDULE_NAMES}), callable
    )
    learning_rate_init: Any = param(
        None,
        Interval(Real, 0, None, closed="neither"),
        StrOptions({"auto"}),
        "array-like",
        None,
    )
    max_iter: Any = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    n_iter_no_change: float = redefault("n_iter_no_change", TrainingParameters, np.inf)
