// Package spike says what a spike is, and finds the spikes of a series of losses.
//
// Losses are judged against their neighbourhood: the 100 records before and the 100 after. A loss is a spike if it lies
// 8 or more robust standard deviations (1.4826 times the median absolute deviation) above the neighbourhood's median, and
// above what came just before it, so that no loss of a steep fall counts. One that lies 10 or more above the 201
// records before it is a spike at once. A loss that is not finite is a spike, too. Medians are neither moved by a spike
// nor by a loss of a heavy tail, so early spikes hide no later ones.
//
// Records count, not steps: a log of every 50th step is judged by the same rule as one of all of them.
//
// An [Episode] begins with a spike and lasts until the median of 9 losses is back within 2 deviations of the level from
// before, or for 200 records where the loss comes back after each of many spikes. Besides episodes, a [Summary] names what is
// not for clipping: levels that drop or rise and stay, a slow drift, a divergence, and losses that no longer change.
//
// [Find] judges losses that are there; a [Detector] judges them as they come, in bounded memory.
package spike
