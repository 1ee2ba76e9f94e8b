"""Numbers that are written in strings, such as "12", "$1,250.50" and "7 %"."""

import re

import numpy as np

_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_LEADING_ZERO = re.compile(r"[-+]?0\d")

# A sign of money before or after the digits, or a percent sign after them. Commas part
# thousands, and a minus may stand on either side of the money.
_DRESSED = re.compile(
    r"(?P<minus>[-+]?)(?P<before>[$€£¥₹]?)\s?(?P<minus_after>[-+]?)"
    r"(?P<digits>\d{1,3}(,\d{3})+(\.\d*)?|\d+\.?\d*|\.\d+)"
    r"\s?(?P<after>[$€£¥₹%]?)"
)


def parse_numbers(texts: np.ndarray, strict: bool = True) -> np.ndarray | None:
    """Parse strings as numbers, blank ones as NaN.

    A percentage is a share: "50%" is 0.5.

    Parameters
    ----------
    texts : ndarray of str
        The strings.
    strict : bool, default=True
        Whether to ask if the strings are meant as numbers: zeros in front are codes,
        all have the same sign of money or percent, and one at least is not blank.

    Returns
    -------
    ndarray of shape (n_texts,) or None
        None if one is something else.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite.encoding import parse_numbers
    >>> parse_numbers(np.array(["$1,250.50", "-$3", " "])).tolist()
    [1250.5, -3.0, nan]
    >>> parse_numbers(np.array(["007", "12"])) is None
    True
    """
    numbers, signs = np.full(len(texts), np.nan), set()
    for i, text in enumerate(map(str.strip, texts)):
        if not text:
            continue
        found = _parse(text)
        if found is None or (strict and _LEADING_ZERO.match(text)):
            return None
        numbers[i], sign = found
        signs.add(sign)
    if strict and len(signs) != 1:
        return None
    return None if np.isinf(numbers).any() else numbers


def _parse(text: str) -> tuple[float, str] | None:
    """Return the number, and the sign of money or percent."""
    if _PLAIN.fullmatch(text):
        return float(text), ""
    found = _DRESSED.fullmatch(text)
    if found is None:
        return None
    signs = found["before"] + found["after"]
    minus = found["minus"] + found["minus_after"]
    if len(signs) > 1 or len(minus) > 1:
        return None
    number = float(minus + found["digits"].replace(",", ""))
    return (number / 100 if signs == "%" else number), signs
