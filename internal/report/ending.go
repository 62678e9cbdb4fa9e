package report

import (
	"fmt"
	"strings"

	"alrc/internal/words"
)

// each joins what is to say of single runs, with their seeds where there are several; "" stands for nothing to say.
func (g *Group) each(of func(*Run) string) string {
	var texts []string
	for _, run := range g.Runs {
		text := of(run)
		if text == "" {
			continue
		}
		if len(g.Runs) > 1 {
			text = fmt.Sprintf("seed %d %s", run.Seed, text)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// divergence names the runs that diverged, and where.
func (g *Group) divergence() string {
	text := g.each(func(run *Run) string {
		if !run.diverged() {
			return ""
		}
		text := "at step " + words.Count(run.result.DivergedStep)
		if run.result.DivergedReason != "" {
			text += " (" + run.result.DivergedReason
			if n := len(run.result.DivergedImages); n > 0 {
				text += "; images " + strings.Join(run.result.DivergedImages[:min(n, 4)], ", ")
			}
			text += ")"
		}
		return text
	})
	if text == "" {
		return ""
	}
	return fmt.Sprintf("Diverged %s: %s.", g.with(), text)
}

// death names the runs whose networks died: the layer, since which step, and what that means.
func (g *Group) death() string {
	text := g.each(func(run *Run) string {
		if run.result == nil || run.result.Dead == nil {
			return ""
		}
		return fmt.Sprintf("since step %s (layer %s)", words.Count(run.result.Dead.Step), run.result.Dead.Layer)
	})
	if text == "" {
		return ""
	}
	return fmt.Sprintf("Dead %s: %s. All activations of the layer are 0, so that what the network puts out does not depend on its"+
		" input. A lower learning rate or a warm-up may keep it alive.", g.with(), text)
}

// loss names the runs whose losses left their level for good, and stayed finite.
func (g *Group) loss() string {
	text := g.each(func(run *Run) string {
		if run.result == nil || run.result.Left() == 0 {
			return ""
		}
		return "at step " + words.Count(run.result.Left())
	})
	if text == "" {
		return ""
	}
	return fmt.Sprintf("Lost %s: %s. There the loss left its level, and it did not come back.", g.with(), text)
}
