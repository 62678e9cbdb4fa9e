package micrograph

import "fmt"

// Scanned is a network that knows how the crops were scanned that it was trained on: by spirals, a grid or lines, and how much
// they saw; or by the mask image of a path, with no coverage.
type Scanned interface {
	Scanned() (mask string, coverage Coverage)
}

// Mismatch says in what a scan is unlike those that a network was trained on: how much it sees, by more than a quarter, or pixels
// that were seen wholly or not at all, where the network knows fractions. It is "" where nothing is, and without a network.
//
// A network learns how bright the product of image and mask is, so at another coverage it is off by far more than interpolation.
func (m Method) Mismatch(p *Partial) string {
	const slack = 1.25
	if m.scanned == nil {
		return ""
	}
	mask, coverage := m.scanned.Scanned()
	if coverage.IsZero() {
		return ""
	}
	if seen := p.Coverage(); seen < coverage.Least/slack || seen > coverage.Most*slack {
		return fmt.Sprintf("the network was trained on scans that see %s of the image, and this one sees %.3g %%", percent(coverage), 100*seen)
	}
	for _, m := range p.Mask {
		if m > 0 && m < 1 {
			return ""
		}
	}
	return fmt.Sprintf("the network was trained on scans of kind %s, which see parts of pixels, and this one sees pixels wholly or not at all", mask)
}

func percent(c Coverage) string {
	if c.IsRange() {
		return fmt.Sprintf("%.3g to %.3g %%", 100*c.Least, 100*c.Most)
	}
	return fmt.Sprintf("%.3g %%", 100*c.Least)
}
