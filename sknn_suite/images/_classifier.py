"""CNNClassifier."""

from sknn_suite.estimator import Classification
from sknn_suite.images._airbench import AirbenchTask
from sknn_suite.images._parameters import ImageParameters
from sknn_suite.images._pixels import PixelsHalf
from sknn_suite.images._task import ImageTask
from sknn_suite.parameters import parameters


@parameters
class CNNClassifier(ImageParameters, PixelsHalf):
    """Convolutional network for images.

    Start with `architecture`, `augment`, `max_iter` and `backbone`.

    Use it for arrays of images of one size, or image files of any size, with two
    classes, several classes, or several labels per image. Pass arrays, flat rows or
    file names: uint8 pixels stay uint8 until they are in a batch, and are scaled inside
    by the mean and deviation of the training images. The default is a residual network
    that suits the size of the images, with a schedule that suits their number. Pass a
    `backbone` when there are few images.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    image_shape_ : tuple of int
        Height, width and channels; (1, 1, n_features) for rows without image_shape.

    pixel_ranges_ : dict of str to (int, int)
        Pixel values of black and white, by the type of the pixels; empty for
        floating-point arrays and for flat rows of floats. See Notes.

    n_skipped_ : int
        Number of files that fit could not read and left out, see `on_bad_image`.

    architecture_ : str
        The network: a name, "layers" for a list, "module" for your own.

    augment_ : dict of str to float
        Random changes of training images, and their strengths.

    normalization_ : {"learnt", "imagenet"} or None
        How pixels were scaled.

    n_tta_ : int
        Number of views of an image whose scores each prediction averages.

    alpha_, label_smoothing_ : float
        L2 penalty, and smoothing of the target.

    head_iter_ : int
        Epochs of the last layer alone, with finetune="gradual" and a backbone.

    out_activation_ : str
        "softmax" or "logistic".

    n_features_in_ : int
        Number of features of a flat row.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    MLPClassifier : For tables.

    Notes
    -----
    A uint8 pixel is a multiple of 1/255: a model that was fitted on uint8 images also
    predicts for float images in [0, 1]. Flat rows have no unit, so samplers and scalers
    may come before the classifier in a pipeline.

    The classifier reads BMP, GIF, JPEG, PNG, PPM, TIFF and WebP files; of a file with
    several pictures it reads the first. Grey files with 16 or 32 bits per pixel are
    converted to uint8 with one range for all files of a fit. White is the smallest
    2^n - 1 that no pixel exceeds, at least 255 for whole numbers and 1 for floats.
    Black is 0, or minus the value of white if there are negative pixels. Predictions
    use the range of the fit. They raise an error for a file that is twice as bright, or
    of a type that was not in the fit.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_suite import CNNClassifier
    >>> images, labels = load_digits().images[:200] / 16, load_digits().target[:200]
    >>> model = CNNClassifier(max_iter=5, random_state=0).fit(images, labels)
    >>> model.predict_proba(images[:2]).shape
    (2, 10)
    """

    def _task(self, of):
        kind = AirbenchTask if of.architecture == "airbench" else ImageTask
        return kind(of, Classification(of))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags
