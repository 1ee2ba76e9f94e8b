"""What scikit-learn's encoders and vectorizers hold.

Native code uses their tables as indices, so that each is checked against the others.
"""

from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from sknn_suite.persistence._checks import (
    array,
    categories,
    either,
    finite,
    flag,
    index,
    instance,
    integer,
    mapping,
    nothing,
    one_of,
    refuse,
    sequence,
    shape,
    text,
)
from sknn_suite.persistence._kinds import Check, Kind
from sknn_suite.persistence._scikit import COLUMNS, kind_of, verify_names

_INDICES = either(nothing, array("i", 1))
_TABLES: dict[str, Check] = {
    "categories_": sequence(categories),
    "_infrequent_enabled": flag,
}
_RARE: dict[str, Check] = {
    "_infrequent_indices": sequence(_INDICES),
    "_default_to_infrequent_mappings": sequence(_INDICES),
}
_DROPS = either(nothing, array("Oi", 1))


def _rare(encoder: Any) -> list[Any]:
    """Give the infrequent categories of each column, None where there are none."""
    if not encoder._infrequent_enabled:
        return [None] * encoder.n_features_in_
    return encoder._infrequent_indices


def _verify_tables(encoder: Any) -> None:
    verify_names(encoder)
    n = encoder.n_features_in_
    refuse(len(encoder.categories_) != n, "its tables are of other columns")
    if not encoder._infrequent_enabled:
        return
    rare, mapped = _rare(encoder), encoder._default_to_infrequent_mappings
    refuse(len(rare) != n or len(mapped) != n, "its rare categories are of others")
    for table, few, to in zip(encoder.categories_, rare, mapped):
        refuse((few is None) != (to is None), "its rare categories are told twice")
        if few is None:
            continue
        size = len(table)
        shape(to, size)
        _refuse_places(few, size)
        _refuse_places(to, size - len(few) + 1)
        refuse(len(np.unique(few)) < len(few), "a rare category is told twice")


def _refuse_places(places: Any, size: int) -> None:
    wrong = len(places) and (min(places) < 0 or max(places) >= size)
    refuse(wrong, "it names categories that are missing")


def _verify_one_hot(encoder: Any) -> None:
    _verify_tables(encoder)
    n = encoder.n_features_in_
    counts = []
    for table, few in zip(encoder.categories_, _rare(encoder)):
        counts.append(len(table) if few is None else len(table) - len(few) + 1)
    for name in ("drop_idx_", "_drop_idx_after_grouping"):
        places = getattr(encoder, name)
        if places is None:
            continue
        shape(places, n)
        for place, table in zip(places, encoder.categories_):
            if place is not None:
                integer(0, len(table) - 1)(place)
    grouped = encoder._drop_idx_after_grouping
    if grouped is not None:
        for i, place in enumerate(grouped):
            if place is not None:
                integer(0, counts[i] - 1)(place)
                counts[i] -= 1
    refuse(encoder._n_features_outs != counts, "its columns are not its categories")


def _verify_ordinal(encoder: Any) -> None:
    _verify_tables(encoder)
    for column, place in encoder._missing_indices.items():
        integer(0, encoder.n_features_in_ - 1)(column)
        integer(0, len(encoder.categories_[column]))(place)


def _verify_target(encoder: Any) -> None:
    _verify_tables(encoder)
    several = encoder.target_type_ == "multiclass"
    n_outputs = len(encoder.classes_) if several else 1
    tables = encoder.encodings_
    n = encoder.n_features_in_ * n_outputs
    refuse(len(tables) != n, "its encodings are of other columns")
    for i, table in enumerate(tables):
        shape(table, len(encoder.categories_[i // n_outputs]))


def _verify_counts(vectorizer: Any) -> None:
    inner = getattr(vectorizer, "_tfidf", None)
    idf = getattr(inner, "idf_", None)
    if idf is not None:
        shape(idf, len(vectorizer.vocabulary_))


def _verify_tfidf(model: Any) -> None:
    verify_names(model)
    idf = getattr(model, "idf_", None)
    if idf is not None:
        shape(idf, model.n_features_in_)


def _verify_names_of(vectorizer: Any) -> None:
    names, known = vectorizer.feature_names_, vectorizer.vocabulary_
    right = len(names) == len(known) and all(
        known.get(n) == i for i, n in enumerate(names)
    )
    refuse(not right, "its names are not its vocabulary")


_WORDS: dict[str, Check] = {"fixed_vocabulary_": flag, "vocabulary_": index()}
_IDS = frozenset({"_stop_words_id"})

CATEGORIES: tuple[Kind, ...] = (
    kind_of(
        OneHotEncoder,
        _verify_one_hot,
        COLUMNS,
        _TABLES,
        {
            "_drop_idx_after_grouping": _DROPS,
            "drop_idx_": _DROPS,
            "_n_features_outs": sequence(integer()),
        },
        optional=_RARE,
    ),
    kind_of(
        OrdinalEncoder,
        _verify_ordinal,
        COLUMNS,
        _TABLES,
        {"_missing_indices": mapping(integer(), integer())},
        optional=_RARE,
    ),
    kind_of(
        TargetEncoder,
        _verify_target,
        COLUMNS,
        _TABLES,
        {
            "target_type_": one_of("continuous", "binary", "multiclass"),
            "classes_": either(nothing, categories),
            "target_mean_": either(finite, array("f", 1, is_finite=True)),
            "encodings_": sequence(array("f", 1, is_finite=True)),
        },
        optional=_RARE,
    ),
    kind_of(CountVectorizer, _verify_counts, _WORDS, dropped=_IDS),
    kind_of(
        TfidfVectorizer,
        _verify_counts,
        _WORDS,
        optional={"_tfidf": instance(TfidfTransformer)},
        dropped=_IDS,
    ),
    kind_of(HashingVectorizer, lambda model: None, dropped=_IDS),
    kind_of(
        TfidfTransformer,
        _verify_tfidf,
        {},
        optional=COLUMNS | {"idf_": array("f", 1)},
    ),
    kind_of(
        DictVectorizer,
        _verify_names_of,
        {"feature_names_": sequence(text), "vocabulary_": index()},
    ),
)
