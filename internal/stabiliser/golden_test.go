package stabiliser

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
)

// The file in testdata has what the public code of each method computes on one input, in float64: see testdata/README.md.

// goldenRun is what a method's code computed.
type goldenRun struct {
	Run      string
	Input    string
	Settings map[string]any
	Columns  map[string][]any
}

type goldenFile struct {
	SHA256 map[string]string
	Runs   []goldenRun
}

var readGolden = sync.OnceValue(func() goldenFile {
	file, err := os.Open("testdata/golden.json.gz")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	content, err := gzip.NewReader(file)
	if err != nil {
		panic(err)
	}
	var golden goldenFile
	if err := json.NewDecoder(content).Decode(&golden); err != nil {
		panic(err)
	}
	return golden
})

// setting is a number of the run's settings; null is infinite, since it stands for none.
func (r goldenRun) setting(name string) float64 {
	switch value := r.Settings[name].(type) {
	case float64:
		return value
	case nil:
		return math.Inf(1)
	}
	panic(name)
}

// number is a value of a golden column; ok is false where there is none.
func number(value any) (x float64, ok bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case string:
		return map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1)}[v], true
	}
	return 0, false
}

// checker compares a run's columns with what a method of ours computes.
type checker struct {
	t         *testing.T
	run       goldenRun
	tolerance float64
	checked   map[string]int
	failures  int
	worst     float64
}

func (c *checker) compare(step int, column string, got float64, want any) {
	x, ok := number(want)
	if !ok {
		return
	}
	c.checked[column]++
	if math.IsNaN(x) && math.IsNaN(got) || x == got {
		return
	}
	// Errors are relative to the larger value, or to 1e-9 of the column's largest.
	scale := max(math.Abs(x), math.Abs(got), 1e-9*c.largest(column))
	difference := math.Abs(x-got) / scale
	if difference <= c.tolerance {
		c.worst = max(c.worst, difference)
		return
	}
	if c.failures++; c.failures < 10 {
		c.t.Errorf("%s, step %d: %s is %v, want %v", c.run.Run, step, column, got, x)
	}
}

func (c *checker) largest(column string) (most float64) {
	var look func(value any)
	look = func(value any) {
		if list, ok := value.([]any); ok {
			for _, v := range list {
				look(v)
			}
		} else if x, ok := number(value); ok && x-x == 0 {
			most = max(most, math.Abs(x))
		}
	}
	look(any(c.run.Columns[column]))
	return most
}

// is compares a step's number of a column, and are its list.
func (c *checker) is(step int, column string, got float64) {
	if values, ok := c.run.Columns[column]; ok {
		c.compare(step, column, got, values[step])
	}
}

func (c *checker) are(step int, column string, got []float64) {
	values, ok := c.run.Columns[column]
	if !ok || values[step] == nil {
		return
	}
	want := values[step].([]any)
	if len(want) != len(got) {
		c.t.Fatalf("%s: %d numbers where %d belong", column, len(got), len(want))
	}
	for i, value := range want {
		c.compare(step, column, got[i], value)
	}
}

// all fails where a column was not looked at.
func (c *checker) all() {
	for column := range c.run.Columns {
		if c.checked[column] == 0 {
			c.t.Errorf("%s: column %s was not compared", c.run.Run, column)
		}
	}
}

// forGolden calls check for each run whose name begins with a file's name.
func forGolden(t *testing.T, file string, tolerance float64, check func(c *checker, r goldenRun, in *input)) {
	found := false
	for _, r := range readGolden().Runs {
		if name := r.Run; len(name) < len(file) || name[:len(file)] != file {
			continue
		}
		found = true
		c := &checker{t: t, run: r, tolerance: tolerance, checked: map[string]int{}}
		check(c, r, newInput(r.Input == "nonfinite"))
		c.all()
		t.Logf("%s: largest relative difference %.1e", r.Run, c.worst)
	}
	if !found {
		t.Fatalf("there are no runs of %s", file)
	}
}

// input is the 300 steps that all runs are given: tensors A [4,3,3,3], B [5,7] and C [5].
type input struct {
	weights   [3][]float64
	losses    []float64
	gradients [][3][]float64
}

var inputSizes = [3]int{108, 35, 5}

