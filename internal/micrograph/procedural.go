package micrograph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"

	"alrc/internal/random"
)

// Generated micrographs: their number, the largest number of bytes of them that are kept, and their smallest size.
const (
	proceduralTrainCount = 2000
	proceduralTestCount  = 200
	proceduralCacheBytes = 256 << 20
	proceduralSide       = 256
)

// proceduralVersion is part of the images' hash; it counts changes of what a seed gives.
const proceduralVersion = 1

// NewProcedural makes square micrographs of a seed, of at least side pixels and at least 256, like those of a scanning
// transmission electron microscope: columns of atoms in random lattices with vacancies, dopants, dislocations and grain
// boundaries; amorphous material; steps, particles and vacuum; drift and jitter of the scan; and the noise of electrons
// and detector. Dose is the mean number of electrons in a pixel of the brightest material, and 0 stands for one of 2 to
// 3,000 of each image's own.
//
// Training and test images come from disjoint streams of random numbers. Images are generated when they are first read; an
// image depends on the seed, its number, the size and the dose alone.
func NewProcedural(seed uint64, side int, dose float64) (train, test Images, err error) {
	if side < 1 || side > maxSide {
		return nil, nil, fmt.Errorf("generated micrographs of %d pixels: give 1 to %d", side, maxSide)
	}
	if dose != 0 && !(dose >= 0.01 && dose <= 1e6) {
		return nil, nil, fmt.Errorf("a dose of %v electrons a pixel: give 0.01 to 1e6, or 0 for one of each image's own", dose)
	}
	side = max(side, proceduralSide)
	source := func(name, prefix string, part uint64, count int) *procedural {
		p := &procedural{name: name, prefix: prefix, seed: seed, part: part, side: side, dose: dose}
		p.images = make([]atomic.Pointer[[]uint16], count)
		p.painters.New = func() any { return newPainter(side) }
		return p
	}
	return source("generated micrographs, for training", "procedural", 0, proceduralTrainCount),
		source("generated micrographs, for tests", "procedural-test", 1, proceduralTestCount), nil
}

type procedural struct {
	name, prefix string
	seed, part   uint64
	side         int
	dose         float64
	images       []atomic.Pointer[[]uint16]
	kept         atomic.Int64
	painters     sync.Pool
}

func (p *procedural) Len() int                     { return len(p.images) }
func (p *procedural) Size(int) (height, width int) { return p.side, p.side }
func (p *procedural) ID(i int) string              { return fmt.Sprintf("%s:%d", p.prefix, i) }
func (p *procedural) Name() string                 { return p.name }

// Hash is of what the images follow from, so that they need not all be generated first.
func (p *procedural) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "procedural micrographs version %d, seed %d, part %d, %d images of %dx%d, dose %v",
		proceduralVersion, p.seed, p.part, p.Len(), p.side, p.side, p.dose))
	return hex.EncodeToString(sum[:])
}

func (p *procedural) Crop(i, top, left, height, width int, pixels []float32) error {
	if i < 0 || i >= p.Len() {
		return fmt.Errorf("image %d of %d", i, p.Len())
	}
	if err := checkCrop(top, left, height, width, p.side, p.side, len(pixels)); err != nil {
		return err
	}
	levels := p.image(i)
	for y := range height {
		row := levels[(top+y)*p.side+left:][:width]
		for x, level := range row {
			pixels[y*width+x] = float32(level)/(1<<15) - 1
		}
	}
	return nil
}

// image returns image i in 65,536 levels, where 32,768 is 0.
func (p *procedural) image(i int) []uint16 {
	if levels := p.images[i].Load(); levels != nil {
		return *levels
	}
	painter := p.painters.Get().(*painter)
	painter.draws = random.New(random.Key(random.ForGeneration, p.seed, p.part, uint64(i)))
	painter.paint(p.dose)
	levels := make([]uint16, len(painter.canvas))
	for at, value := range painter.canvas {
		levels[at] = uint16(min((value+1)*(1<<15), 1<<16-1))
	}
	p.painters.Put(painter)
	if size := 2 * int64(len(levels)); p.kept.Add(size) <= proceduralCacheBytes {
		p.images[i].Store(&levels)
	} else {
		p.kept.Add(-size)
	}
	return levels
}
