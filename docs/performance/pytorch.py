"""The same training step in PyTorch, for a comparison on one machine: experiment 1's network on random images.

    python3 docs/performance/pytorch.py --batch 1 --width 1 --threads 2 --seconds 5

It prints the median time of a step, images a second, and the most memory held. Nothing else in this project needs Python.
"""

import argparse
import resource
import statistics
import time

import torch
from torch.nn import Conv2d, Module, ModuleList
from torch.nn.functional import interpolate, relu

options = argparse.ArgumentParser()
options.add_argument("--batch", type=int, default=1)
options.add_argument("--width", type=float, default=1.0)
options.add_argument("--threads", type=int, default=2)
options.add_argument("--seconds", type=float, default=5.0)
options = options.parse_args()
torch.set_num_threads(options.threads)


def channels(full):
    return max(4, int(full * options.width))


class Network(Module):
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


network = Network()
optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
images = torch.randn(options.batch, 3, 32, 32)
mean, square = torch.tensor(25.0), torch.tensor(900.0)


def step():
    with torch.no_grad():
        half = interpolate(images, size=16, mode="bilinear", align_corners=True)
        inputs = interpolate(half, size=32, mode="bilinear", align_corners=True)
    losses = 25 * (network(inputs) - images).pow(2).mean(dim=(1, 2, 3))
    with torch.no_grad():
        limit = mean + 2 * ((square - mean * mean).clamp(min=0) + 1e-8).sqrt()
        scales = (limit / losses).clamp(max=1)
        kept = losses * scales
        mean.mul_(0.999).add_(0.001 * kept.mean())
        square.mul_(0.999).add_(0.001 * (kept * kept).mean())
    optimizer.zero_grad()
    (losses * scales).mean().backward()
    optimizer.step()


for _ in range(3):
    step()
times = []
begin = time.perf_counter()
while len(times) < 5 or time.perf_counter() - begin < options.seconds:
    start = time.perf_counter()
    step()
    times.append(time.perf_counter() - start)
median = statistics.median(times)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(f"PyTorch {torch.__version__}, batch {options.batch}, width {options.width}, {options.threads} threads:"
      f" {median * 1e3:.2f} ms a step, {options.batch / median:.2f} images/s, {memory:.0f} MB")
