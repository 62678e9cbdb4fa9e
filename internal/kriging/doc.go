// Package kriging completes partial scans without training: what was not seen is estimated as the mean of a Gaussian field, given
// the pixels that were seen, whose covariance and noise are estimated from the scan itself. (Simple kriging, as in Chilès and
// Delfiner 2012, Geostatistics, chapter 3, with the field's covariance from all pairs of seen pixels.)
//
// [Complete] estimates images of any size; large ones are estimated in tiles that overlap, each with a covariance of its own. A
// tile's estimate is a [field]: its background is smoothed away, the covariance is that of what is left (covariance.go), the
// estimate is a linear system that conjugate gradients solve (solve.go), and rounds of stochastic expectation and
// maximisation improve the covariance (Celeux and Diebolt 1985): a sample of the field, given the scan, has no holes, so its
// covariance is easily had.
//
// All is in double precision. Results depend on neither the number of threads nor on what else is completed.
package kriging
