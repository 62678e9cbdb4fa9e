package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// newBackend makes the backend that $GOMLX_BACKEND names, or GoMLX's default, once for all engines of the process: on
// a GPU it may take most of the memory.
var newBackend = sync.OnceValues(func() (compute.Backend, error) {
	config := os.Getenv(compute.ConfigEnvVar)
	if err := checkBackend(config, compute.List()); err != nil {
		return nil, err
	}
	if config == "" && slices.Contains(compute.List(), "xla") {
		config = "xla"
	}
	backend, err := compute.NewWithConfig(sequential(config))
	if err != nil {
		return nil, fmt.Errorf("gomlx: start the backend (chosen by $%s): %w", compute.ConfigEnvVar, err)
	}
	if backend.NumDevices() < 1 {
		return nil, fmt.Errorf("gomlx: backend %s finds no device", backend.Description())
	}
	return backend, nil
})

// kernels names a backend's arithmetic, without the folder that a plugin was loaded from.
func kernels(backend compute.Backend) string {
	name := "gomlx-" + backend.String()
	if with, ok := backend.(interface{ PluginName() string }); ok {
		name += "-" + strings.TrimSuffix(filepath.Base(with.PluginName()), ".so")
	}
	return name
}

// sequential has the Go backend run one operation after the other, each on all threads, unless its configuration says
// otherwise. By itself it runs several at a time, which wait forever for each other's threads where all are convolutions
// (GoMLX 0.28.8).
func sequential(config string) string {
	name, options, _ := strings.Cut(config, ":")
	switch {
	case name != "" && name != gobackend.BackendName || strings.Contains(options, "ops_"):
		return config
	case options != "":
		options += ","
	}
	return gobackend.BackendName + ":" + options + "ops_sequential"
}

// checkBackend says how to get a backend that a build does not have, where GoMLX would panic.
func checkBackend(config string, known []string) error {
	name, _, _ := strings.Cut(config, ":")
	if name == "" || slices.Contains(known, name) {
		return nil
	}
	err := fmt.Errorf("gomlx: $%s names backend %q, and this build has %s", compute.ConfigEnvVar, name,
		strings.Join(slices.Sorted(slices.Values(known)), ", "))
	if !slices.Contains(known, "xla") {
		err = fmt.Errorf("%w; XLA, for CUDA and TPU, is in builds with -tags xla, which need cgo", err)
	}
	return err
}
