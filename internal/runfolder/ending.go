package runfolder

import "alrc/internal/words"

// Fate is how a run ended, in a word.
type Fate string

const (
	// Sound: nothing went wrong.
	Sound Fate = "done"
	// Diverged: its losses or weights were no numbers any more.
	Diverged Fate = "diverged"
	// IsDead: its output depends on its input no longer.
	IsDead Fate = "dead"
	// Lost: its loss left its level for good, and stayed finite.
	Lost Fate = "lost"
)

// Fate returns how the run ended.
func (r *Result) Fate() Fate {
	switch {
	case r.Diverged:
		return Diverged
	case r.Dead != nil:
		return IsDead
	case r.Left() > 0:
		return Lost
	}
	return Sound
}

// Ending says in a few words how a run went wrong; it is "" for one that is sound.
func (r *Result) Ending() string {
	switch r.Fate() {
	case Diverged:
		text := "diverged at step " + words.Count(r.DivergedStep)
		if r.DivergedReason != "" {
			text += " (" + r.DivergedReason + ")"
		}
		return text
	case IsDead:
		return "dead since step " + words.Count(r.Dead.Step) + " (layer " + r.Dead.Layer + ")"
	case Lost:
		return "left its level at step " + words.Count(r.Left()) + " and did not come back"
	}
	return ""
}

// Left is the step at which the loss left its level for good and stayed finite; 0 if it did not.
func (r *Result) Left() int64 {
	if r.Stability == nil || r.Diverged {
		return 0
	}
	return r.Stability.LeftStep
}