// newInput makes the input by integer arithmetic, as the golden file's generator does.
func newInput(nonfinite bool) *input {
	state := uint64(24301)
	draw := func() float64 {
		state += 0x9E3779B97F4A7C15
		z := state
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		sum := z&0xffff + z>>16&0xffff + z>>32&0xffff + z>>48
		return (float64(sum) - 131070) / 65536
	}
	in := &input{}
	for k, size := range inputSizes {
		for i := range size {
			x := draw() / 4
			if k == 0 && i >= 81 || k == 2 {
				x = 0
			}
			in.weights[k] = append(in.weights[k], x)
		}
	}
	lossFactors := map[int]float64{5: 2, 40: 4, 90: 2, 120: 3, 121: 3, 122: 3, 170: 8, 180: 16, 240: 2.5, 241: 2.5, 242: 2.5, 243: 2.5, 244: 2.5, 245: 2.5}
	gradientFactors := map[int]float64{5: 16, 40: 16, 120: 8, 121: 8, 122: 8, 180: 64, 200: 0, 230: 0.0625}
	for step := range 300 {
		factor := func(factors map[int]float64, late float64) float64 {
			if f, ok := factors[step]; ok {
				return f
			}
			if step >= 260 {
				return late
			}
			return 1
		}
		b := float64(256-128*step/300) / 64
		in.losses = append(in.losses, (b+draw()/8)*factor(lossFactors, 1.25))
		a := float64(48-32*step/300) / 64
		k := factor(gradientFactors, 4)
		var g [3][]float64
		for tensor, d := range []float64{8, 4, 2} {
			for range inputSizes[tensor] {
				g[tensor] = append(g[tensor], draw()*a/d*k+0) // +0: no -0
			}
		}
		switch step {
		case 90:
			for i := range g[1] {
				g[1][i] *= 32
			}
		case 150:
			g[0][17] = 64
		case 210:
			clear(g[2])
		}
		in.gradients = append(in.gradients, g)
	}
	if nonfinite {
		in.gradients[70][1][3], in.losses[70] = math.NaN(), math.NaN()
		in.gradients[71][0][0], in.losses[71] = math.Inf(1), math.Inf(1)
		in.gradients[140][2][1] = math.Inf(-1)
		for step := 190; step <= 196; step++ {
			in.gradients[step][2][0] = math.NaN()
		}
		in.losses[220] = math.NaN()
	}
	return in
}

// The input is the one that the methods' code was given.
func TestInput(t *testing.T) {
	in := newInput(false)
	hash := func(lists ...[]float64) string {
		sum := sha256.New()
		for _, list := range lists {
			binary.Write(sum, binary.LittleEndian, list)
		}
		return fmt.Sprintf("%x", sum.Sum(nil))
	}
	var gradients [][]float64
	for _, g := range in.gradients {
		gradients = append(gradients, g[:]...)
	}
	want := readGolden().SHA256
	for name, got := range map[string]string{"weights": hash(in.weights[:]...), "losses": hash(in.losses), "gradients": hash(gradients...)} {
		if got != want[name] {
			t.Errorf("%s have hash %s, want %s", name, got, want[name])
		}
	}
}

// training is the input's tensors in memory, with the moments of an Adam.
type training struct {
	*input
	gradient, weights, first, second [3][]float64
	buffer                           *Buffer[float64]
}

func newTraining(in *input) *training {
	tr := &training{input: in}
	var tensors []Tensor[float64]
	for k, size := range inputSizes {
		tr.gradient[k], tr.first[k], tr.second[k] = make([]float64, size), make([]float64, size), make([]float64, size)
		tr.weights[k] = slices.Clone(in.weights[k])
		tensors = append(tensors, Tensor[float64]{Gradient: tr.gradient[k], Weights: tr.weights[k], Second: tr.second[k],
			Groups: [][]Group{OutputFirst(4, 108), OutputFirst(5, 35), Whole(5)}[k]})
	}
	tr.buffer = NewBuffer(tensors, nil)
	return tr
}

// begin copies a step's gradient in.
func (tr *training) begin(step int) {
	for k := range tr.gradient {
		copy(tr.gradient[k], tr.gradients[step][k])
	}
	tr.buffer.Changed()
}

// move does a step of Adam.
func (tr *training) move(adam []Adam) {
	for k := range tr.weights {
		a := adam[k]
		w, g, m, v := tr.weights[k], tr.gradient[k], tr.first[k], tr.second[k]
		if a.ResetBefore {
			clear(m)
			clear(v)
		}
		for i := range w {
			w[i] *= a.Before
			m[i] = a.Keep1*m[i] + a.New1*g[i]
			v[i] = a.Keep2*v[i] + a.New2*g[i]*g[i]
			w[i] -= a.Rate * m[i] / (a.RootScale*math.Sqrt(v[i]) + a.Epsilon)
			w[i] *= a.After
		}
		if a.ResetAfter {
			clear(m)
			clear(v)
		}
	}
}

// descend does a step of gradient descent.
func (tr *training) descend(rate float64) {
	for k, w := range tr.weights {
		for i := range w {
			w[i] -= rate * tr.gradient[k][i]
		}
	}
}

// picked are the entries that golden columns have.
var picked = [3][]int{{0, 17, 107}, {0, 3, 34}, {0, 1, 4}}

func entries(tensors [3][]float64) (list []float64) {
	for k, places := range picked {
		for _, i := range places {
			list = append(list, tensors[k][i])
		}
	}
	return list
}

func norms(tensors [3][]float64) (list []float64) {
	for _, values := range tensors {
		list = append(list, math.Sqrt(sumSquares(values)))
	}
	return list
}

// outputs compares what a step left of the gradient, and the weights and moments after it.
func (c *checker) outputs(step int, tr *training) {
	c.are(step, "out_norms", norms(tr.gradient))
	// A method's own idea of the norms is what they are.
	for k, norm := range tr.buffer.Norms() {
		if want := norms(tr.gradient)[k]; math.Abs(norm-want) > 1e-12*want {
			c.t.Fatalf("%s, step %d: the norm of tensor %d is %v, and is told to be %v", c.run.Run, step, k, want, norm)
		}
	}
	c.are(step, "out_entries", entries(tr.gradient))
	c.are(step, "weight_norms", norms(tr.weights))
	c.are(step, "weight_entries", entries(tr.weights))
	c.are(step, "m_norms", norms(tr.first))
	c.are(step, "v_norms", norms(tr.second))
}
