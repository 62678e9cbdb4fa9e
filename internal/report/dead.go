package report

import (
	"fmt"
	"strings"

	"alrc/internal/words"
)

// death names the runs whose networks died: the layer, since which step, and what that means.
func (g *Group) death() string {
	var texts []string
	for _, run := range g.Runs {
		if run.result == nil || run.result.Dead == nil {
			continue
		}
		text := fmt.Sprintf("since step %s (layer %s)", words.Count(run.result.Dead.Step), run.result.Dead.Layer)
		if len(g.Runs) > 1 {
			text = fmt.Sprintf("seed %d %s", run.Seed, text)
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return ""
	}
	return fmt.Sprintf("Dead %s: %s. All activations of the layer are 0, so that what the network puts out does not depend on its"+
		" input. A lower learning rate or a warm-up may keep it alive.", g.with(), strings.Join(texts, "; "))
}
