// Package sequence puts the losses of a log in order: [Rows], as readers find them in pieces of a file, go in, and steps with their
// losses come out, in a [Chunk].
//
// A [Sequencer] fills in steps that nothing counts, groups the losses of a batch, and leaves out what was written twice. Where the
// counter of steps goes back (turns.go), the run was resumed, or another one follows, or an epoch began. So do lines from before the
// first loss that come again (reopenings.go). Which of these it was is only known at the end, so that a log whose counter goes back is
// read twice: the first reading makes a [Plan] of which rows the second one takes.
//
// Nothing of this grows with the log, except by what is bounded.
package sequence
