"""The tables of performance.md, in Markdown, measured on this machine.

    go build -o alrc ./cmd/alrc
    python3 docs/performance/measure.py floor      # a step against what the processor cannot do faster
    python3 docs/performance/measure.py threads    # two threads, and two programs, against one
    python3 docs/performance/measure.py pytorch    # against PyTorch, where Python has it

Every number is the median of pairs of runs, one right after the other, with the range of the pairs where it is a ratio. A
row is WIDTH:BATCH of experiment 1's network; --rows picks some. Other work on the machine shows in the ranges.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

options = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
options.add_argument("table", choices=["floor", "threads", "pytorch"])
options.add_argument("--alrc", default="./alrc", help="the program to measure")
options.add_argument("--rows", default="1:1,1:4,1:16,1:64,0.25:1,0.25:4,0.25:16,0.125:1")
options.add_argument("--pairs", type=int, default=10)
options.add_argument("--seconds", type=float, default=1.0, help="of each run")
options.add_argument("--threads", type=int, default=2, help="of both programs, against PyTorch")
options.add_argument("--kernels", default="", help="kernel set of the floor's and the threads' table")
options.add_argument("--python", default=sys.executable, help="a Python that has PyTorch")
options = options.parse_args()
rows = [tuple(row.split(":")) for row in options.rows.split(",")]


def begin(width, batch, threads, kernels=options.kernels):
    """Start alrc bench."""
    command = [options.alrc, "bench", "--json", "--width", width, "--batch-size", batch, "--seconds", str(options.seconds)]
    command += ["--threads", str(threads)] + (["--kernels", kernels] if kernels else [])
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    """Wait for alrc bench, and return what it measured."""
    output, messages = process.communicate()
    if process.returncode:
        sys.exit(messages)
    return json.loads(output)["results"][0]


def bench(*arguments, **named):
    return finish(begin(*arguments, **named))


def pytorch(width, batch):
    """The same by PyTorch: images a second, and megabytes."""
    script = pathlib.Path(__file__).with_name("pytorch.py")
    run = subprocess.run([options.python, script, "--width", width, "--batch", batch, "--threads",
                          str(options.threads), "--seconds", str(options.seconds)], stdout=subprocess.PIPE, text=True, check=True)
    return [float(number) for number in re.search(r"([\d.]+) images/s.*?([\d.]+) MB", run.stdout, re.S).groups()]


def median(values):
    return f"{statistics.median(values):.3g}"


def spread(ratios):
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def line(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def heading(*cells):
    line(*cells)
    line(*["---"] * len(cells))


if options.table == "floor":
    heading("width", "batch size", "threads", "kernels", "ms a step", "floor, ms", "times the floor", "images/s", "memory, MB")
    for width, batch in rows:
        for threads in (1, 2):
            runs = [bench(width, batch, threads) for _ in range(options.pairs)]
            if threads > 1 and runs[0]["threads"] == 1:
                continue
            of = lambda key: [run[key] for run in runs]
            times = [run["ms_per_step"] / run["floor_ms"] for run in runs]
            line(width, batch, threads, options.kernels or "best", median(of("ms_per_step")), median(of("floor_ms")), spread(times),
                 median(of("images_per_s")), round(max(of("peak_memory_bytes")) / 1e6))
elif options.table == "threads":
    heading("width", "batch size", "one thread, images/s", "two threads", "ratio", "two programs of one thread, together", "ratio")
    for width, batch in rows:
        one, two, programs = [], [], []
        for _ in range(options.pairs):
            one.append(bench(width, batch, 1)["images_per_s"])
            two.append(bench(width, batch, 2)["images_per_s"])
            both = [begin(width, batch, 1), begin(width, batch, 1)]
            programs.append(sum(finish(process)["images_per_s"] for process in both))
        line(width, batch, median(one), median(two), spread([b / a for a, b in zip(one, two)]), median(programs),
             spread([b / a for a, b in zip(one, programs)]))
else:
    heading("width", "batch size", "alrc, images/s", "alrc, AVX2", "PyTorch", "ratio", "ratio of AVX2", "memory, MB", "of PyTorch")
    for width, batch in rows:
        best, avx2, torch, memory = [], [], [], []
        for _ in range(options.pairs):
            measured = bench(width, batch, options.threads, kernels="")
            best.append(measured["images_per_s"])
            avx2.append(bench(width, batch, options.threads, kernels="avx2")["images_per_s"])
            rate, held = pytorch(width, batch)
            torch.append(rate)
            memory.append((measured["peak_memory_bytes"] / 1e6, held))
        line(width, batch, median(best), median(avx2), median(torch), spread([a / b for a, b in zip(best, torch)]),
             spread([a / b for a, b in zip(avx2, torch)]), *[round(max(values)) for values in zip(*memory)])
