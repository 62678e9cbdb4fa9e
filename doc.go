// Package alrc keeps the training of neural networks stable when losses spike. It is adaptive learning rate clipping
// (ALRC; Ede and Beanland, "Adaptive learning rate clipping stabilizes learning", Machine Learning: Science and
// Technology 1 015011, 2020, https://arxiv.org/abs/1906.09060).
//
// Training with small batches, losses of high order or high learning rates is upset by bad batches, whose losses are
// far above all others and whose gradients throw the weights. Clipping limits each loss to n standard deviations
// above the running mean of the losses,
//
//	sigma     = sqrt(mu2 - mu1^2 + 1e-8)
//	threshold = mu1 + n * sigma
//	scale     = 1                     where loss < threshold
//	            threshold / loss      otherwise, a constant that is not differentiated
//
// so that a spike still points the way that it did, and is a step of ordinary length. The running means are of the
// losses after limiting, and of their squares: an outlier does not lift the threshold for the next. Both are those
// from before the step, so the scale of a loss depends on no other loss of its batch.
//
// # Use
//
// [New], [NewTwoSided] and [NewConstant] make a [Clipper]. In every training step, give it the losses, one for each
// example, and multiply the gradient of each example by its scale; most libraries do that for the loss
// mean(scales[i] * losses[i]), the scales being constants. A clipper returns scales instead of limited losses because
// the limited loss, as a number, has no gradient: to train on it would drop the example.
//
//	clipper, err := alrc.New(alrc.Options{N: 2})
//	...
//	clipper.Step(losses, scales) // then multiply the gradient of example i by scales[i]
//
// Batches that come in parts, as micro-batches or in replicas, are scaled in parts by [Clipper.Scales], which changes
// nothing; their statistics are merged, and [Clipper.Observe] moves the clipper on once a step.
//
// A Clipper takes no lock and allocates nothing in a step. Scales may be called from several goroutines at once as
// long as none of them calls Observe, Step or Restore.
//
// # Variants
//
//   - [OneSided] is the method above.
//   - [TwoSided] (doubly adaptive, DALRC) keeps running mean distances of the losses above and below their running
//     mean instead of one sigma, and limits losses on both sides, or on one. It raises the gradients of low losses,
//     by a bounded factor, and only where the loss and the lower threshold are positive.
//   - [Constant] (CLRC) has a fixed threshold, and nothing adapts.
//
// # Which losses are legal
//
// All are. A loss that is NaN or infinite gets scale 0, is counted, and moves no moment; an example with scale 0 is to
// be left out of the backward pass, since 0 times infinity is NaN. Of losses beyond 1e150 in size the moments take
// 1e150. Losses of zero and negative ones have a rule of their own:
//
// The scale of every other loss is above 0 and at most 1, but for the low losses that two-sided clipping raises.
// Where loss and threshold are positive it is threshold / loss, and the loss is no lower than the threshold. That
// ratio says nothing where one of them is not positive. There [RuleAuto], the default, takes the ratio of the
// distances from the running mean, n*sigma / (loss - mu1): the loss is above the threshold, so its distance is more
// than n*sigma, which the 1e-8 keeps above 0. [RuleDistance] does so for all losses, and then nothing changes where
// a constant is added to the loss. Ratios too small for a number are made the smallest that there is, for a scale
// of 0 would lose the gradient of a finite loss.
//
// # Starting moments
//
// The paper starts from estimates, 25 and 30 squared ([Published]), and advises to guess too high: overestimates
// decay, in some thousands of steps in which less is clipped, but of underestimates the threshold is so low that the
// moments, being of limited losses, hardly rise again. With no estimate, the default, moments start by themselves:
//
//   - The first 20 steps with a finite loss are watched, and nothing in them is clipped.
//   - The moments are then the plain means of these steps, with a spike among them limited: each step's mean, and the
//     root of its mean square, to six times the distance from the median to the value that a fifth of the steps lie
//     beyond, on its side. So up to four steps, a fifth, may be spikes of any height; and skew losses, or those that
//     are 0 in most steps, keep the width that they have, which the median absolute deviation would call 0.
//   - From there on, the rate of the running means is (1-decay) * (1 + 2*decay^t) / (1 - decay^t) in step t, and
//     becomes 1-decay. That is about 3/t, under which the start is forgotten as 1/t^3. Bias correction as in Adam
//     would have 1/t, the mean of all losses since the first: of a loss that falls tenfold in its first hundreds of
//     steps it would remember the height for thousands.
//
// So the threshold is near the right one after two hundred steps where losses keep their distribution, whatever the
// first spikes were; it follows losses that fall; and losses that are 0 in most steps do not hold it down. (Where
// fewer than 1 in 1 + n^2 losses make up the spread, they are outliers by this method, whatever it starts from.)
//
// # Numbers
//
// Arithmetic is in float64, for losses in single precision too. Results are the same on all processors and do not
// depend on time or threads, and a saved and restored clipper goes on bit by bit as if it had not stopped. The
// variance mu2 - mu1^2 loses digits where losses vary little about a large mean: below a relative deviation of about
// 1e-8, sigma is noise, and 1e-4 where the variance rounds to nothing.
package alrc
