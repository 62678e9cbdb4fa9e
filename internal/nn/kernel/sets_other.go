//go:build !amd64 && !arm64

package kernel

// sets are the kernel sets that the processor has, fastest first.
func sets() []*Set { return []*Set{portable()} }
