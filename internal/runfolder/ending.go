package runfolder

import "alrc/internal/words"

// Ending says in a few words how a run went wrong; it is "" for one that is sound.
func (r *Result) Ending() string {
	switch {
	case r.Diverged && r.DivergedReason != "":
		return "diverged at step " + words.Count(r.DivergedStep) + " (" + r.DivergedReason + ")"
	case r.Diverged:
		return "diverged at step " + words.Count(r.DivergedStep)
	case r.Dead != nil:
		return "dead since step " + words.Count(r.Dead.Step) + " (layer " + r.Dead.Layer + ")"
	case r.Left() > 0:
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
