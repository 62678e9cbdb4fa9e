//go:build xla

package gomlx

// With the tag, the tests run on XLA where $GOMLX_BACKEND names it.
import _ "github.com/gomlx/go-xla/compute/xla"
