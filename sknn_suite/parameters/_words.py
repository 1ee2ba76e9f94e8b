"""Errors that name our parameter where a word of another library was written.

No word of others is accepted: two names for one thing would be two things to search
over.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from sknn_suite.parameters._foreign_values import our_value, when_to_stop
from sknn_suite.parameters._vocabulary import (
    ADVICE_FOR,
    ATTRIBUTES,
    UNITS,
    VALIDATION,
    WEIGHTS,
    WITHOUT_OUTPUT,
    WORDS,
    Word,
)

F = TypeVar("F", bound=Callable)


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
    data = [word for word in words if rows and _plain(word) in VALIDATION]
    meant = {
        word: found
        for word in words
        if word not in data
        and (found := _meaning(cls, word, given[word], names)) is not None
    }
    known = [word for word in words if word in data or word in meant]
    if not known:
        return None
    expected = [_expect(word, ours) for word, (ours, _) in meant.items()]
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


def explain_attribute(estimator: Any, name: str) -> None:
    """Refuse the attributes of other libraries' models; others are left to Python.

    Raises
    ------
    AttributeError
        As Python raises it, with what to write instead.
    """
    if name in ATTRIBUTES:
        raise AttributeError(
            f"{type(estimator).__name__!r} object has no attribute {name!r}. "
            f"{ATTRIBUTES[name]}",
            name=name,
            obj=estimator,
        )


def _refuse_in_fit(cls: Any, given: Mapping[str, Any], own: Collection[str]) -> None:
    """Raise a TypeError for the first argument that fit lacks, or one that is known."""
    names = cls._parameter_constraints
    for word in (word for word in given if word not in own):
        start = f"{cls.__name__}.fit() got an unexpected keyword argument {word!r}."
        if _plain(word) in VALIDATION:
            rows = " and ".join(_rows_of(cls))
            raise TypeError(f"{start} Expected {rows}. Write {_call_with_rows(cls)}.")
        if _plain(word) in WEIGHTS:
            raise TypeError(
                f"{start} Expected sample_weight. Write fit(X, y, sample_weight=...)."
            )
        found = _meaning(cls, word, given[word], names)
        if found is not None:
            ours, advice = found
            if ours.startswith("no "):
                raise TypeError(f"{start} Expected {_expect(word, ours)}. {advice}")
            raise TypeError(
                f"{start} Expected {ours} in the constructor, since fit takes data "
                f"only. {advice}"
            )
    word = next(word for word in given if word not in own)
    raise TypeError(f"{cls.__name__}.fit() got an unexpected keyword argument {word!r}")


def _meaning(
    cls: Any, word: str, value: Any, names: Collection[str]
) -> tuple[str, str] | None:
    """Translate a word, also to a parameter that the class settles itself."""
    found = translate(word, value, names)
    if found is None:
        reasons = getattr(cls, "_settles", {})
        settled = translate(word, value, reasons)
        if settled is not None:
            ours = settled[0]
            reason = reasons[ours] or f"settles {ours} itself: leave {{word}} out."
            found = f"no {ours}", f"{cls.__name__} {reason.format(word=word)}"
    return found


def _expect(word: str, ours: str) -> str:
    """Say what was expected for a word; of our own one only that it is none here."""
    return ours if ours == f"no {word}" else f"{ours} for {word}"


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
        known = WORDS.get(spelling, Word(()))
        ours = next((name for name in known.ours if name in names), None)
        if ours is not None:
            advice = known.advice
            if "early_stopping" not in names:  # then it always stops early
                advice = advice.replace("early_stopping=True, ", "")
                advice = advice.replace(", with early_stopping=True", "")
            return ours, _advise(ours, value, advice)
        same = [name for name in names if _plain(name) == spelling]
        if same:
            return same[0], _write(same[0], value)
    close = get_close_matches(word.lower(), list(names), n=1, cutoff=0.8)
    return (close[0], _write(close[0], value)) if close else None


def _advise(ours: str, value: Any, advice: str) -> str:
    if ours in ADVICE_FOR:
        return ADVICE_FOR[ours]
    is_list = isinstance(value, list | tuple)
    if not advice or (advice == UNITS and is_list):
        return _write(ours, value)
    if advice == WITHOUT_OUTPUT and not is_list:
        advice = UNITS
    return advice.format(ours=ours, value=_show(our_value(ours, value)))


def _write(ours: str, value: Any) -> str:
    if ours == "early_stopping" and not isinstance(value, bool):
        return when_to_stop(value)
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
