"""CNNClassifier."""

from sknn_suite.estimator import Classification
from sknn_suite.images._airbench import AirbenchTask
from sknn_suite.images._features import FeaturesHalf
from sknn_suite.images._parameters import ImageParameters
from sknn_suite.images._task import ImageTask
from sknn_suite.parameters import parameters


@parameters
class CNNClassifier(ImageParameters, FeaturesHalf):
    """Convolutional network for images.

    Arrays, flat rows or files go in as they are: uint8 stays uint8 until the batch,
    pixels are scaled inside by what the training images teach, and a residual network
    that suits their size is trained by a schedule that suits their number. Use it for
    pictures of one size, or files of any, with two classes, several classes, or several
    labels per image; give it a backbone when there are few.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    image_shape_ : tuple of int
        Height, width and channels; (1, 1, n_features) for rows without image_shape.

    pixel_ranges_ : dict of str to (int, int)
        The numbers that are black and white, by the type of the pixels; empty for
        floating-point arrays and for flat rows of floats. See Notes.

    n_skipped_ : int
        Files that could not be read and were left out; see on_bad_image.

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
    uint8 arrays count 255ths: a model that was fitted on them takes float images in
    [0, 1] as well. Flat rows are numbers without a unit, so that samplers and scalers
    can stand before.

    BMP, GIF, JPEG, PNG, PPM, TIFF and WebP files are read, the first picture of those
    that hold several. Grey files of 16 or 32 bits a pixel become uint8 by one range for
    all files of a fit: white is the smallest of 2^n - 1 that no pixel of the files
    exceeds, at least 255 for whole numbers and 1 for floats; black is 0, or as far
    below 0 if there are negative pixels. Predictions take the range of the fit; a file
    that is twice as bright, or of a type that fit did not see, is refused.

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
