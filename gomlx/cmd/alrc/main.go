// Command alrc is the command of module alrc with one engine more: alrc train --engine gomlx trains through GoMLX.
package main

import (
	"fmt"
	"os"
	"sync"

	"alrc/gomlx/internal/engine"
	"alrc/internal/cli"
	"alrc/internal/experiment"
	"alrc/internal/model"
	"alrc/internal/nn"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, gomlx))
}

var gomlx = experiment.EngineKind{Name: "gomlx", New: newEngine, Kernels: engine.Kernels}

var warn sync.Once

func newEngine(network model.Network, options nn.Options) (experiment.Engine, error) {
	e, err := engine.New(network, options)
	if err != nil {
		return nil, err
	}
	if e.Slow() {
		warn.Do(func() {
			fmt.Fprintln(os.Stderr, "GoMLX computes on its pure-Go backend, whose convolutions are very slow: --engine cpu is faster by"+
				" far.\nFor a GPU, build this command with -tags xla (docs/gomlx.md).")
		})
	}
	return e, nil
}
