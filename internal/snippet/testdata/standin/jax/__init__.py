"""A stand-in for JAX where there is none: what the module of clipping uses of it, on NumPy and without tracing.

It shows that the module computes what it should. It cannot show that JAX takes the module as it is.
"""

import sys
import types

import numpy as np


class Array(np.ndarray):
    def astype(self, dtype):
        return np.asarray(self).astype(getattr(dtype, "dtype", dtype)).view(Array)

    @property
    def at(self):
        return _At(self)


class _At:
    def __init__(self, array):
        self.array = array

    def __getitem__(self, index):
        self.index = int(index)
        return self

    def set(self, value):
        changed = np.array(self.array)
        changed[self.index] = value
        return changed.view(Array)


def _quietly(function):
    def call(*arguments):
        with np.errstate(all="ignore"):
            return np.asarray(function(*arguments)).view(Array)

    return call


def _scalar(kind):
    make = lambda x: np.array(x, kind).view(Array)
    make.dtype = np.dtype(kind)
    return make


numpy = types.ModuleType("jax.numpy")
for _name in ("where", "sqrt", "isfinite", "minimum", "maximum", "mean", "sort", "arange"):
    setattr(numpy, _name, _quietly(getattr(np, _name)))
numpy.inf, numpy.finfo = np.inf, np.finfo
numpy.float32, numpy.int32 = _scalar(np.float32), _scalar(np.int32)
numpy.clip = _quietly(lambda x, low, high: np.minimum(np.maximum(x, low), high))
numpy.zeros = lambda n, dtype: np.zeros(n, dtype.dtype).view(Array)
numpy.array = lambda x, dtype: np.array(x, dtype.dtype).view(Array)
numpy.stack = lambda parts: np.array([float(x) for x in parts], np.float32).view(Array)
sys.modules["jax.numpy"] = numpy

_stopped = None  # what stop_gradient keeps while a gradient is taken
_last = None


def _stop_gradient(x):
    global _last
    _last = x if _stopped is None else _stopped
    return _last


lax = types.SimpleNamespace(
    stop_gradient=_stop_gradient,
    cond=lambda condition, yes, no, *operands: (yes if bool(condition) else no)(*operands),
    psum=lambda x, axis_name: x,
)
tree_util = types.SimpleNamespace(
    tree_map=lambda f, a, b: type(a)(*(np.asarray(f(x, y)).astype(y.dtype).view(Array) for x, y in zip(a, b)))
)


def jit(function):
    return function


def grad(function, has_aux):
    """The gradient of a function that is linear in its first argument but for what stop_gradient keeps."""
    assert has_aux

    def gradient(x, *rest):
        global _stopped
        _, auxiliary = function(x, *rest)
        _stopped, slopes = _last, []
        for i in range(len(x)):
            slopes.append(float(function(np.eye(1, len(x), i, dtype=np.float32)[0].view(Array), *rest)[0]))
        _stopped = None
        return np.array(slopes), auxiliary

    return gradient
