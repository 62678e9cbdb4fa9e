package micrograph

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alrc/internal/format/mrc"
	"alrc/internal/format/pixel"
)

func TestPositionMask(t *testing.T) {
	path := filepath.Join(t.TempDir(), "positions.csv")
	for _, test := range []struct{ content, want, wrong string }{
		{"0,0\n2,1\n2,1\r\n", "1..\n..1\n", ""},
		{"x, y\n1, 1\n", "...\n.1.\n", ""},
		{"Row,Column\n1,2\n", "...\n..1\n", ""},
		{"number,x,y\n7,0.4,0.6\n", "...\n1..\n", ""},
		{"0,0,\n2,1, \n", "1..\n..1\n", ""},
		{"0,0,17.5\n2,1,9\n", "", `line 1: "0,0,17.5" has more than a column and a row`},
		{"0,0\n7,2,1\n", "", `line 2: "7,2,1" has more than a column and a row`},
		{"", "", "no position"},
		{"x,y\n", "", "no position"},
		{"0,0\n3,0\n", "", "line 2: column 3, row 0 is outside of the image of 3x2 pixels"},
		{"0,0\n\n0,2\n", "", "line 3: column 0, row 2"},
		{"-1,0\n", "", "outside"},
		{"0,0\n1\n", "", `line 2: "1"`},
		{"0,0\n1,b\n", "", `line 2: "b"`},
		{"0,0\n1,nan\n", "", `line 2: "nan"`},
	} {
		if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		mask, _, err := positionMask(path, 2, 3)
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%q: %v, %v, no error with %q", test.content, mask, err, test.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", test.content, err)
			continue
		}
		var got strings.Builder
		for i, seen := range mask {
			got.WriteByte(".1"[int(seen)])
			if i%3 == 2 {
				got.WriteByte('\n')
			}
		}
		if got.String() != test.want {
			t.Errorf("%q sees\n%s\nnot\n%s", test.content, got.String(), test.want)
		}
	}
}

// What stands beside the positions, under a name, is not read, and a user is told so.
func TestOtherColumnsOfPositionsAreNamed(t *testing.T) {
	for content, want := range map[string]string{
		"x,y\n0,0\n":                                "",
		"x,y,intensity\n0,0,17.5\n":                 "its x and y say what was seen; not read: intensity",
		"index, Row, Column, dwell time\n0,0,0,2\n": "its Column and Row say what was seen; not read: index, dwell time",
	} {
		list, note, err := readPositions(strings.NewReader(content))
		if err != nil || len(list) != 1 || list[0].x != 0 || list[0].y != 0 || note != want {
			t.Errorf("%q: %v, %q, %v", content, list, note, err)
		}
	}
}

// A custom scan of Direct Electron's server is an MRC file with a list of beam positions beside it.
func TestPositionsBesideAnImage(t *testing.T) {
	dir := t.TempDir()
	image := []float32{5, 0, 7, 0, 6, 0}
	var one, movie bytes.Buffer
	if err := mrc.Write(&one, [][]float32{image}, 2, 3, pixel.Size{}); err != nil {
		t.Fatal(err)
	}
	if err := mrc.Write(&movie, [][]float32{image, image, image}, 2, 3, pixel.Size{}); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"20250429_1_Virt #1_sum.mrc": one.Bytes(), "20250429_movie.mrc": movie.Bytes(),
		"20250429_scan_coordinates.csv": []byte("2,0\n0,0\n1,1\n"), "swapped.csv": []byte("x,y\n0,2\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "20250429_1_Virt #1_sum.mrc")
	p, err := readPartial(path, PartialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{5, -1, 7, -1, 6, -1} {
		if seen := p.Mask[i] == 1; seen != (want > 0) || seen && p.Pixels[i] != want || !seen && !math.IsNaN(float64(p.Pixels[i])) {
			t.Errorf("pixel %d is %v with a mask of %v", i, p.Pixels[i], p.Mask[i])
		}
	}
	if len(p.Notes) == 0 || !strings.Contains(p.Notes[0], "20250429_scan_coordinates.csv") {
		t.Errorf("it says %q", p.Notes)
	}
	if _, err := readPartial(path, PartialOptions{Mask: filepath.Join(dir, "swapped.csv")}); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a position outside of the image gives %v", err)
	}
	if _, err := readPartial(filepath.Join(dir, "20250429_movie.mrc"), PartialOptions{}); err == nil || !strings.Contains(err.Error(), "virtual") {
		t.Errorf("frames of a camera give %v", err)
	}
}
