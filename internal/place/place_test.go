package place

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestRunsShareImages(t *testing.T) {
	var o Opener
	open := func(size int) *Set {
		_, set, err := o.Open(Data{Kind: "procedural", Size: size})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	first := open(8)
	if open(8) != first {
		t.Error("the same images were opened twice")
	}
	for i := range 2 * mostOpened {
		open(9 + i)
		if open(8) != first {
			t.Fatal("what is in use was given up for what is not")
		}
	}
	if len(o.opened) != mostOpened {
		t.Errorf("%d sources of images are kept", len(o.opened))
	}
}

// Where data lie on this machine follows from what they say and from the folder that is named, whatever their kind.
func TestPlaceOnThisMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"new/crops/a.tif", "new/crops/deep/b.tif", "new/mask.tif", "new/held.tif", "other/x.png"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CIFAR10", "variable")
	for name, test := range map[string]struct {
		data Data
		dir  string
		want Data
	}{
		"as it says":       {Data{Kind: "images", Paths: []string{"old"}}, "", Data{Kind: "images", Paths: []string{"old"}}},
		"a folder":         {Data{Kind: "images", Paths: []string{"/old/crops"}}, "new", Data{Kind: "images", Paths: []string{"new/crops"}}},
		"the folder":       {Data{Kind: "images", Paths: []string{"/old/photos"}}, "other", Data{Kind: "images", Paths: []string{"other"}}},
		"no place":         {Data{Kind: "images"}, "other", Data{Kind: "images", Paths: []string{"other"}}},
		"the longest end":  {Data{Kind: "images", Paths: []string{"old/crops/deep/b.tif"}}, "new", Data{Kind: "images", Paths: []string{"new/crops/deep/b.tif"}}},
		"a glob":           {Data{Kind: "images", Paths: []string{"../old/crops/*.tif"}}, "new", Data{Kind: "images", Paths: []string{"new/crops/*.tif"}}},
		"CIFAR-10":         {Data{Kind: "cifar10", Dir: "old"}, "new", Data{Kind: "cifar10", Dir: "new"}},
		"CIFAR-10, stays":  {Data{Kind: "cifar10", Dir: "old"}, "", Data{Kind: "cifar10", Dir: "old"}},
		"CIFAR-10, nobody": {Data{Kind: "cifar10"}, "", Data{Kind: "cifar10", Dir: "variable"}},
		"micrographs": {
			Data{Kind: "micrographs", Paths: []string{"old/crops"}, Exclude: []string{"old/crops/a.tif", "old/gone.tif"}, Test: "old/held.tif", Mask: "old/mask.tif"}, "new",
			Data{Kind: "micrographs", Paths: []string{"new/crops"}, Exclude: []string{"new/crops/a.tif", "old/gone.tif"}, Test: "new/held.tif", Mask: "new/mask.tif"}},
		"a fraction, a drawn mask": {Data{Kind: "micrographs", Paths: []string{"old"}, Test: "0.2", Mask: "grid"}, "new", Data{Kind: "micrographs", Paths: []string{"new"}, Test: "0.2", Mask: "grid"}},
		"generated, a mask image":  {Data{Kind: "procedural-micrographs", Mask: "old/mask.tif"}, "new", Data{Kind: "procedural-micrographs", Mask: "new/mask.tif"}},
		"generated":                {Data{Kind: "procedural"}, "new", Data{Kind: "procedural"}},
	} {
		got, err := test.data.at(test.dir)
		if difference := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); err != nil || difference != "" {
			t.Errorf("%s: %v\n%s", name, err, difference)
		}
	}
	if _, err := (Data{Kind: "micrographs"}).at(""); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("of files that nobody names: %v", err)
	}
}

// Corrupt data are other data, of the same images; what is held out stays as it is.
func TestCorruptData(t *testing.T) {
	var o Opener
	open := func(corrupt string) *Set {
		_, set, err := o.Open(Data{Kind: "procedural", Size: 8, Corrupt: corrupt})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	sound, bad := open(""), open("saturated:0.5")
	if bad.Hash == sound.Hash || bad.Test != sound.Test || bad.Train.Hash() == sound.Train.Hash() {
		t.Error("corrupt data are not told from sound ones, or held-out images are corrupt")
	}
	for _, d := range []Data{{Kind: "procedural", Corrupt: "rotten"}, {Kind: "procedural-micrographs", Corrupt: "nan"}} {
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), "corrupt") {
			t.Errorf("%v: %v", d, err)
		}
	}
}
