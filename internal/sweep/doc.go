// Package sweep trains grids of runs, on one machine or on many, and keeps what comes out.
//
// A [Specification] is that of a run, with lists; it expands to a [Plan]. [Open] gives the plan a folder, a [Queue] holds
// its runs on a NATS JetStream server (one in this process, or one elsewhere), a [Worker] takes runs from there and trains
// them, and [Folder.Run] puts what they came to into the folder, where each run is once. Everything that was acknowledged
// is on a disk: workers, the server and the sweep itself may be killed at any time, and the sweep goes on.
package sweep
