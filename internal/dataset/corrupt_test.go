package dataset

import (
	"math"
	"slices"
	"testing"
)

func corruptImages(t *testing.T, text string) (sound, bad Images) {
	t.Helper()
	c, err := ParseCorruption(text)
	if err != nil {
		t.Fatal(err)
	}
	sound, _ = NewProcedural(0, 8, 8)
	return sound, Corrupt(sound, c)
}

// firstBatches returns copies of the first batches of some images.
func firstBatches(t *testing.T, images Images, count, size int) (inputs, targets [][]float32, index []int) {
	t.Helper()
	loader, err := NewLoader(images, LoaderOptions{BatchSize: size, Seed: 3, Augment: true})
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close()
	for range count {
		batch, err := loader.Next()
		if err != nil {
			t.Fatal(err)
		}
		for place, i := range batch.Index {
			inputs = append(inputs, slices.Clone(batch.Images[place*192:(place+1)*192]))
			targets = append(targets, slices.Clone(batch.Targets[place*192:(place+1)*192]))
			index = append(index, i)
		}
	}
	return inputs, targets, index
}

// Corruption spoils the share of images that it should, the same in every run, and leaves the others alone to the bit.
func TestCorruptImages(t *testing.T) {
	for _, test := range []struct {
		text string
		bad  func(sound, input, target []float32) bool
	}{
		{"shuffled:0.1", func(sound, input, target []float32) bool {
			return slices.Equal(sound, input) && !slices.Equal(input, target)
		}},
		{"heavy-tailed:0.1", func(sound, input, target []float32) bool {
			return slices.Equal(sound, input) && !slices.Equal(input, target)
		}},
		{"saturated:0.1", func(sound, input, target []float32) bool {
			return !slices.Equal(sound, input) && slices.Equal(input, target)
		}},
		{"nan:0.1", func(_, input, target []float32) bool {
			return math.IsNaN(float64(input[0])) && math.IsNaN(float64(target[5]))
		}},
	} {
		good, spoilt := corruptImages(t, test.text)
		want, _, _ := firstBatches(t, good, 250, 8)
		inputs, targets, index := firstBatches(t, spoilt, 250, 8)
		_, again, _ := firstBatches(t, spoilt, 250, 8)
		bad := 0
		for i := range inputs {
			spoiled := spoilt.ID(index[i]) != good.ID(index[i])
			if spoiled {
				bad++
			}
			switch {
			case spoiled && !test.bad(want[i], inputs[i], targets[i]):
				t.Fatalf("%s: %s is not what it says", test.text, spoilt.ID(index[i]))
			case !spoiled && !(slices.Equal(want[i], inputs[i]) && slices.Equal(want[i], targets[i])):
				t.Fatalf("%s: %s is not as it was", test.text, good.ID(index[i]))
			case !slices.EqualFunc(targets[i], again[i], func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }):
				t.Fatalf("%s: %s changes from run to run", test.text, spoilt.ID(index[i]))
			}
		}
		if share := float64(bad) / float64(len(inputs)); math.Abs(share-0.1) > 0.03 {
			t.Errorf("%s: a share of %v is spoilt", test.text, share)
		}
		if spoilt.Hash() == good.Hash() {
			t.Errorf("%s: corrupt images pass for sound ones", test.text)
		}
	}
}

// Noise of the t-distribution with 2 degrees of freedom has its quartiles at 0.816 and exceeds 10 in a hundredth of its values,
// which normal noise never does.
func TestHeavyTailedNoise(t *testing.T) {
	_, images := corruptImages(t, "heavy-tailed:1")
	inputs, targets, _ := firstBatches(t, images, 40, 8)
	var noise []float64
	for i := range inputs {
		for k := range inputs[i] {
			noise = append(noise, math.Abs(float64(targets[i][k]-inputs[i][k]))/noiseScale)
		}
	}
	slices.Sort(noise)
	if median := noise[len(noise)/2]; math.Abs(median-0.816) > 0.03 {
		t.Errorf("half of the noise lies within %v, not 0.816", median)
	}
	beyond := 0
	for _, x := range noise {
		if x > 10 {
			beyond++
		}
	}
	// P(|t| > 10) = 1 - 10/sqrt(102).
	if share := float64(beyond) / float64(len(noise)); math.Abs(share-0.0098) > 0.002 {
		t.Errorf("a share of %v lies beyond 10, not 0.0098", share)
	}
}

func TestParseCorruption(t *testing.T) {
	for text, want := range map[string]Corruption{"": {}, "nan": {notNumber, 0.01}, "shuffled:0.5": {shuffled, 0.5}, "heavy-tailed:1": {heavyTailed, 1}} {
		if got, err := ParseCorruption(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"noise", "nan:", "nan:0", "nan:1.5", "nan:NaN", ":0.1", "shuffled:0.1:2"} {
		if got, err := ParseCorruption(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}
