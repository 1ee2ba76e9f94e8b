"""AnyShape: what is copied is copied by number, what is mixed gets its shape back."""

import re
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from imblearn import combine, over_sampling, under_sampling
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import NearMiss, RandomUnderSampler
from sklearn import config_context
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from sknn_suite.exceptions import DataError
from sknn_suite.imbalance import AnyShape, LatentSMOTE

TEXTS = [f"text {i}" for i in range(60)]
PATHS = [Path(f"{i}.png") for i in range(60)]
SEQUENCES = [np.full((1 + i % 3, 2), i) for i in range(60)]


@pytest.mark.parametrize("X", [TEXTS, PATHS, SEQUENCES, np.array(TEXTS)])
@pytest.mark.parametrize("sampler", [RandomOverSampler(), RandomUnderSampler()])
def test_rows_of_any_kind_are_copied_and_dropped_whole(X, sampler, y):
    model = AnyShape(sampler, random_state=0)
    X_new, y_new = model.fit_resample(X, y)
    assert type(X_new) is type(X)
    assert len(set(Counter(y_new).values())) == 1
    assert len(X_new) == len(y_new) == len(model.sample_indices_)
    for row, number in zip(X_new, model.sample_indices_):
        assert np.array_equal(row, X[number])


def test_a_mixed_frame_is_copied_with_its_types(mixed, y):
    X_new, y_new = AnyShape(random_state=0).fit_resample(mixed, y)
    assert type(X_new) is type(mixed)
    assert list(X_new.dtypes) == list(mixed.dtypes)
    assert X_new.shape == (100, 4)
    assert Counter(y_new.tolist()) == {"no": 50, "yes": 50}


def test_smote_on_a_table_is_smote():
    random = np.random.RandomState(0)
    X, y = random.normal(size=(60, 3)), np.repeat([0, 1], [50, 10])
    expected, _ = SMOTE(random_state=1).fit_resample(X, y)
    found, _ = AnyShape(SMOTE(random_state=1)).fit_resample(X, y)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_mixed_images_keep_shape_type_and_range(images, y, dtype):
    images = images.astype(dtype)
    more, y_more = AnyShape(SMOTE(random_state=0)).fit_resample(images, y)
    assert more.shape == (100, 6, 5, 3)
    assert more.dtype == dtype
    np.testing.assert_array_equal(more[:60], images)
    made, parents = more[60:], images[y == "yes"]
    assert (y_more[60:] == "yes").all()
    # a mean of two images is between them
    assert (made >= parents.min(axis=0)).all()
    assert (made <= parents.max(axis=0)).all()


def test_bytes_do_not_wrap_around_when_they_are_mixed(y):
    images = np.zeros((60, 4, 4), dtype=np.uint8)
    images[55:] = 255
    made = AnyShape(SMOTE(k_neighbors=9, random_state=0)).fit_resample(images, y)[0]
    flat = made[60:].reshape(40, -1)
    assert (flat == flat[:, :1]).all()
    assert set(flat[:, 0]) - {0, 255}


def test_a_sampler_that_measures_distances_chooses_images(images, y):
    model = AnyShape(NearMiss())
    few, y_few = model.fit_resample(images, y)
    flat = images.reshape(60, -1).astype(float)
    expected = NearMiss()
    expected.fit_resample(flat, y)
    np.testing.assert_array_equal(model.sample_indices_, expected.sample_indices_)
    np.testing.assert_array_equal(few, images[expected.sample_indices_])
    assert Counter(y_few.tolist()) == {"no": 10, "yes": 10}


def test_smote_mixes_numbers_and_categories_of_a_frame(mixed, y):
    X_new, y_new = AnyShape(SMOTE(random_state=0)).fit_resample(mixed, y)
    assert list(X_new.dtypes) == list(mixed.dtypes)
    assert len(X_new) == len(y_new) == 100
    ages, cities = list(X_new["age"]), list(X_new["city"])
    assert ages[:60] == list(mixed["age"])
    assert min(mixed["age"]) <= min(ages) <= max(ages) <= max(mixed["age"])
    assert set(map(str, cities)) == set(map(str, mixed["city"]))


def test_rows_that_a_sampler_keeps_are_those_of_the_user(images, y):
    kept, _ = AnyShape(SMOTEENN(random_state=0)).fit_resample(images, y)
    own = {image.tobytes() for image in images}
    assert any(image.tobytes() in own for image in kept)


SAMPLERS = [
    kind
    for package in (combine, over_sampling, under_sampling)
    for kind in (getattr(package, name) for name in package.__all__)
    if kind is not SMOTENC  # is told which columns are categories
]


