//go:build xla

package main

// XLA, which needs cgo. It installs its plugins by itself; $GOMLX_NO_AUTO_INSTALL forbids that.
import _ "github.com/gomlx/go-xla/compute/xla/autoinstall"
