"""Adaptive learning rate clipping (Ede and Beanland 2020, arXiv 1906.09060) for PyTorch 1.10 and later.

    alrc = ALRC()
    ...
    losses = torch.nn.functional.mse_loss(output, target, reduction="none").flatten(1).mean(1)  # one per example
    loss = alrc(losses)
    loss.backward()

A loss above mu1 + n * sigma, of the running moments of the losses, is multiplied by threshold / loss, a constant. Its
gradient shrinks by that factor, keeps its direction, and never vanishes. Ports that return the threshold itself,
as torch.minimum(losses, threshold) does, send back no gradient of that example: it is dropped, not clipped.

The moments start by themselves. The first 20 steps with a finite loss are watched and not clipped, and spikes among
them are limited. A loss that is NaN or infinite gets scale 0 and is left out of the moments. Backward passes that
multiply 0 by infinite activations still make NaN: leave such an example out of the batch.

Under distributed data parallel every rank calls the module once a step. One reduction of three numbers gives all ranks
the same moments. The moments are in state_dict(). They move in training mode only.
"""

import math

import torch

# torch.compile, where there is one, does not see through what happens in the first steps.
_uncompiled = getattr(getattr(torch, "compiler", None), "disable", lambda function: function)


class ALRC(torch.nn.Module):
    """Returns the mean of one loss per example, each limited by its scale.

    n: standard deviations above the running mean at which losses are limited.
    decay: that of the running moments.
    mu1, mu2: what the moments start from, mean and mean square; without them they start by themselves.
    dtype: of the moments; float64 by default, float32 on devices without it. (float32 is enough, since the
        variance is kept rather than the mean square.)
    group: the process group whose ranks share the moments.
    """

    START, BEYOND, REACH, FORGETTING, EPSILON = 20, 5, 6, 3, 1e-8

    def __init__(self, n=$N, decay=$DECAY, mu1=None, mu2=None, dtype=None, group=None):
        super().__init__()
        if not (0 < n < math.inf and 0 < decay < 1):
            raise ValueError(f"ALRC: n is {n} and decay {decay}; n must be above 0, and decay between 0 and 1")
        if (mu1 is None) != (mu2 is None) or mu1 is not None and not mu1**2 < mu2 < math.inf:
            raise ValueError(f"ALRC: mu1 is {mu1} and mu2 {mu2}; give none, or mu2 above the square of mu1")
        self.n, self.decay, self.dtype, self.group = n, decay, dtype, group
        self._starting = mu1 is None
        self._steps = []  # mean and root mean square of the steps of the start
        # Mean, variance and decay**t. No buffer: module.half() must not round them.
        moments = [0.0, 0.0, 1.0] if mu1 is None else [mu1, mu2 - mu1**2, 0.0]
        self._moments = torch.tensor(moments, dtype=torch.float64)

    def forward(self, losses):
        scales = self.scales(losses)
        return (scales * torch.where(scales > 0, losses, torch.zeros_like(losses))).mean()

    @torch.no_grad()
    def scales(self, losses):
        """One constant per loss. In training mode the moments move on: call it once a step, or forward."""
        mean, variance, bias = self._moments_on(losses.device).unbind()
        x = losses.detach().to(mean.dtype)
        finite = x - x == 0
        x = torch.where(finite, x, mean)
        threshold = torch.add(mean, (variance + self.EPSILON).sqrt(), alpha=self.n)
        if self._starting:
            scales, threshold = finite, None
        else:
            # The ratio of threshold and loss, or, where the threshold is not above 0, of their distances from the mean.
            center = mean * (threshold <= 0)
            scales = (threshold - center) / (torch.maximum(x, threshold) - center)
            # A factor too small for the type would lose the gradient of a finite loss.
            scales = scales.clamp(min=torch.finfo(losses.dtype).tiny) * finite
        if self.training:
            self._observe(x, finite, threshold, mean, variance, bias)
        return scales.to(losses.dtype)

    def _moments_on(self, device):
        """The moments on the losses' device, in double precision where it has that."""
        if self._moments.device != device or self._moments.dtype != (self.dtype or self._moments.dtype):
            dtype = self.dtype or torch.float64
            try:
                self._moments = self._moments.to(dtype).to(device)
            except (TypeError, RuntimeError):
                if self.dtype is not None:
                    raise
                self._moments = self._moments.float().to(device)
        return self._moments

    def _observe(self, x, finite, threshold, mean, variance, bias):
        largest = 1e150 if x.dtype == torch.float64 else 1e15  # whose square is still a number
        limited = x if threshold is None else torch.minimum(x, threshold)
        distance = limited.clamp(-largest, largest).flatten() - mean
        sums = torch.stack([finite.sum(dtype=x.dtype), distance.sum(), torch.dot(distance, distance)])
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(sums, group=self.group)
        if self._starting:
            self._observe_start(sums)
            return
        first, second = (sums[1:] / sums[0].clamp(min=1)).unbind()
        bias = bias * self.decay
        rate = (bias * (self.FORGETTING - 1) + 1) * (1 - self.decay)
        rate = (rate / (1 - bias)).clamp(max=1)
        step = rate * first
        variance = torch.addcmul(torch.lerp(variance, second, rate), step, step, value=-1).clamp(min=0)
        moved = torch.stack([mean + step, variance, bias])
        self._moments = torch.where(sums[0] > 0, moved, self._moments)  # no step without a finite loss

    @_uncompiled
    def _observe_start(self, sums):
        """Keeps a step, and makes the moments of all kept, each limited to what is typical among them."""
        count, first, second = sums.tolist()
        if count == 0:
            return
        old, _, bias = self._moments.tolist()
        first, second = first / count, second / count
        self._steps.append((old + first, math.sqrt(max(second + 2 * old * first + old**2, 0.0))))
        count = len(self._steps)
        low_mean, high_mean = self._typical([mean for mean, _ in self._steps])
        low_root, high_root = self._typical([root for _, root in self._steps])
        mu1 = sum(min(max(mean, low_mean), high_mean) for mean, _ in self._steps) / count
        mu2 = sum(min(max(root, low_root), high_root) ** 2 for _, root in self._steps) / count
        moments = [mu1, max(mu2 - mu1**2, 0.0), bias * self.decay]
        self._moments = torch.tensor(moments, dtype=self._moments.dtype, device=self._moments.device)
        self._starting = count < self.START
        if not self._starting:
            self._steps = []

    def _typical(self, values):
        """The median less and plus REACH distances to the value beyond which a fifth lies on that side."""
        values = sorted(values)
        count = len(values)
        middle = values[(count - 1) // 2] / 2 + values[count // 2] / 2
        below = middle - values[count // self.BEYOND]
        above = values[count - 1 - count // self.BEYOND] - middle
        return middle - self.REACH * below if below > 0 else -math.inf, middle + self.REACH * above if above > 0 else math.inf

    def get_extra_state(self):
        """All that was learned, for state_dict(): moments, steps watched, and those of a start that goes on."""
        numbers = self._moments.tolist() + [float(len(self._steps) if self._starting else self.START)]
        for step in self._steps:
            numbers += step
        return torch.tensor(numbers, dtype=torch.float64)

    def set_extra_state(self, state):
        numbers = state.tolist()
        self._moments = torch.tensor(numbers[:3], dtype=torch.float64)
        self._starting = numbers[3] < self.START
        self._steps = list(zip(numbers[4::2], numbers[5::2]))
