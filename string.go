package alrc

import (
	"fmt"
	"math"
	"strings"
)

// String describes the clipper on one line, for logs: its settings, steps, thresholds and counters.
func (c *core) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s clipping (%s) after %d step%s: ", c.variant, c.settings, c.counts.Steps, map[bool]string{false: "s"}[c.counts.Steps == 1])
	limits := c.Limits()
	switch low, high := !math.IsInf(limits.Lower, -1), !math.IsInf(limits.Upper, 1); {
	case low && high:
		fmt.Fprintf(&b, "thresholds %.4g and %.4g", limits.Lower, limits.Upper)
	case low:
		fmt.Fprintf(&b, "lower threshold %.4g", limits.Lower)
	case high:
		fmt.Fprintf(&b, "threshold %.4g", limits.Upper)
	case c.moments.starting():
		b.WriteString("no threshold yet")
	default:
		b.WriteString("no threshold")
	}
	fmt.Fprintf(&b, ", %d of %d losses clipped", c.counts.Clipped, c.counts.Losses)
	if c.counts.Raised > 0 {
		fmt.Fprintf(&b, ", %d raised", c.counts.Raised)
	}
	if c.counts.NonFinite > 0 {
		fmt.Fprintf(&b, ", %d not finite", c.counts.NonFinite)
	}
	return b.String()
}
