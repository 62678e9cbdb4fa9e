package micrograph

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// defects measures what becomes of vacancies and of a dislocation in a noisy lattice: the mean brightness of sites, in units of an atom's,
// of atoms and vacancies whose site a spiral passed or did not, and the mean squared error within 20 pixels of the dislocation's
// core relative to that of the rest.
type defects struct{ passedAtom, passedVacancy, unseenAtom, unseenVacancy, core float64 }

func measureDefects(t testing.TB, m Method, coverage float64, images int) defects {
	const side, spacing, width, height, noise = 192, 11.0, 2.2, 0.8, 0.15
	var sums, counts [2][2]float64
	var core, coreCount, rest, restCount float64
	for image := range images {
		random := rand.New(rand.NewPCG(uint64(image), 9))
		clean, vacant := make([]float64, side*side), map[[2]int]bool{}
		coreX, coreY := 60+70*random.Float64(), 60+70*random.Float64()
		for j := -3; j < 20; j++ {
			for i := -3; i < 20; i++ {
				x, y := float64(i)*spacing, float64(j)*spacing
				// An edge dislocation: the lattice is shifted by the angle about its core.
				x += spacing * math.Atan2(y-coreY, x-coreX) / (2 * math.Pi)
				site := [2]int{int(math.Round(x)), int(math.Round(y))}
				inside := min(site[0], site[1]) >= 4 && max(site[0], site[1]) < side-4
				if inside && random.Float64() < 0.06 {
					vacant[site] = true
					continue
				}
				if inside {
					vacant[site] = false
				}
				for v := max(0, site[1]-9); v <= min(side-1, site[1]+9); v++ {
					for u := max(0, site[0]-9); u <= min(side-1, site[0]+9); u++ {
						clean[v*side+u] += height * math.Exp(-((float64(u)-x)*(float64(u)-x)+(float64(v)-y)*(float64(v)-y))/(2*width*width))
					}
				}
			}
		}
		truth, mask := make([]float32, side*side), make([]float32, side*side)
		for i, value := range clean {
			truth[i] = float32(value - 0.4 + noise*random.NormFloat64())
		}
		if err := (Scan{Kind: Spiral, Coverage: coverage, Seed: uint64(image)}).Mask(0, side, side, mask); err != nil {
			t.Fatal(err)
		}
		c, err := m.Complete(context.Background(), truth, mask, side, side)
		if err != nil {
			t.Fatal(err)
		}
		c.keep(truth, mask)
		for site, isVacant := range vacant {
			seen, kind, value := 0, 0, 0.0
			if isVacant {
				kind = 1
			}
			for v := -1; v <= 1; v++ {
				for u := -1; u <= 1; u++ {
					at := (site[1]+v)*side + site[0] + u
					value += (float64(c.Pixels[at]) + 0.4) / height / 9
					if mask[at] > 0 {
						seen++
					}
				}
			}
			passed := 1 // 0 where most of the site was seen, and what was seen in part counts for neither
			if seen > 4 {
				passed = 0
			} else if seen > 0 {
				continue
			}
			sums[passed][kind] += value
			counts[passed][kind]++
		}
		for i, value := range clean {
			e := value - 0.4 - float64(c.Pixels[i])
			if math.Hypot(float64(i%side)-coreX, float64(i/side)-coreY) < 20 {
				core, coreCount = core+e*e, coreCount+1
			} else {
				rest, restCount = rest+e*e, restCount+1
			}
		}
	}
	mean := func(passed, kind int) float64 { return sums[passed][kind] / max(1, counts[passed][kind]) }
	return defects{mean(0, 0), mean(0, 1), mean(1, 0), mean(1, 1), core / coreCount / (rest / restCount)}
}

// No atom is drawn where the scan passed a vacancy.
func TestVacanciesStay(t *testing.T) {
	d := measureDefects(t, Kriging(MethodOptions{}), 0.1, 2)
	if d.passedAtom < 0.6 || d.passedVacancy > 0.3*d.passedAtom {
		t.Errorf("where the scan passed, atoms have a brightness of %.2f and vacancies of %.2f", d.passedAtom, d.passedVacancy)
	}
}

// BenchmarkDefects is for docs/micrographs.md.
func BenchmarkDefects(b *testing.B) {
	for _, m := range []Method{Kriging(MethodOptions{}), Linear()} {
		for _, coverage := range []float64{0.05, 0.1} {
			b.Run(m.Name+"/"+Covering(coverage).String(), func(b *testing.B) {
				d := measureDefects(b, m, coverage, b.N)
				b.ReportMetric(d.passedAtom, "passed-atom")
				b.ReportMetric(d.passedVacancy, "passed-vacancy")
				b.ReportMetric(d.unseenAtom, "unseen-atom")
				b.ReportMetric(d.unseenVacancy, "unseen-vacancy")
				b.ReportMetric(d.core, "core-error")
			})
		}
	}
}
