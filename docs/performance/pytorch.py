"""The same training step in PyTorch, for a comparison on one machine: the experiments' networks on random images.

    python3 docs/performance/pytorch.py --batch 1 --width 1 --threads 2 --seconds 5
    python3 docs/performance/pytorch.py --network completer --size 128 --batch 1 --width 1 --depth 1

It prints the median time of a step, images a second, the most memory held, and the time of clipping. Nothing else in this project needs Python.
"""

import argparse
import resource
import statistics
import time

import torch
from torch.nn import Conv2d, ConvTranspose2d, Module, ModuleList
from torch.nn.functional import avg_pool2d, interpolate, relu
from torch.nn.utils import weight_norm

options = argparse.ArgumentParser()
options.add_argument("--network", choices=["supersampler", "completer"], default="supersampler")
options.add_argument("--batch", type=int, default=1)
options.add_argument("--width", type=float, default=1.0)
options.add_argument("--depth", type=float, default=1.0, help="of the completer")
options.add_argument("--size", type=int, default=128, help="of the completer's images")
options.add_argument("--threads", type=int, default=2)
options.add_argument("--seconds", type=float, default=5.0)
options = options.parse_args()
torch.set_num_threads(options.threads)


def channels(full):
    return max(4, int(full * options.width))


def blocks(full):
    return max(1, round(full * options.depth))


class Supersampler(Module):
    def __init__(self):
        super().__init__()
        few, many = channels(64), channels(128)
        self.head = ModuleList([Conv2d(3, few, 5, padding=2), Conv2d(few, many, 3, padding=1)])
        self.blocks = ModuleList([ModuleList([Conv2d(many, many, 3, padding=1) for _ in range(2)]) for _ in range(3)])
        self.tail = ModuleList([Conv2d(many, few, 3, padding=1), Conv2d(few, 3, 5, padding=2)])

    def forward(self, x):
        for layer in self.head:
            x = relu(layer(x))
        for first, second in self.blocks:
            x = x + relu(second(relu(first(x))))
        return self.tail[1](relu(self.tail[0](x)))


def convolution(inputs, outputs, kernel=3, stride=1):
    return weight_norm(Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2))


def enlargement(inputs, outputs):
    # The norm is of what makes one output channel, which is the second dimension of these weights.
    return weight_norm(ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1), dim=1)


class Residual(Module):
    def __init__(self, count):
        super().__init__()
        self.layers = ModuleList([convolution(count, count) for _ in range(3)])

    def forward(self, x):
        y = x
        for layer in self.layers:
            y = relu(layer(y))
        return x + y


class Completer(Module):
    def __init__(self):
        super().__init__()
        sizes = [channels(full) for full in (128, 256, 512, 768)]
        self.down = ModuleList([convolution(i, o, stride=2) for i, o in zip([2] + sizes, sizes)])
        self.inner = ModuleList([Residual(sizes[3]) for _ in range(blocks(6))])
        self.up = ModuleList([enlargement(sizes[3 - i], sizes[2 - i]) for i in range(3)])
        few, least = channels(64), channels(32)
        self.leave = enlargement(sizes[0], few)
        self.trainer = ModuleList([convolution(few, few), convolution(few, 1)])
        self.enter = ModuleList([convolution(2, least, kernel=5), convolution(least, few, stride=2)])
        self.outer = ModuleList([Residual(few) for _ in range(blocks(3))])
        self.finish = ModuleList([enlargement(few, least), convolution(least, least), convolution(least, 1)])

    def forward(self, image):
        x = interpolate(image, scale_factor=0.5, mode="bilinear", align_corners=True)
        kept = []
        for layer in self.down:
            x = relu(layer(x))
            kept.append(x)
        for block in self.inner:
            x = block(x)
        for i, layer in enumerate(self.up):
            x = relu(layer(x)) + kept[2 - i]
        inner = relu(self.leave(x))
        half = self.trainer[1](relu(self.trainer[0](inner)))
        x = inner + relu(self.enter[1](relu(self.enter[0](image))))
        for block in self.outer:
            x = block(x)
        return self.finish[2](relu(self.finish[1](relu(self.finish[0](x))))), half


class Clipper:
    def __init__(self):
        self.mean, self.square = torch.tensor(25.0), torch.tensor(900.0)

    @torch.no_grad()
    def scales(self, losses):
        limit = self.mean + 2 * ((self.square - self.mean * self.mean).clamp(min=0) + 1e-8).sqrt()
        scales = (limit / losses).clamp(max=1)
        kept = losses * scales
        self.mean.mul_(0.999).add_(0.001 * kept.mean())
        self.square.mul_(0.999).add_(0.001 * (kept * kept).mean())
        return scales


def losses(outputs, targets, scale):
    return scale * (outputs - targets).pow(2).mean(dim=(1, 2, 3))


if options.network == "supersampler":
    network = Supersampler()
    images = torch.randn(options.batch, 3, 32, 32)
    clippers = [Clipper()]

    def step_losses():
        with torch.no_grad():
            half = interpolate(images, size=16, mode="bilinear", align_corners=True)
            inputs = interpolate(half, size=32, mode="bilinear", align_corners=True)
        return [losses(network(inputs), images, 25)]

else:
    network = Completer()
    images = torch.randn(options.batch, 2, options.size, options.size)
    targets = torch.randn(options.batch, 1, options.size, options.size)
    halves = avg_pool2d(targets, 2)
    clippers = [Clipper(), Clipper()]

    def step_losses():
        whole, half = network(images)
        return [losses(whole, targets, 200), losses(half, halves, 200)]


optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)


def step():
    """Train a step, and return the seconds that went into scales and moments."""
    total, clipping = 0, 0
    for clipper, found in zip(clippers, step_losses()):
        start = time.perf_counter()
        scales = clipper.scales(found)
        clipping += time.perf_counter() - start
        total = total + (found * scales).mean()
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    return clipping


for _ in range(3):
    step()
times, clippings = [], []
begin = time.perf_counter()
while len(times) < 5 or time.perf_counter() - begin < options.seconds:
    start = time.perf_counter()
    clippings.append(step())
    times.append(time.perf_counter() - start)
median = statistics.median(times)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(f"PyTorch {torch.__version__}, {options.network}, batch {options.batch}, width {options.width}, {options.threads} threads:"
      f" {median * 1e3:.2f} ms a step, {options.batch / median:.2f} images/s, {memory:.0f} MB,"
      f" clipping {statistics.median(clippings) * 1e6:.0f} µs or {statistics.median(clippings) / median:.2%} of a step")
