package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"

	"alrc/internal/random"
)

// Generated images: their number, and the largest number of bytes of them that are kept. As many images as a part of
// CIFAR-10 has are enough to learn what images have in common, and few enough to be generated once and read from
// memory in all later epochs and runs. Images too large to be kept are generated again whenever they are read.
const (
	proceduralTrainCount = 5000
	proceduralTestCount  = 1000
	proceduralCacheBytes = 256 << 20
)

// proceduralVersion is part of the images' hash; it counts changes of what a seed gives.
const proceduralVersion = 1

// NewProcedural makes images of a seed: "dead leaves", which are opaque shapes over each other, of sizes that follow a
// power law, with colours, textures, shading and soft edges. Such images share with photographs what matters to
// experiment 1: how power falls with frequency, how rare and how strong edges are, and how much fine detail images
// have, from hardly any to outliers (Lee, Mumford and Huang, "Occlusion models for natural images", 2001). The
// parameters are tuned to CIFAR-10's statistics at 32x32.
//
// Training and test images come from disjoint streams of random numbers. Images are generated when they are first read;
// an image depends on the seed, its number and the shape alone, and is the same on every machine. Height and width are
// at least 2.
func NewProcedural(seed uint64, height, width int) (train, test Images) {
	return newProcedural("generated images, for training", "procedural", seed, 0, proceduralTrainCount, height, width),
		newProcedural("generated images, for tests", "procedural-test", seed, 1, proceduralTestCount, height, width)
}

type procedural struct {
	name, prefix  string
	seed, part    uint64
	height, width int
	images        []atomic.Pointer[[]byte]
	kept          bool
	painters      sync.Pool
}

func newProcedural(name, prefix string, seed, part uint64, count, height, width int) *procedural {
	p := &procedural{name: name, prefix: prefix, seed: seed, part: part, height: max(2, height), width: max(2, width)}
	p.images = make([]atomic.Pointer[[]byte], count)
	p.kept = count <= proceduralCacheBytes/3/p.height/p.width
	p.painters.New = func() any { return newPainter(p.height, p.width) }
	return p
}

func (p *procedural) Len() int                             { return len(p.images) }
func (p *procedural) Shape() (height, width, channels int) { return p.height, p.width, 3 }
func (p *procedural) ID(i int) string                      { return fmt.Sprintf("%s:%d", p.prefix, i) }
func (p *procedural) Name() string                         { return p.name }

// Hash is of what the images follow from, so that they need not all be generated first.
func (p *procedural) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "procedural version %d, seed %d, part %d, %d images of %dx%d", proceduralVersion,
		p.seed, p.part, p.Len(), p.height, p.width))
	return hex.EncodeToString(sum[:])
}

func (p *procedural) Read(i int, pixels []float32) error {
	if i < 0 || i >= p.Len() || len(pixels) != p.height*p.width*3 {
		return fmt.Errorf("image %d of %d into %d values: no such image, or not %d values", i, p.Len(), len(pixels), p.height*p.width*3)
	}
	if bytes := p.images[i].Load(); bytes != nil {
		for at, value := range *bytes {
			pixels[at] = float32(value)
		}
		return nil
	}
	painter := p.painters.Get().(*painter)
	painter.draws = random.New(random.Key(random.ForGeneration, p.seed, p.part, uint64(i)))
	painter.paint()
	for at, value := range painter.canvas {
		pixels[at] = float32(int(min(255, max(0, value)) + 0.5))
	}
	p.painters.Put(painter)
	if p.kept {
		bytes := make([]byte, len(pixels))
		for at, value := range pixels {
			bytes[at] = byte(value)
		}
		p.images[i].Store(&bytes)
	}
	return nil
}
