// Package live serves what runs, sweeps and logs tell while they grow, to a page in a browser.
//
// The page and its parts are the files in page/, served as they are: page/index.html at /, and page/NAME at /page/NAME. The page
// asks for JSON, by GET alone:
//
//	/api/overview                            [Overview]: all runs and sweeps
//	/api/curve?run=ID                        [curve.Curve]: the losses of a run
//	    &loss=NAME                             which of its losses (default raw_loss)
//	    &from=STEP&to=STEP                     the range of steps (default all)
//	    &points=N                              most points (default 1000, at most 4000); steps are single ones where these suffice
//	    &smooth=STEPS                          steps to smooth over (default 0: by the run's length)
//	/api/step?run=ID&step=N&around=K         [Steps]: a step, K before and K after it (default 10, at most 200), and its examples
//	/api/picture?run=ID&step=N&image=M       the picture of an example, a PNG
//	/api/events?after=EVENT                  a stream of server-sent events
//
// What is wrong with a request is answered with a status of 4xx or 5xx and a [Problem].
//
// The stream has one kind of event, "update", whose data are an [Update] and whose id is the one to give as after: that of an
// [Overview] to begin with. EventSource sends the last id by itself when it reconnects. Where the server cannot go on from an
// id, since it was started anew or the page was away for long, the first update has Reset, and the page asks for everything
// again. Nothing is sent while nothing changes.
//
// Pages have the policy default-src 'none'; script-src, style-src, connect-src 'self'; img-src 'self' data: blob:, so that
// scripts and styles are files, styles set by scripts go through element.style, and nothing is loaded from elsewhere. A server
// that others reach wants a token, which the page need not know: the first request has it in its address, and a cookie from
// then on.
package live

import "alrc/internal/curve"

// Overview is all that is served, without the losses.
type Overview struct {
	// Event is the id after which [Update]s tell what changes from here on.
	Event string `json:"event"`
	// Title names what is served, and Program the program with its version.
	Title   string  `json:"title"`
	Program string  `json:"program"`
	Reading Reading `json:"reading"`
	// Runs are in the order in which they are to be shown. Small has a small curve of each, by its ID.
	Runs   []Run            `json:"runs"`
	Small  map[string]Small `json:"small"`
	Sweeps []Sweep          `json:"sweeps"`
	// Notes are sentences on what was left out.
	Notes []string `json:"notes,omitempty"`
}

// Reading is how much of what there is was read.
type Reading struct {
	Bytes int64 `json:"bytes"`
	Of    int64 `json:"of"`
}

// State is what a run is doing, in a word.
type State string

// The states of a run.
const (
	Waiting  State = "waiting"   // it was not begun
	Training State = "training"  // it goes on, or a log grows
	Silent   State = "silent"    // it should go on, and has told nothing for a while
	Stopped  State = "stopped"   // nobody trains it, and it is not done
	Done     State = "done"      // it has its result
	Diverged State = "diverged"  // its losses or weights are not finite any more, or left for good
	Dead     State = "dead"      // what the network puts out does not depend on its input
	SetAside State = "set aside" // a sweep gave it up after failures
)

// Run is a run, or a log of another program.
type Run struct {
	// ID is the same for as long as the run stays where it is, on any start of the server.
	ID string `json:"id"`
	// Name is what the run is called among those of its folder, and Folder the folder. Both are text.
	Name   string `json:"name"`
	Folder string `json:"folder"`
	// Kind is run or log.
	Kind string `json:"kind"`
	// Sweep is the ID of the sweep that the run is of, or "".
	Sweep string `json:"sweep,omitempty"`
	// Group is the same for runs that differ in their seed alone, and Color a small number that each group has of its own in its
	// folder; runs without clipping have 1, as in reports.
	Group string `json:"group"`
	Color int    `json:"color"`
	// Clip is the clipping, such as alrc:2; Clipping says it in words. Both are "" for logs.
	Clip     string  `json:"clip,omitempty"`
	Clipping string  `json:"clipping,omitempty"`
	Seed     *uint64 `json:"seed,omitempty"`
	// Settings are those in which the runs of its folder or sweep differ.
	Settings []Setting `json:"settings,omitempty"`

	State State `json:"state"`
	// Words say the state for people, such as "silent for 40 s" or "diverged at step 3,120".
	Words string `json:"words"`
	// Problem says what is wrong with its files; what could be read is there.
	Problem string `json:"problem,omitempty"`
	// Worker trains it, or did last, where a sweep tells.
	Worker string `json:"worker,omitempty"`
	// Step is how far it is, of Steps; 0 where not known.
	Step  int64 `json:"step"`
	Steps int64 `json:"steps,omitempty"`
	// Rate is the steps a second of late and Left the seconds that it will take yet;
	// null where not known.
	Rate Number `json:"rate"`
	Left Number `json:"left"`
	// Loss is the raw loss smoothed over the last steps, and TestLoss the last one of held-out examples.
	Loss     Number `json:"loss"`
	TestLoss Number `json:"test_loss"`
	// Episodes counts spike episodes, Clipped the losses clipped, and Bad the steps whose loss is not finite.
	Episodes int64 `json:"episodes"`
	Clipped  int64 `json:"clipped"`
	Bad      int64 `json:"bad"`
	// Losses names the losses that can be asked for, raw_loss first; none before the run has any.
	Losses []string `json:"losses,omitempty"`
	// Thinned says that the losses come thinned, from a worker or a sweep's folder, so that no single steps are known.
	Thinned bool `json:"thinned,omitempty"`
	// Reading is how much of its files was read.
	Reading Reading `json:"reading"`
}

