"""Makes published_completer.safetensors: the published completer, reduced, computed by PyTorch in float64.

The network is written here from its description alone (model.PublishedCompleter): weight normalisation, its
data-dependent initialisation, and mean-only batch normalisation. Run in this folder: python3 published_completer.py
"""

import json
import struct

import numpy as np
import torch
import torch.nn.functional as F

WIDTH, SIDE, BATCH = 0.03, 64, 2
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


def channels(full):
    return max(4, int(full * WIDTH))


class Layer(torch.nn.Module):
    """A convolution, or a transposed one, with weight normalisation and mean-only batch normalisation."""

    def __init__(self, inputs, full, kernel=3, stride=1, slope=0.01, up=False, normalized=True, outputs=None):
        super().__init__()
        outputs = outputs or channels(full)
        self.stride, self.slope, self.up, self.normalized = stride, slope, up, normalized
        self.v = torch.nn.Parameter(0.05 * torch.randn(outputs, inputs, kernel, kernel))
        self.b = torch.nn.Parameter(torch.zeros(outputs))
        if normalized:
            self.g = torch.nn.Parameter(torch.ones(outputs))
        self.running = torch.zeros(outputs)
        self.calibrating = self.applying = False

    def forward(self, x):
        w = self.v
        if self.normalized:
            w = (self.g / self.v.flatten(1).norm(dim=1)).view(-1, 1, 1, 1) * self.v
        if self.calibrating and self.normalized:
            with torch.no_grad():
                self.g[:] = 1
                w = (self.g / self.v.flatten(1).norm(dim=1)).view(-1, 1, 1, 1) * self.v
                t = self.convolve(x, w)
                m, s = t.mean((0, 2, 3)), torch.sqrt(t.var((0, 2, 3), unbiased=False) + 1e-8)
                self.g[:] = 1 / s
                if self.up:
                    self.running = m / s
                else:
                    self.b[:] = -m / s
                return self.activate((t - m.view(1, -1, 1, 1)) / s.view(1, -1, 1, 1))
        t = self.convolve(x, w)
        if self.up:
            if self.applying:
                m = self.running
            else:
                m = t.mean((0, 2, 3))
                self.running = 0.99 * self.running + 0.01 * m.detach()
            t = t - m.view(1, -1, 1, 1)
        return self.activate(t + self.b.view(1, -1, 1, 1))

    def convolve(self, x, w):
        reach = w.shape[-1] // 2
        if self.up:
            return F.conv_transpose2d(x, w.transpose(0, 1), stride=2, padding=reach, output_padding=1)
        # Output pixel i is centred on input pixel stride * i.
        return F.conv2d(x, w, stride=self.stride, padding=reach)

    def activate(self, x):
        return x if self.slope == 1 else F.leaky_relu(x, self.slope)


names, layers = [], {}


def layer(name, *args, **kwargs):
    names.append(name)
    layers[name] = Layer(*args, **kwargs)
    return layers[name]


layer("inner.first", 2, 64, kernel=5, slope=0.1, normalized=False)
inputs = channels(64)
for i, full in enumerate([128, 256, 512, 768]):
    layer(f"inner.down{i}", inputs, full, stride=2)
    inputs = channels(full)
for j in range(3):
    layer(f"inner.block0.{j}", inputs, 768)
for i, full in enumerate([512, 256, 128, 64]):
    layer(f"inner.up{i}", inputs, full, up=True)
    inputs = channels(full)
layer("trainer.0", inputs, 64)
layer("trainer.1", channels(64), None, slope=1, outputs=1)
layer("outer.first", 2, 32, kernel=5, slope=0.1)
layer("outer.down", channels(32), 64, stride=2, slope=0.1)
for j in range(3):
    layer(f"outer.block0.{j}", channels(64), 64)
layer("outer.up", channels(64), 32, up=True)
layer("outer.narrow", channels(32), 32)
layer("outer.last", channels(32), None, slope=1, outputs=1)


def network(x):
    def run(name, x):
        return layers[name](x)

    def block(network, x):
        y = x
        for j in range(3):
            y = run(f"{network}.block0.{j}", y)
        return x + y

    y = F.interpolate(x, size=(SIDE // 2, SIDE // 2), mode="bilinear", align_corners=True)
    y = run("inner.first", y)
    for i in range(4):
        y = run(f"inner.down{i}", y)
    y = block("inner", y)
    for i in range(4):
        y = run(f"inner.up{i}", y)
    half = run("trainer.1", run("trainer.0", y))
    z = run("outer.down", run("outer.first", x)) + y
    z = block("outer", z)
    return run("outer.last", run("outer.narrow", run("outer.up", z))), half


def quantized(x):
    """Values that float32 holds exactly."""
    return x.float().double()


tensors = {}


def keep(name, value):
    tensors[name] = value.detach().float().numpy().copy()


def images(x):
    return x.permute(0, 2, 3, 1).contiguous()


with torch.no_grad():
    for name in names:
        layers[name].v[:] = quantized(layers[name].v)
for name in names:
    keep(f"start/{name}.weight" + ("_v" if layers[name].normalized else ""), layers[name].v)
mask = (torch.rand(BATCH, 1, SIDE, SIDE) < 0.3).double()
noise = quantized(torch.rand(BATCH, 1, SIDE, SIDE) * 1.6 - 0.8) * mask
calibrating = torch.cat([noise, mask], 1)
keep("calibration", images(calibrating))
for name in names:
    layers[name].calibrating = True
with torch.no_grad():
    network(calibrating)
for name in names:
    layers[name].calibrating = False
    if layers[name].normalized:
        keep(f"calibrated/{name}.weight_g", layers[name].g)
    keep(f"calibrated/{name}.bias", layers[name].b)
    if layers[name].up:
        keep(f"calibrated/{name}.running_mean", layers[name].running)
x = torch.cat([quantized(torch.rand(BATCH, 1, SIDE, SIDE) * 2 - 1) * mask, mask], 1)
targets = [quantized(torch.rand(BATCH, 1, s, s) * 2 - 1) for s in (SIDE, SIDE // 2)]
keep("inputs", images(x))
outputs = network(x)
loss = sum(((o - t) ** 2).mean() for o, t in zip(outputs, targets))
loss.backward()
for i in range(2):
    keep(f"targets.{i}", images(targets[i]))
    keep(f"outputs.{i}", images(outputs[i]))
for name in names:
    part = layers[name]
    keep(f"gradient/{name}.weight" + ("_v" if part.normalized else ""), part.v.grad)
    keep(f"gradient/{name}.bias", part.b.grad)
    if part.normalized:
        keep(f"gradient/{name}.weight_g", part.g.grad)
    if part.up:
        keep(f"stepped/{name}.running_mean", part.running)
    part.applying = True
with torch.no_grad():
    for i, o in enumerate(network(x)):
        keep(f"applied.{i}", images(o))

header, data, place = {}, [], 0
for name, value in tensors.items():
    content = np.ascontiguousarray(value, "<f4").tobytes()
    header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [place, place + len(content)]}
    data.append(content)
    place += len(content)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("published_completer.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + b"".join(data))
