"""Adaptive learning rate clipping (Ede and Beanland 2020, arXiv 1906.09060) for JAX.

    state = alrc_start()
    ...
    def loss_function(parameters, state):
        losses = jnp.mean((network(parameters, images) - targets) ** 2, axis=(1, 2, 3))  # one per example
        return alrc(losses, state)

    (loss, state), gradient = jax.value_and_grad(loss_function, has_aux=True)(parameters, state)

A loss above mu1 + n * sigma, of the running moments of the losses, is multiplied by threshold / loss, a constant. Its
gradient shrinks by that factor, keeps its direction, and never vanishes. Ports that return the threshold itself,
as jnp.minimum(losses, threshold) does, send back no gradient of that example: it is dropped, not clipped.

The moments start by themselves. The first 20 steps with a finite loss are watched and not clipped, and spikes among
them are limited. A loss that is NaN or infinite gets scale 0 and is left out of the moments. Backward passes that
multiply 0 by infinite activations still make NaN: leave such an example out of the batch.

Under pmap or shard_map give axis_name: one reduction of three numbers gives all replicas the same moments. The state is
a tuple of arrays, to be saved with the parameters. It is in single precision, which is enough, since it keeps the
variance rather than the mean square.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

START, BEYOND, REACH, FORGETTING, EPSILON, LARGEST = 20, 5, 6, 3, 1e-8, 1e15


class ALRCState(NamedTuple):
    mean: jax.Array
    variance: jax.Array
    bias: jax.Array  # decay**t
    started: jax.Array  # steps of the start that were kept
    means: jax.Array
    variances: jax.Array


def alrc_start(mu1=None, mu2=None):
    """The state before the first step. mu1 and mu2, mean and mean square, are estimates to start from instead."""
    given = mu1 is not None
    mean, variance, bias = (mu1, mu2 - mu1**2, 0) if given else (0, 0, 1)
    empty = jnp.zeros(START, jnp.float32)
    return ALRCState(*(jnp.float32(x) for x in (mean, variance, bias)), jnp.int32(START if given else 0), empty, empty)


def alrc(losses, state, n=$N, decay=$DECAY, axis_name=None):
    """Returns the mean of one loss per example, each limited by its scale, and the next state."""
    fixed = jax.lax.stop_gradient(losses).astype(jnp.float32)
    finite = jnp.isfinite(fixed)
    safe = jnp.where(finite, fixed, state.mean)
    spread = n * jnp.sqrt(state.variance + EPSILON)
    threshold = jnp.where(state.started < START, jnp.inf, state.mean + spread)
    over = safe > threshold
    ratio = (safe > 0) & (threshold > 0)  # else by the distances from the mean
    divisor = jnp.where(over, jnp.where(ratio, safe, safe - state.mean), 1)
    scales = jnp.where(over, jnp.where(ratio, threshold, spread) / divisor, 1)
    # A factor too small for the type would lose the gradient of a finite loss.
    scales = jnp.clip(scales, jnp.finfo(losses.dtype).tiny, 1) * finite
    distance = jnp.where(finite, jnp.clip(jnp.minimum(safe, threshold), -LARGEST, LARGEST) - state.mean, 0)
    sums = jnp.stack([finite.sum().astype(jnp.float32), distance.sum(), (distance**2).sum()])
    if axis_name is not None:
        sums = jax.lax.psum(sums, axis_name)
    count = jnp.maximum(sums[0], 1)
    first, second = sums[1] / count, sums[2] / count
    moved = jax.lax.cond(state.started < START, _observe_start, _observe, state, first, second, decay)
    state = jax.tree_util.tree_map(lambda new, old: jnp.where(sums[0] > 0, new, old), moved, state)
    return jnp.mean(scales.astype(losses.dtype) * jnp.where(finite, losses, 0)), state


def _observe(state, first, second, decay):
    bias = state.bias * decay
    bias = jnp.where(bias < 1e-17, 0, bias)
    rate = jnp.minimum((1 - decay) * (1 + (FORGETTING - 1) * bias) / (1 - bias), 1)
    variance = jnp.maximum((1 - rate) * state.variance + rate * second - (rate * first) ** 2, 0)
    return state._replace(mean=state.mean + rate * first, variance=variance, bias=bias)


def _observe_start(state, first, second, decay):
    """Keeps a step, and makes the moments of all kept, each limited to what is typical among them."""
    means = state.means.at[state.started].set(state.mean + first)
    variances = state.variances.at[state.started].set(jnp.maximum(second - first**2, 0))
    count = state.started + 1
    kept = jnp.arange(START) < count
    roots = jnp.sqrt(variances + means**2)

    def typical(values):
        """The median less and plus REACH distances to the value beyond which a fifth lies on that side."""
        values = jnp.sort(jnp.where(kept, values, jnp.inf))
        middle = values[(count - 1) // 2] / 2 + values[count // 2] / 2
        below = middle - values[count // BEYOND]
        above = values[count - 1 - count // BEYOND] - middle
        low = jnp.where(below > 0, middle - REACH * below, -jnp.inf)
        return low, jnp.where(above > 0, middle + REACH * above, jnp.inf)

    def average(values):
        return jnp.where(kept, values, 0).sum() / count

    # Distances from the first step's mean keep the digits that squares would lose.
    distances, limited = means - means[0], jnp.clip(means, *typical(means)) - means[0]
    middle = average(limited)
    mean = means[0] + middle
    low, high = typical(roots)
    far = jnp.clip(roots, low, high)
    near = variances + (distances - middle) * (distances - middle + 2 * mean)
    variance = average(jnp.where((roots < low) | (roots > high), (far - mean) * (far + mean), near))
    return ALRCState(mean, jnp.maximum(variance, 0), state.bias * decay, count, means, variances)
