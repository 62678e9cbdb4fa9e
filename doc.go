// Package alrc keeps the training of neural networks stable when losses spike. It is adaptive learning rate clipping
// (ALRC; Ede and Beanland, "Adaptive learning rate clipping stabilizes learning", Machine Learning: Science and
// Technology 1 015011, 2020, https://arxiv.org/abs/1906.09060).
//
// A bad batch has a loss far above all others, and its gradient throws the weights. That happens with small batches,
// losses of high order and high learning rates. Clipping limits each loss to n standard deviations above the running
// mean of the losses:
//
//	sigma     = sqrt(mu2 - mu1^2 + 1e-8)
//	threshold = mu1 + n * sigma
//	scale     = 1                     where loss <= threshold
//	            threshold / loss      otherwise; a constant that is not differentiated
//
// The gradient of each example is multiplied by its scale. So a spike still points the way it did, but becomes a step
// of ordinary length. mu1 and mu2 are the running means of the losses and of their squares, both after
// limiting, so that an outlier does not lift the next threshold. A step uses those from before it: the scale of a loss
// depends on no other loss of its batch.
//
// # Use
//
// Make a clipper once. In every training step give it the losses, one for each example, and multiply the gradient of
// each example by its scale:
//
//	clipper, err := alrc.New(alrc.Options{N: 2})
//	...
//	clipper.Step(losses, scales) // then multiply the gradient of example i by scales[i]
//
// In most libraries that means training on the mean of scales[i] * losses[i], with the scales as constants. A clipper
// returns scales instead of limited losses because a limited loss, as a number, has no gradient: training on it would
// drop the example.
//
// A batch may come in parts, as micro-batches or in replicas. [Clipper.Scales] scales a part and changes nothing;
// [Statistics.Merge] puts the parts' statistics together, and [Clipper.Observe] moves the clipper on once a step.
// Statistics keep every bit in JSON.
//
// [Clipper.State] is what a checkpoint needs. Options are not in it: make the clipper with the same ones, and
// [Clipper.Restore] the state.
//
// A clipper takes no lock and allocates nothing in a step. Scales may be called from several goroutines at once as
// long as none of them calls Observe, Step or Restore.
//
// # Variants
//
//   - [OneSided] is the method above. Begin with it.
//   - [TwoSided] limits losses below the running mean too, and keeps a mean distance for each side instead of one
//     sigma. It raises the gradients of low losses, by a bounded factor.
//   - [Constant] has a fixed threshold, and nothing adapts.
//
// # Which losses are legal
//
// All are.
//
// A loss that is NaN or infinite gets scale 0, is counted, and does not move the running means. Leave an example with
// scale 0 out of the backward pass, since 0 times infinity is NaN. Every other loss has a scale above 0: a ratio that
// would underflow becomes the smallest positive number, since a scale of 0 would lose the gradient of a finite loss.
//
// Losses of zero, and negative ones, are legal. The ratio threshold / loss has no meaning where the loss or the
// threshold is not positive. There [RuleAuto], the default, takes the ratio of the distances from the running mean,
// n*sigma / (loss - mu1), which is above 0 and below 1 for a loss above the threshold. [RuleDistance] does so for all
// losses; then adding a constant to the loss changes nothing. Two-sided clipping raises a low loss only
// where it and the lower threshold are positive.
//
// The running means take a loss beyond [LargestLoss] in size as LargestLoss.
//
// # Starting moments
//
// Without [Options.Moments], the default, the running means start by themselves:
//
//   - The clipper watches the first 20 steps with a finite loss ([StartSteps]) and clips nothing in them.
//   - The running means are then the plain means of these steps, with spikes among them limited: each step's mean, and
//     the root of its mean square, lies at most six times as far from the steps' median ([StartReach]) as the value
//     beyond which a fifth of them lie on its side ([StartBeyond]). So up to four of the steps may be spikes of any
//     height. Skewed losses, and those that are 0 in most steps, keep their width, which the median absolute
//     deviation would call 0.
//   - From there on, step t moves the running means by the rate (1-decay) * (1 + 2*decay^t) / (1 - decay^t), which becomes
//     1-decay. It begins as about 3/t, under which the start is forgotten as 1/t^3 ([StartForgetting]). Bias correction
//     as in Adam has the rate 1/t, which gives the mean of all losses since the first: where the loss falls tenfold in
//     the first few hundred steps, it would remember the high start for thousands.
//
// The threshold is near the right one after two hundred steps where losses keep their distribution, whatever the first
// spikes were, and it follows losses that fall. (Where fewer than 1 in 1 + n^2 losses make up the spread, they are
// outliers by this method, whatever it starts from.)
//
// The paper starts from estimates instead, 25 and 30 squared ([Published]), and advises to guess too high.
// Overestimates decay, in some thousands of steps in which less is clipped. Underestimates make the threshold so low
// that the running means, being of limited losses, hardly rise again.
//
// # Numbers
//
// Arithmetic is in float64, for losses in single precision too. Results are the same on all processors and depend on
// neither time nor threads, and a restored clipper goes on bit by bit as the one that was saved. The variance
// mu2 - mu1^2 loses digits where losses vary little about a large mean: below a relative deviation of about 1e-8,
// sigma is noise, and [SmallestSpread] where the variance rounds to nothing.
package alrc