// Number is a number with six digits in JSON, null where it is not known or not finite.
type Number = curve.Number

// Setting is a setting of a run.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Small is a curve of a few dozen points: the means of the raw losses between Step's.
type Small struct {
	Step []int64       `json:"step"`
	Mean curve.Numbers `json:"mean"`
}

// Sweep is a sweep's grid. Its cells are the runs that have its ID, whose Settings tell their place.
type Sweep struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Folder string `json:"folder"`
	// Axes are the settings in which runs differ, each with its values in the order of the plan.
	Axes []Axis `json:"axes"`
	// Live says that the sweep's server is up; else only results and what this machine trains are known.
	Live bool `json:"live"`
	// Done, Running, Waiting and SetAside count runs. Share is the part of the work that is done, and Left the seconds left.
	Done     int    `json:"done"`
	Running  int    `json:"running"`
	Waiting  int    `json:"waiting"`
	SetAside int    `json:"set_aside"`
	Share    Number `json:"share"`
	Left     Number `json:"left"`
	// Words say all this for people.
	Words string `json:"words"`
}

// Axis is a setting in which the runs of a sweep differ.
type Axis struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Update is what changed since the one before.
type Update struct {
	// Reset says that the page must ask for the overview and its curves again; nothing else is in the update then.
	Reset   bool     `json:"reset,omitempty"`
	Reading *Reading `json:"reading,omitempty"`
	// Runs and Sweeps are those that changed or are new, whole. An order of all IDs is there where runs came or went.
	Runs   []Run    `json:"runs,omitempty"`
	Sweeps []Sweep  `json:"sweeps,omitempty"`
	Order  []string `json:"order,omitempty"`
	// Points are new losses.
	Points []Points `json:"points,omitempty"`
}

// Points are losses that a run had since the last ones, thinned to a few points.
type Points struct {
	Run string `json:"run"`
	// Again says that the run's curves must be asked for anew: it went back, as one that is resumed, it was read in one go, or its
	// losses come thinned anew each time. There are no curves then.
	Again bool `json:"again,omitempty"`
	// Curves have the new points of each of the run's losses, without smoothing, and the episodes that began or changed.
	Curves []curve.Curve `json:"curves,omitempty"`
}

// Steps are a step and its neighbours.
type Steps struct {
	Run  string `json:"run"`
	Step int64  `json:"step"`
	// Columns names the numbers that a step has, and Rows are the steps, the step's number first.
	Columns []string        `json:"columns"`
	Rows    []curve.Numbers `json:"rows"`
	// Examples are those of the step that were clipped, raised or not finite, the largest losses first.
	Examples []Example `json:"examples"`
	// More counts those that are not listed.
	More int `json:"more,omitempty"`
	// Note says why no examples, or no pictures of them, are there.
	Note string `json:"note,omitempty"`
}

// Example is one of a step's training examples.
type Example struct {
	Image     int    `json:"image"`
	ID        string `json:"id"` // text: where it is from
	Loss      Number `json:"loss"`
	Threshold Number `json:"threshold"`
	Scale     Number `json:"scale"`
	// Picture is the address of its picture, "" where there is none.
	Picture string `json:"picture,omitempty"`
}

// Problem is what is wrong with a request, for people.
type Problem struct {
	Error string `json:"error"`
}
