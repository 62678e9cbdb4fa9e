package hdf5

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openTest(t testing.TB, name string) *Object {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func dataset(t *testing.T, group *Object, name string) *Dataset {
	t.Helper()
	object, err := group.Child(name)
	if err != nil || object == nil {
		t.Fatalf("%s: %v %v", name, object, err)
	}
	d, err := object.Dataset()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// values reads a part of a dataset as numbers.
func values(t *testing.T, d *Dataset, begin, count []int64) []float64 {
	t.Helper()
	data, err := d.Read(begin, count)
	if err != nil {
		t.Fatalf("%v %v: %v", begin, count, err)
	}
	var out []float64
	for ; len(data) > 0; data = data[d.Type.Size:] {
		out = append(out, d.Type.Number.Value(data, d.Type.Order))
	}
	return out
}

// counting is what a part of data has whose values are their places.
func counting(shape, begin, count []int64) []float64 {
	var out []float64
	var fill func(dimension int, at int64)
	fill = func(dimension int, at int64) {
		if dimension == len(shape) {
			out = append(out, float64(at))
			return
		}
		for i := range count[dimension] {
			fill(dimension+1, at*shape[dimension]+begin[dimension]+i)
		}
	}
	fill(0, 0)
	return out
}

func TestDatasets(t *testing.T) {
	for _, file := range []string{"old.h5", "new.h5"} {
		root := openTest(t, file)
		names := []string{"contiguous", "half", "double", "single"}
		if file == "old.h5" {
			names = append(names, "chunks", "plain", "many")
		}
		for _, name := range names {
			d := dataset(t, root, name)
			zero := make([]int64, len(d.Shape))
			for _, part := range [][2][]int64{{zero, d.Shape}, {ones(zero), less(d.Shape, 1)}, {zero, append(slices.Clone(d.Shape[:len(zero)-1]), 1)}, {less(d.Shape, 1), ones(zero)}} {
				got, want := values(t, d, part[0], part[1]), counting(d.Shape, part[0], part[1])
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s, %v values from %v on: %v, want %v", file, name, part[1], part[0], got, want)
				}
			}
			if _, err := d.Read(ones(zero), d.Shape); err == nil {
				t.Errorf("%s: a part beyond its end was read", name)
			}
		}
	}
}

func ones(like []int64) []int64 { return slices.Repeat([]int64{1}, len(like)) }

func less(shape []int64, by int64) []int64 {
	out := slices.Clone(shape)
	for i := range out {
		out[i] -= by
	}
	return out
}

func TestAttributesAndGroups(t *testing.T) {
	for _, file := range []string{"old.h5", "new.h5"} {
		root := openTest(t, file)
		if text, fixed := root.Text("text"), root.Text("fixed"); text != "variable" || fixed != "fixed" {
			t.Errorf("%s: texts %q and %q", file, text, fixed)
		}
		number, _ := root.Number("number")
		if truth, ok := root.Number("true"); number != 1.5 || truth != 1 || !ok {
			t.Errorf("%s: numbers %v and %v", file, number, truth)
		}
		if _, ok := root.Number("missing"); ok || root.Text("number") != "" {
			t.Errorf("%s: an attribute that is not there", file)
		}
		group, err := root.Child("group")
		if err != nil {
			t.Fatal(err)
		}
		links, err := group.Links()
		if err != nil || len(links) < 8 || links[7].Name != "07" {
			t.Errorf("%s: links %v (%v)", file, links, err)
		}
		zero, err := group.Child("00")
		if err != nil || zero.IsDataset() {
			t.Fatal(err)
		}
		if got := values(t, dataset(t, zero, "value"), nil, nil); !slices.Equal(got, []float64{7}) {
			t.Errorf("%s: a single value: %v", file, got)
		}
		if what := dataset(t, root, "complex").Type; what.Number != 0 || !strings.Contains(what.What, "complex") {
			t.Errorf("%s: complex numbers are %+v", file, what)
		}
	}
}

func TestFillValue(t *testing.T) {
	d := dataset(t, openTest(t, "old.h5"), "partly")
	want := []float64{0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1}
	if got := values(t, d, []int64{0, 0}, []int64{4, 4}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, err := d.Read([]int64{2, 0}, []int64{2, 4}); err == nil {
		t.Error("a part of which nothing was written was read")
	}
}

func TestRefusals(t *testing.T) {
	object, err := openTest(t, "old.h5").Child("lzf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := object.Dataset(); err == nil || !strings.Contains(err.Error(), "LZF") || !strings.Contains(err.Error(), "h5repack") {
		t.Errorf("LZF: %v", err)
	}
	if _, err := Open(strings.NewReader("no such file at all"), 19); err == nil {
		t.Error("a text was opened")
	}
	// A checksum that is wrong is not overlooked.
	data, err := os.ReadFile("testdata/old.h5")
	if err != nil {
		t.Fatal(err)
	}
	d := dataset(t, openTest(t, "old.h5"), "chunks")
	chunks, err := d.index()
	if err != nil {
		t.Fatal(err)
	}
	data[chunks[0].address+chunks[0].size-1] ^= 1
	d.f.r, d.f.size = bytes.NewReader(data), int64(len(data))
	if _, err := d.Read([]int64{0, 0}, d.Shape); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("a wrong checksum: %v", err)
	}
}

// A file may begin with something else, which its addresses do not count.
func TestUserBlock(t *testing.T) {
	d := dataset(t, openTest(t, "userblock.h5"), "contiguous")
	if got := values(t, d, []int64{0, 0, 0}, []int64{1, 1, 5}); !slices.Equal(got, []float64{0, 1, 2, 3, 4}) {
		t.Errorf("%v", got)
	}
}

func FuzzOpen(f *testing.F) {
	for _, name := range []string{"old.h5", "new.h5"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		root, err := file.Root()
		if err != nil {
			return
		}
		root.Text("text")
		root.Number("number")
		links, err := root.Links()
		if err != nil {
			return
		}
		for _, link := range links[:min(len(links), 16)] {
			object, err := root.Open(link)
			if err != nil {
				continue
			}
			d, err := object.Dataset()
			if err != nil {
				continue
			}
			count, ok := d.Len()
			if !ok || count < 1 || count > 1<<16 {
				continue
			}
			if part, err := d.Read(make([]int64, len(d.Shape)), d.Shape); err == nil && len(part) != int(count)*d.Type.Size {
				t.Errorf("%d bytes of %d values", len(part), count)
			}
		}
	})
}
