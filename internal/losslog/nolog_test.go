package losslog

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// numbered makes lines by a format with a number in it.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i+1)
	}
	return b.String()
}

const pythonSource = `#!/usr/bin/env python
import argparse
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, width=64, dropout=0.1):
        super().__init__()
        self.layer = nn.Linear(width, 10)

    def forward(self, x):
        return self.layer(x)

def train(model, loader, epochs=10):
    loss = 0.0
    best_loss = 1e9
    for epoch in range(epochs):
        for step, (x, y) in enumerate(loader):
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            if step % 100 == 0:
                print(f"epoch {epoch} step {step} loss {loss.item():.4f}")
    return best_loss

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--loss-weight", type=float, default=0.5)
    train(Model(), None)
`

// notLogs are files of other kinds, and a word of what is said of each.
var notLogs = map[string]struct{ text, says string }{
	"python": {pythonSource, "Python"},
	"c++": {"#include <cmath>\n#include <vector>\n\nnamespace net {\n\nstatic const float loss_scale = 128.0f;\n\n// The loss of a batch.\nfloat loss(const std::vector<float>& x) {\n" +
		"  float cost = 0.5f;\n  for (size_t i = 0; i < x.size(); ++i) {\n    cost += x[i] * x[i] / 2.0f;\n  }\n  return cost;\n}\n\n}  // namespace net\n", "source code"},
	"javascript": {"import { train } from './train.js';\n\nconst options = {\n  epochs: 10,\n  loss: 0.5,\n};\n\nexport function run(data) {\n  let loss = 1.5;\n  for (const x of data) {\n" +
		"    loss = loss * 0.9 + x * 0.1;\n  }\n  return loss;\n}\n\nrun([1, 2, 3]);\n", "source code"},
	"layers":       {numbered(20, "  (%[1]d): Block(\n    (drop): Dropout(p=0.1, inplace=False)\n    (fc): Linear(in_features=8, out_features=8)\n  )\n") + "  (out): Dropout(p=0.0, inplace=False)\n", "no loss"},
	"shares":       {numbered(40, "INFO - Loaded 812 samples\nINFO - %[1]d/100=0.%[1]02d\nINFO - Took 4.5 seconds\n"), "no loss"},
	"shell":        {"#!/bin/bash\n#SBATCH --time=24:00:00\n#SBATCH --gres=gpu:1\nexport LR=0.001\nmodule load cuda\npython train.py \\\n  --lr 0.001 \\\n  --loss-weight 0.5 \\\n  --epochs 10\n", "shell"},
	"yaml":         {"model:\n  name: unet\n  width: 64\ntrain:\n  loss:\n    mse: 1.0\n    l1: 0.5\n  lr: 1e-3\n  epochs: 100\ndata:\n  root: /data\n  batch_size: 16\n", "settings"},
	"toml":         {"title = \"run\"\n\n[train]\nlr = 0.001\nepochs = 10\nloss_weight = 0.5\ncost = 1.5\n\n[model]\nwidth = 64\n", "settings"},
	"ini":          {"[DEFAULT]\nseed = 1\n\n[loss]\ngan = 0.1\npixel = 1.0\n\n[train]\nlr = 0.1\n", "settings"},
	"args":         {"{\n  \"lr\": 0.001,\n  \"epochs\": 10,\n  \"loss\": \"mse\",\n  \"loss_gamma\": 2.0,\n  \"betas\": [0.9, 0.999]\n}\n", "settings"},
	"requirements": {"torch==2.1.0\nnumpy>=1.24\ntqdm\nscipy==1.11.4\nPyYAML~=6.0\n", "packages"},
	"readme": {"# A network\n\n[![CI](https://example.org/ci.svg)](https://example.org)\n\nTrain it with\n\n```\npython train.py --lr 0.001\n```\n\nThe loss is 0.25 after 10 epochs.\n\n" +
		"## Results\n\nSee [the paper](https://example.org/paper).\n\n- accuracy: 93.1\n- loss: 0.21\n", "document"},
	"html":  {"<!DOCTYPE html>\n<html>\n<head><title>loss: 0.5</title></head>\n<body>\n<p>loss: 0.5</p>\n<p>loss: 0.4</p>\n</body>\n</html>\n", "HTML"},
	"xml":   {"<?xml version=\"1.0\"?>\n<annotation>\n<size>640</size>\n<loss>0.5</loss>\n</annotation>\n", "XML"},
	"patch": {"diff --git a/train.py b/train.py\nindex 83db48f..bf2a3c1 100644\n--- a/train.py\n+++ b/train.py\n@@ -1,4 +1,4 @@\n import torch\n-loss = 0.5\n+loss = 0.25\n lr = 0.1\n", "patch"},
	"sql":   {"CREATE TABLE runs (\n  id INTEGER PRIMARY KEY,\n  loss REAL\n);\nINSERT INTO runs VALUES (1, 0.5);\nINSERT INTO runs VALUES (2, 0.4);\nINSERT INTO runs VALUES (3, 0.3);\n", "SQL"},
	"trace": {"Loading data 10 %\nTraceback (most recent call last):\n  File \"train.py\", line 10, in <module>\n    train(lr=0.1)\n  File \"train.py\", line 5, in train\n" +
		"    loss = step(0.5)\nKeyError: 'loss'\n", "KeyError: 'loss'"},
	"pip": {"Collecting torch==2.1.0\n  Downloading torch-2.1.0.whl (670.2 MB)\nCollecting numpy\n  Downloading numpy-1.26.whl (18.2 MB)\n" +
		"Installing collected packages: numpy, torch\nSuccessfully installed numpy-1.26 torch-2.1.0\n", "installation"},
	"summary": {"Layer (type:depth-idx)         Output Shape       Param #\n==================================================\nNet                            [8]                --\n" +
		numbered(6, "├─Conv2d: 1-%[1]d                  [8, 16, 32, 32]    2,32%[1]d\n") + "├─CrossEntropyLoss: 1-7          [8]                --\n==================================================\nTotal params: 13,941\n", "summary"},
	"layer types": {"Model: \"net\"\n____________________________________________________\n Layer (type)          Output Shape         Param #\n====================================================\n" +
		numbered(6, " conv_%[1]d (Conv2D)       (None, 32, 32, 16)   46%[1]d\n") + " loss (LossLayer)      (None, 1)            0\n====================================================\nTotal params: 2,785 (10.88 KB)\n", "summary"},
	"objects":     {"6\t17480\t1755281438000000000\t/a/b.o\t1f\n10\t31022\t1755281438000000000\t/a/c.o\t2e\n8\t36427\t1755281438000000000\t/a/d.o\t3c\n", "rows of numbers"},
	"queues":      {"episode,reward_mean,delay_mean\n" + numbered(20, "%[1]d,-2.%[1]d,0.0%[1]d31\n"), "no loss"},
	"detections":  {strings.Repeat(" Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.429\n Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.463\n", 4), "no loss"},
	"houses":      {"Id,LotArea,Neighborhood,YearBuilt,SalePrice\n" + numbered(40, "%[1]d,8%02[1]d.5,Mill,19%02[1]d,2%[1]d50.25\n"), "table of data"},
	"costs":       {"age,sex,bmi,smoker,cost\n" + numbered(40, "3%[1]d,f,2%[1]d.4,no,1%[1]d.25\n"), "table of data"},
	"prices":      {"Date,Close\n" + numbered(28, "2020-01-%02[1]d,10%[1]d.25\n"), "table of data"},
	"vectors":     {numbered(60, "word%[1]d 0.%[1]d -0.25 0.125 1.%[1]d 0.5 0.75 0.1 0.2 0.3 0.4\n"), "rows of numbers"},
	"vocabulary":  {strings.NewReplacer("1", "a", "2", "b", "3", "c", "4", "d").Replace(numbered(60, "tok%[1]d\n")), "words"},
	"counts":      {numbered(60, "loss%[1]d %[1]d\n"), "words"},
	"tokenizer":   {"{\"version\": \"1.0\", \"added_tokens\": [{\"id\": 0, \"content\": \"<s>\"}], \"model\": {\"vocab\": {\"loss\": 1, \"a\": 2}, \"merges\": []}}\n", "tokenizer"},
	"predictions": {"id,loss\n4,2110.5\n7,1911.25\n9,2412.5\n12,1731.75\n21,2050.5\n22,1843.25\n30,2231.5\n41,1620.25\n", "results"},
	"texts":       {numbered(30, "{\"instruction\": \"Say what the number %[1]d is good for in daily life.\", \"output\": \"It is a number that people use to count the things they have.\", \"id\": %[1]d}\n"), "data set of texts"},
	"png":         {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image"},
	"pickle":      {"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x04loss\x94G?\xe0\x00\x00\x00\x00\x00\x00s.", "pickle"},
	"weights":     {string(binary.LittleEndian.AppendUint64(nil, 40)) + `{"weight":{"dtype":"F32","shape":[1]}}  ` + "\x00\x00\x80\x3f", "safetensors"},
	"checkpoint":  {"PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00archive/data.pkl\x80\x02}", "checkpoint"},
	"sheet":       {"PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x13\x00\x00\x00[Content_Types].xml xl/workbook.xml", "spreadsheet"},
}

// What is no log is called what it is, whatever its name, and nothing is asked.
func TestFilesThatAreNoLogs(t *testing.T) {
	for name, file := range notLogs {
		t.Run(name, func(t *testing.T) {
			got := outcomeOf(write(t, "log", file.text))
			if got.refused == "" || !strings.Contains(got.refused, file.says) || !strings.Contains(got.refused, "holds no") {
				t.Errorf("read as %+v", got)
			}
		})
	}
}

// Logs may hold what makes other files, before the losses, after them and between.
func TestLogsWithOtherTexts(t *testing.T) {
	losses := numbered(12, "step %[1]d: loss 0.%[1]d5\n")
	few := "epoch 1: loss 0.5\nepoch 2: loss 0.4\nepoch 3: loss 0.45\n"
	for name, text := range map[string]string{
		"settings before":     notLogs["yaml"].text + losses,
		"source before":       pythonSource + losses,
		"installation before": notLogs["pip"].text + few,
		"summary before":      notLogs["summary"].text + few,
		"error behind":        few + notLogs["trace"].text,
		"a table of costs":    "iteration,cost\n" + numbered(12, "%[1]d,1.%[1]d5\n"),
		"results":             "epoch,box,loss,note\n" + numbered(12, "%[1]d,0.5,1.%[1]d5,fine\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if got := outcomeOf(write(t, "log", text)); got.losses < 3 || got.last != int64(got.losses) {
				t.Errorf("read as %+v", got)
			}
		})
	}
}

// Of a folder's files those that hold no losses are no runs.
func TestOneLogOfAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"args.json": notLogs["args"].text, "requirements.txt": notLogs["requirements"].text,
		"notes.txt": notLogs["readme"].text, "out.log": numbered(12, "step %[1]d: loss 0.%[1]d5\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	source, err := read(Options{Inputs: []string{dir}}, func(int64, []float64) {})
	if err != nil || source.Records != 12 || !strings.Contains(strings.Join(source.Notes, " "), "out.log") {
		t.Fatalf("read as %+v: %v", source, err)
	}
	if err := os.Remove(filepath.Join(dir, "out.log")); err != nil {
		t.Fatal(err)
	}
	if _, err := read(Options{Inputs: []string{dir}}, func(int64, []float64) {}); err == nil || !strings.Contains(err.Error(), "none of 3 files holds losses") {
		t.Errorf("a folder without a log: %v", err)
	}
}
