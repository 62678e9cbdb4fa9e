package losslog

import "fmt"

// doubtful is a kind of reading that is often wrong: of 1,600 answers about logs that the program had never read, seven in ten of these
// kinds were wrong, and one in thirteen of the others.
type doubtful struct {
	name  string
	is    func(*evidence) bool
	since func(*evidence) string // why, and the flag that reads otherwise
	// asks says that hardly any was right, so that it is better to ask than to read on.
	asks bool
}

// doubtfuls are the kinds, the surest first. That nothing counts the losses is common in logs that are read rightly; with another
// sign of weakness beside it, it is not.
var doubtfuls = []doubtful{
	{name: "still", asks: true,
		is: func(e *evidence) bool { return e.still*2 > e.steps-1 && e.steps > 2 },
		since: func(e *evidence) string {
			return fmt.Sprintf("most losses are of the same %s as the one before, so that several runs or workers may tell them, or something else counts; "+
				"--where takes some of the records, --step-column names what counts", e.counterName())
		}},
	{name: "drawn again",
		is: func(e *evidence) bool { return e.drawnAgain },
		since: func(e *evidence) string {
			return "the number that counts the steps has no name, and stands still while losses come, so that a bar may be read that was drawn again; --step-column names what counts"
		}},
	{name: "uneven",
		is: func(e *evidence) bool {
			return e.leading && e.steps > 2 && (e.even*5 < (e.steps-1)*4 || e.beginsLate())
		},
		since: func(e *evidence) string {
			return fmt.Sprintf("the number that counts the steps, from %d to %d, only stands before the losses, and begins late or rises unevenly, so that it may be something else; "+
				"--step-column names what counts", e.begins, e.last)
		}},
	{name: "short",
		is: func(e *evidence) bool { return e.steps <= fewOfRun && e.log.read.Runs > 1 },
		since: func(e *evidence) string {
			return fmt.Sprintf("of the %d runs in the log the one that is read has hardly any records; --run N or --run all takes others", e.log.read.Runs)
		}},
	{name: "returns",
		is: func(e *evidence) bool {
			return e.returning > 0 && e.log.read.Superseded == 0 && (e.log.read.OtherRuns == 0 || e.uncounted)
		},
		since: func(e *evidence) string {
			return fmt.Sprintf("%s were there before, among others that were not, so that lines of something else may be read with the training's; "+
				"--lines WORD or --where takes some of them", plural(e.returning, "step"))
		}},
	{name: "results",
		is: func(e *evidence) bool { return e.uncounted && e.naming != "" },
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the records, and %q says of each what it is of, so that they may be results rather than the course of a training; "+
				"--where '%s=VALUE' takes some of them", e.naming, e.naming)
		}},
	{name: "validation",
		is: func(e *evidence) bool { return e.uncounted && e.ofValidation },
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the losses, and their name says that they are of a validation or test; %s names others", e.log.lossFlag())
		}},
	{name: "few",
		is: func(e *evidence) bool {
			return e.uncounted && e.steps <= fewUncounted && !e.inHistory && e.seems() != ""
		},
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the losses, of which there are few, and the file seems to be %s, so that they may be results; --step-column names what counts", e.seems())
		}},
	{name: "begins again",
		is: func(e *evidence) bool { return e.uncounted && e.comesBackOnce() },
		since: func(e *evidence) string {
			return "the loss is back at its beginning once, and nothing counts its steps, so that there may be two runs; --step-column names what counts"
		}},
	{name: "other lines",
		is: func(e *evidence) bool { return e.uncounted && e.otherLines },
		since: func(e *evidence) string {
			return fmt.Sprintf("nothing counts the losses, and lines of other kinds tell %q, too; --lines WORD takes those", e.log.source.Loss)
		}},
}

const (
	// fewUncounted is how many losses that nothing counts are few.
	fewUncounted = 12
	// fewOfRun is how many records of one of several runs are hardly any.
	fewOfRun = 2
)

// doubts says what there is to doubt in a reading. An error asks.
func (e *evidence) doubts() (doubts []string, err error) {
	for _, kind := range doubtfuls {
		if !kind.is(e) {
			continue
		}
		if kind.asks {
			return nil, fmt.Errorf("%s: %s", e.log.run.files[0].path, kind.since(e))
		}
		doubts = append(doubts, kind.since(e))
	}
	return doubts, nil
}
