package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"alrc/internal/random"
)

// The kinds of corruption.
const (
	// shuffled: the target of an image is another image.
	shuffled = "shuffled"
	// saturated: an image was exposed 8 times too long, so that most of it is white.
	saturated = "saturated"
	// notNumber: a pixel of an image is not a number, which standardising spreads to all of it.
	notNumber = "nan"
	// heavyTailed: a target has noise of Student's t-distribution with 2 degrees of freedom, whose variance is infinite, added to
	// each value after standardising, at a scale of a tenth of the image's standard deviation.
	heavyTailed = "heavy-tailed"
)

// corruptions are the kinds, as messages list them.
var corruptions = []string{shuffled, saturated, notNumber, heavyTailed}

const (
	defaultCorrupt = 0.01
	exposure       = 8
	noiseScale     = 0.1
)

// Corruption is something wrong with a share of the images that are trained on. Its zero value is none.
type Corruption struct {
	Kind string
	// Share is the probability that an image is corrupt, above 0 and at most 1.
	Share float64
}

// ParseCorruption reads KIND or KIND:SHARE, such as "shuffled:0.02"; the share is 0.01 where none is given. "" is no corruption.
func ParseCorruption(text string) (Corruption, error) {
	if text == "" {
		return Corruption{}, nil
	}
	kind, number, given := strings.Cut(text, ":")
	c := Corruption{Kind: kind, Share: defaultCorrupt}
	var err error
	if given {
		c.Share, err = strconv.ParseFloat(number, 64)
	}
	for _, known := range corruptions {
		if kind == known && err == nil && c.Share > 0 && c.Share <= 1 {
			return c, nil
		}
	}
	return Corruption{}, fmt.Errorf("corrupt: %q is no corruption: give %s, and after a colon the share of the images, above 0 and at"+
		" most 1 (by default %v)", text, strings.Join(corruptions, ", "), defaultCorrupt)
}

// Corrupt returns images of which a share is corrupt. Which those are, and how, depends on their numbers alone, so that all
// runs learn from the same ones.
func Corrupt(images Images, c Corruption) Images {
	bad := corrupted{images, c}
	if c.Kind == shuffled || c.Kind == heavyTailed {
		return mistaken{bad}
	}
	return bad
}

// corrupted is images of which some are not as they should be.
type corrupted struct {
	Images
	Corruption
}

// draws is the stream of an image's corruption, and says whether the image is corrupt.
func (c corrupted) draws(i int) (random.Stream, bool) {
	draws := random.New(random.Key(random.ForCorruption, uint64(i)))
	return draws, draws.Float64() < c.Share
}

func (c corrupted) Name() string {
	return fmt.Sprintf("%s, a share of %v %s", c.Images.Name(), c.Share, c.Kind)
}

func (c corrupted) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s, %s, share %v, version 1", c.Images.Hash(), c.Kind, c.Share))
	return hex.EncodeToString(sum[:])
}

func (c corrupted) ID(i int) string {
	id := c.Images.ID(i)
	if _, bad := c.draws(i); bad {
		id += " (" + c.Kind + ")"
	}
	return id
}

func (c corrupted) Read(i int, pixels []float32) error {
	if err := c.Images.Read(i, pixels); err != nil {
		return err
	}
	draws, bad := c.draws(i)
	switch {
	case !bad:
	case c.Kind == saturated:
		for k, value := range pixels {
			pixels[k] = min(255, exposure*value)
		}
	case c.Kind == notNumber:
		pixels[draws.IntN(len(pixels))] = float32(math.NaN())
	}
	return nil
}

// mistaken is images of which some have targets other than themselves.
type mistaken struct{ corrupted }

// target puts into pixels what a network is to make of image i, which is there in its augmented form; prepare augments another
// image alike.
func (m mistaken) target(i int, pixels []float32, prepare func([]float32)) error {
	draws, bad := m.draws(i)
	switch {
	case !bad:
	case m.Kind == heavyTailed:
		for k := range pixels {
			// A normal number over the root of an exponential one of mean 1 has the distribution t with 2 degrees of freedom.
			t := draws.Normal() / math.Sqrt(-math.Log(1-draws.Float64()))
			pixels[k] += float32(noiseScale * t)
		}
	case m.Kind == shuffled:
		other := (i + 1 + draws.IntN(max(1, m.Len()-1))) % m.Len()
		if err := m.Images.Read(other, pixels); err != nil {
			return err
		}
		prepare(pixels)
	}
	return nil
}
