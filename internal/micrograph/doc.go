// Package micrograph is micrographs and the completion of partial scans of them: where micrographs come from, what a scan sees of
// one, examples to learn from, and what there is without a network to compare with. (Ede and Beanland 2020, experiment 3.)
//
// [OpenFiles] reads files and [NewProcedural] generates; both give images to train on and images for tests, each scaled to
// [-1, 1]. From there:
//
//	scan, err := micrograph.ParseScan("spiral", 0.05)         // or grid, lines, or the path of a mask image
//	examples, err := micrograph.NewExamples(train, scan, 256, seed, true)
//	loader, err := micrograph.NewLoader(examples, batchSize, stepsDone)
//	batch, err := loader.Next()                               // Inputs [N,S,S,2], Targets [N,S,S,1], HalfTargets
//
// Held-out crops are the same, of the images for tests and without symmetries, and read one at a time: [Examples.Read] gives
// the input, target and truth of position 0, 1, 2, ..., which depend on the seed and the position alone.
package micrograph