@pytest.mark.parametrize("kind", SAMPLERS)
def test_every_sampler_of_imbalanced_learn_takes_images_and_mixed_frames(kind):
    pandas = pytest.importorskip("pandas")
    random, y = np.random.RandomState(0), np.repeat([0, 1], [100, 40])
    sampler = kind()
    if kind is over_sampling.KMeansSMOTE:
        sampler.set_params(cluster_balance_threshold=0.05)
    images = random.randint(0, 120, (140, 4, 4)) + 40 * y[:, None, None]
    colors = random.choice(["red", "blue"], 140)
    frame = pandas.DataFrame({"size": random.normal(size=140) + y, "color": colors})
    weight = random.uniform(1, 2, 140)
    for X in (images.astype(np.uint8), frame):
        model = AnyShape(sampler, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of KMeans, and of no neighbours
            X_new, y_new = model.fit_resample(X, y, sample_weight=weight)
        assert type(X_new) is type(X)
        assert X_new.shape[1:] == X.shape[1:]
        assert len(X_new) == len(y_new) == len(model.sample_weight_)
        if kind is not over_sampling.SVMSMOTE:  # goes beyond its rows
            assert (model.sample_weight_ >= weight.min()).all()
            assert (model.sample_weight_ <= weight.max()).all()


# -- augmentation --------------------------------------------------------------------


def test_each_copy_of_an_image_is_changed_afresh(images, y):
    model = AnyShape(augment=["flip", "shift", "brightness"], random_state=0)
    more, _ = model.fit_resample(images, y)
    np.testing.assert_array_equal(more[:60], images)
    copies = more[60:]
    assert len({image.tobytes() for image in copies}) == 40
    originals = images[model.sample_indices_[60:]]
    assert (copies != originals).any(axis=(1, 2, 3)).mean() > 0.9
    assert copies.dtype == np.uint8
    again, _ = model.fit_resample(images, y)
    np.testing.assert_array_equal(again, more)


def test_augmentation_needs_pixels_and_copies(images, y):
    with pytest.raises(DataError, match="X has none"):
        AnyShape(augment="side_on").fit_resample(PATHS, y)
    with pytest.raises(ValueError, match="SMOTE makes rows by mixing"):
        AnyShape(SMOTE(), augment="side_on").fit_resample(images, y)
    with pytest.raises(ValueError, match="'mixup', which mixes two images"):
        AnyShape(augment=["mixup"]).fit_resample(images, y)


# -- weights -------------------------------------------------------------------------


def test_a_copied_row_keeps_its_weight(y):
    weight = np.arange(60) + 1.0
    model = AnyShape(random_state=0)
    model.fit_resample(TEXTS, y, sample_weight=weight)
    np.testing.assert_array_equal(model.sample_weight_, weight[model.sample_indices_])
    model.fit_resample(TEXTS, y)
    assert model.sample_weight_ is None


def test_weights_are_mixed_as_the_rows_are():
    random = np.random.RandomState(0)
    X, y = random.normal(size=(200, 3)), np.repeat([0, 1], [150, 50])
    weight = 2 + X[:, 0] - X[:, 1] / 4  # a linear function of the row
    weight -= weight.min()
    model = AnyShape(SMOTE(random_state=0))
    X_new, _ = model.fit_resample(X, y, sample_weight=weight)
    shift = (2 + X[:, 0] - X[:, 1] / 4).min()
    expected = 2 + X_new[:, 0] - X_new[:, 1] / 4 - shift
    np.testing.assert_allclose(model.sample_weight_, expected, atol=1e-9)
    np.testing.assert_array_equal(model.sample_weight_[:200], weight)
    without, _ = AnyShape(SMOTE(random_state=0)).fit_resample(X, y)
    np.testing.assert_allclose(X_new, without)


def test_noise_moves_rows_and_not_their_weights(y):
    X, weight = np.random.RandomState(0).normal(size=(60, 3)), np.arange(60) + 1.0
    model = AnyShape(RandomOverSampler(shrinkage=1.0), random_state=0)
    X_new, _ = model.fit_resample(X, y, sample_weight=weight)
    assert not (X_new[60:, None] == X).all(axis=2).any()
    assert set(model.sample_weight_) <= set(weight)


# -- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "what"), [(TEXTS, "texts"), (PATHS, "paths of files"), (SEQUENCES, "seq")]
)
def test_what_cannot_be_mixed_is_refused_with_what_works(X, what, y):
    with pytest.raises(DataError, match=f"X has {what}.*SMOTE mixes") as error:
        AnyShape(SMOTE()).fit_resample(X, y)
    assert "RandomOverSampler or RandomUnderSampler" in str(error.value)


