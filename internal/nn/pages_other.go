//go:build !linux

package nn

// hugePages is for Linux, where it has to be asked for.
func hugePages([]float32) {}
