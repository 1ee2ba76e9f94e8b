"""Value: a result in a graph, with the arithmetic of arrays."""

from typing import Any

import numpy as np

INT = np.dtype(np.int64)


class Value:
    """A named result of a node, an input or a constant.

    Operators between values, or a value and numbers, append nodes to the graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    name : str
        Its name there.
    dtype : dtype
        Type of its numbers.
    """

    # NumPy must leave `array - value` to this class.
    __array_ufunc__ = None

    def __init__(self, graph: Any, name: str, dtype: np.dtype) -> None:
        self.graph = graph
        self.name = name
        self.dtype = dtype

    def then(
        self, operator: str, *others: Any, dtype: Any = None, **attributes: Any
    ) -> "Value":
        """Append a node that takes this value, and the others as they are."""
        names = [self.name, *(self._as_it_is(other).name for other in others)]
        name = self.graph.name(operator)
        self.graph.add(operator, names, [name], attributes)
        return Value(self.graph, name, np.dtype(dtype or self.dtype))

    def _as_it_is(self, other: Any) -> "Value":
        return other if isinstance(other, Value) else self.graph.constant(other)

    def alike(self, other: Any) -> "Value":
        """Make a number or array a constant of this type."""
        if isinstance(other, Value):
            return other
        return self.graph.constant(np.asarray(other).astype(self.dtype))

    # -- arithmetic ------------------------------------------------------------------

    def __add__(self, other: Any) -> "Value":
        return self.then("Add", self.alike(other))

    __radd__ = __add__

    def __mul__(self, other: Any) -> "Value":
        return self.then("Mul", self.alike(other))

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> "Value":
        return self.then("Sub", self.alike(other))

    def __rsub__(self, other: Any) -> "Value":
        return self.alike(other).then("Sub", self)

    def __truediv__(self, other: Any) -> "Value":
        return self.then("Div", self.alike(other))

    def __rtruediv__(self, other: Any) -> "Value":
        return self.alike(other).then("Div", self)

    def __matmul__(self, other: Any) -> "Value":
        return self.then("MatMul", self.alike(other))

    def __neg__(self) -> "Value":
        return self.then("Neg")

    def __abs__(self) -> "Value":
        return self.then("Abs")

    def exp(self) -> "Value":
        """Exponential."""
        return self.then("Exp")

    def log(self) -> "Value":
        """Natural logarithm."""
        return self.then("Log")

    def clip(self, low: float | None = None, high: float | None = None) -> "Value":
        """Bound from below, above or both."""
        value = self
        if low is not None:
            value = value.then("Max", self.alike(low))
        return value if high is None else value.then("Min", self.alike(high))

    # -- comparison ------------------------------------------------------------------

    def __gt__(self, other: Any) -> "Value":
        return self.then("Greater", self.alike(other), dtype=bool)

    def __ge__(self, other: Any) -> "Value":
        return self.then("GreaterOrEqual", self.alike(other), dtype=bool)

    def __lt__(self, other: Any) -> "Value":
        return self.then("Less", self.alike(other), dtype=bool)

    def choose(self, yes: Any, no: Any) -> "Value":
        """Take `yes` where this is true, `no` elsewhere; one of them is a value."""
        like = yes if isinstance(yes, Value) else no
        return self.then("Where", like.alike(yes), like.alike(no), dtype=like.dtype)

    # -- reductions ------------------------------------------------------------------

    def sum(self, *axes: int, keep: bool = False) -> "Value":
        """Sum over axes."""
        return self.then("ReduceSum", np.array(axes), keepdims=int(keep))

    def mean(self, *axes: int, keep: bool = False) -> "Value":
        """Mean over axes."""
        return self.then("ReduceMean", np.array(axes), keepdims=int(keep))

    def max(self, *axes: int, keep: bool = False) -> "Value":
        """Largest over axes."""
        return self.then("ReduceMax", np.array(axes), keepdims=int(keep))

    def min(self, *axes: int, keep: bool = False) -> "Value":
        """Smallest over axes."""
        return self.then("ReduceMin", np.array(axes), keepdims=int(keep))

    # -- shape and type --------------------------------------------------------------

    def cast(self, dtype: Any) -> "Value":
        """Convert to another type."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        return self.then("Cast", to=self.graph.type_of(dtype), dtype=dtype)

    def size(self, axis: int) -> "Value":
        """Length of an axis, as an array of one number."""
        return self.then("Shape", start=axis, end=axis + 1, dtype=INT)

    def reshape(self, *sides: int) -> "Value":
        """Give another shape; 0 leaves a side as it is, -1 takes the rest."""
        return self.then("Reshape", np.array(sides))

    def transpose(self, *axes: int) -> "Value":
        """Reorder axes."""
        return self.then("Transpose", perm=list(axes))

    def unsqueeze(self, *axes: int) -> "Value":
        """Insert axes of length one."""
        return self.then("Unsqueeze", np.array(axes))

    def squeeze(self, *axes: int) -> "Value":
        """Remove axes of length one."""
        return self.then("Squeeze", np.array(axes))

    def cut(self, axis: int, start: int, stop: int | None = None) -> "Value":
        """Take a range along an axis."""
        end = np.iinfo(np.int64).max if stop is None else stop
        parts = (np.array([n]) for n in (start, end, axis))
        return self.then("Slice", *parts)

    def flip(self, axis: int) -> "Value":
        """Reverse the order along an axis."""
        ends = (-1, np.iinfo(np.int64).min, axis, -1)
        return self.then("Slice", *(np.array([n]) for n in ends))

    def at(self, index: Any, axis: int = 0) -> "Value":
        """Take what lies at some places along an axis."""
        return self.then("Gather", index, axis=axis)

    def join(self, *others: "Value", axis: int) -> "Value":
        """Put values one after the other."""
        return self.then("Concat", *others, axis=axis) if others else self

    def ascending(self, n: int) -> "Value":
        """Sort the last axis, which has `n` numbers."""
        names = self.graph.name("sorted"), self.graph.name("places")
        inputs = [self.name, self.graph.constant(np.array([n])).name]
        self.graph.add("TopK", inputs, names, {"largest": 0, "axis": -1})
        return Value(self.graph, names[0], self.dtype)