def test_a_column_of_texts_has_no_mixture(y):
    pandas = pytest.importorskip("pandas")
    notes = [f"note number {i}" for i in range(150)]
    X = pandas.DataFrame({"n": range(150), "note": notes})
    labels = np.repeat([0, 1], [100, 50])
    with pytest.raises(DataError, match="'note' of X has 150 different texts"):
        AnyShape(SMOTE()).fit_resample(X, labels)


def test_words_in_an_array_are_refused(y):
    X = np.array([["a", "b"]] * 60)
    with pytest.raises(DataError, match="X has words, and SMOTE mixes"):
        AnyShape(SMOTE()).fit_resample(X, y)
    assert AnyShape(random_state=0).fit_resample(X, y)[0].shape == (100, 2)


def test_images_of_mixed_sizes_are_refused(y):
    X = [np.zeros((4 + i % 2, 5, 3)) for i in range(60)]
    way = re.escape("Row 1 of X is an image of shape (5, 5, 3), and row 0 of")
    with pytest.raises(DataError, match=way):
        AnyShape().fit_resample(X, y)


@pytest.mark.parametrize("kind", [SMOTE, LatentSMOTE])
def test_a_class_with_too_few_rows_is_named_with_what_works(kind):
    X = np.random.RandomState(0).normal(size=(33, 2))
    y = np.repeat(["many", "few"], [30, 3])
    text = "The class 'few' has 3 row.*k_neighbors=5.*Set k_neighbors=2"
    with pytest.raises(DataError, match=text):
        AnyShape(kind()).fit_resample(X, y)
    X_new, _ = AnyShape(kind(k_neighbors=2)).fit_resample(X, y)
    assert len(X_new) == 60
    with pytest.raises(DataError, match=r"1 row.*copy rows with RandomOverSampler"):
        AnyShape(SMOTEENN()).fit_resample(X[:31], y[:31])


def test_one_class_is_refused():
    with pytest.raises(DataError, match="y has 1 class: 'a'"):
        AnyShape().fit_resample(TEXTS, ["a"] * 60)


def test_gaps_in_images_are_refused_where_they_would_be_mixed(images, y):
    gaps = images.astype(float)
    gaps[0, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="NaN or infinite values, which SMOTE"):
        AnyShape(SMOTE()).fit_resample(gaps, y)
    assert len(AnyShape(random_state=0).fit_resample(gaps, y)[0]) == 100


def test_a_sampler_for_numbered_columns_is_refused_for_frames(mixed, y):
    with pytest.raises(ValueError, match=r"Use AnyShape\(SMOTE\(\)\)"):
        AnyShape(SMOTENC([2])).fit_resample(mixed, y)


# -- together with others ------------------------------------------------------------


def test_texts_are_oversampled_inside_a_pipeline(y):
    pipeline = make_pipeline(AnyShape(), TfidfVectorizer(), LogisticRegression())
    pipeline.fit(TEXTS, y)
    assert pipeline.predict(TEXTS).shape == (60,)


def test_codes_of_images_are_mixed(images, y):
    more, _ = AnyShape(LatentSMOTE(max_iter=1, random_state=0)).fit_resample(images, y)
    assert more.shape == (100, 6, 5, 3)
    assert more.dtype == np.uint8


def test_frames_go_straight_to_a_sampler_that_reads_them(mixed, y):
    sampler = LatentSMOTE(max_iter=1, random_state=0)
    found = AnyShape(sampler).fit_resample(mixed, y)[0]
    assert found.equals(sampler.fit_resample(mixed, y)[0])


def test_nothing_global_is_read_or_changed(images, y):
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    one, _ = AnyShape(SMOTE(), random_state=3).fit_resample(images, y)
    np.random.seed(1)
    two, _ = AnyShape(SMOTE(), random_state=3).fit_resample(images, y)
    AnyShape().fit_resample(images, y)
    np.testing.assert_array_equal(one, two)
    np.random.seed(0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_pipeline_tells_a_sampler_the_weights(y):
    # The classifier after it sees none: imbalanced-learn would hand it those of the
    # rows before the sampler.
    with config_context(enable_metadata_routing=True):
        sampler = AnyShape(random_state=0).set_fit_resample_request(sample_weight=True)
        model = DummyClassifier().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(sampler, model)
        pipeline.fit(np.ones((60, 1)), y, sample_weight=np.arange(60.0))
    assert pipeline[0].sample_weight_.shape == (100,)
