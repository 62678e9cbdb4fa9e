package live

import "slices"

// colors numbers groups of runs, in the order in which they come.
type colors struct {
	groups    []string
	unclipped []string
}

func newColors() *colors { return &colors{} }

// group returns the name of the group of a run: that of its settings but for the seed.
func (c *colors) group(settings []Setting, clip string) string {
	var parts []string
	for _, s := range settings {
		if s.Name != "seed" {
			parts = append(parts, s.Name, s.Value)
		}
	}
	group := hashID(parts...)
	if !slices.Contains(c.groups, group) {
		c.groups = append(c.groups, group)
		if clip == "none" {
			c.unclipped = append(c.unclipped, group)
		}
	}
	return group
}

// of returns a group's number: that of a single group without clipping is 1, as in reports.
func (c *colors) of(group string) int {
	i := slices.Index(c.groups, group)
	if len(c.unclipped) != 1 {
		return i
	}
	none := slices.Index(c.groups, c.unclipped[0])
	switch {
	case i == none:
		return 1
	case i > none:
		i--
	}
	if i >= 1 {
		i++
	}
	return i
}
