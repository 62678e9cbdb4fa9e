// Package fourier is the discrete Fourier transform of real images in double precision, on several threads.
package fourier
