//go:build !amd64

package fourier

// step does a pass.
var step = portable
