package cli

import (
	"bytes"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
	"alrc/internal/micrograph"
)

// execute runs a command in the present folder and returns what it prints and its exit code.
func execute(command *cobra.Command, arguments ...string) (stdout string, code int, err error) {
	var out bytes.Buffer
	command.SetArgs(arguments)
	command.SetOut(&out)
	command.SetErr(&out)
	command.SilenceErrors, command.SilenceUsage = true, true
	err = command.Execute()
	return out.String(), exitCode(err), err
}

// half is a network that makes of each pixel half of what was seen: it shows which numbers a network gets.
type half struct{ closed *bool }

func (half) Side() int    { return 32 }
func (half) Kriged() bool { return false }
func (half) Complete(input, output []float32) error {
	for i := range output {
		output[i] = input[2*i] / 2
	}
	return nil
}
func (h half) Close() { *h.closed = true }

func TestScanAndComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	const height, width = 80, 100
	generated, _, err := micrograph.NewProcedural(1, 128, 100)
	if err != nil {
		t.Fatal(err)
	}
	truth := make([]float32, height*width)
	if err := generated.Crop(4, 0, 0, height, width, truth); err != nil {
		t.Fatal(err)
	}
	for i := range truth {
		truth[i] = 1000 + 300*truth[i]
	}
	tags := []tiff.Tag{{ID: 270, Kind: 2, Data: []byte("Cs-corrected\x00")}}
	var content bytes.Buffer
	if err := tiff.Write(&content, []tiff.Image{{Width: width, Height: height, Channels: 1, Pixels: truth, Tags: tags}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("whole.tif", content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}

	out, code, err := execute(newScanCommand(), "whole.tif", "--coverage", "0.1")
	if code != 0 || !strings.Contains(out, "10 % seen") {
		t.Fatalf("scan: exit code %d, %v, %s", code, err, out)
	}
	scans, err := micrograph.OpenScans("whole-scan.tif", micrograph.PartialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer scans.Close()
	partial, err := scans.Read(0)
	if err != nil {
		t.Fatal(err)
	}
	for i, seen := range partial.Mask {
		if pixel := partial.Pixels[i]; seen > 0 && pixel != truth[i] || seen == 0 && pixel == pixel {
			t.Fatalf("pixel %d of the scan is %v, of mask %v and truth %v", i, pixel, seen, truth[i])
		}
	}
	if got := partial.Coverage(); math.Abs(got-0.1) > 1e-6 {
		t.Errorf("the mask that was written has the mean %v", got)
	}

	closed := false
	open := func(model string, threads int) (micrograph.Completer, error) {
		if model != "runs/one" || threads != 1 {
			return nil, errors.New("there is no such run")
		}
		return half{&closed}, nil
	}
	read := func(path string) []float32 {
		t.Helper()
		file, err := imagefile.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		pixels, h, w, err := file.ReadGrey(0)
		if err != nil || h != height || w != width {
			t.Fatalf("%s: %dx%d, %v", path, w, h, err)
		}
		if got, err := file.Metadata(0); err != nil || len(got) != 1 || !bytes.Equal(got[0].Data, tags[0].Data) {
			t.Errorf("%s: the metadata is %v (%v)", path, got, err)
		}
		return pixels
	}
	// A single image may be written to a file that is named.
	if _, code, err := execute(newCompleteCommand(open), "bilinear", "whole-scan.tif", "--out", "one/named.TIFF"); code != 0 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	read("one/named.TIFF")
	if _, err := os.Stat("one/named.png"); err != nil {
		t.Error(err)
	}
	if _, code, err := execute(newCompleteCommand(open), "bilinear", "whole-scan.tif", "whole.tif", "--out", "named.tif"); code != exitUsage {
		t.Errorf("two images into one file: exit code %d, %v", code, err)
	}
	for _, model := range []string{"bilinear", "biharmonic", "runs/one"} {
		out, code, err := execute(newCompleteCommand(open), model, "whole-scan.tif", "--truth", "whole.tif", "--out", "results", "--threads", "1")
		if code != 0 {
			t.Fatalf("%s: exit code %d, %v", model, code, err)
		}
		lines := 0
		for _, name := range []string{"network", "bilinear", "biharmonic"} {
			if strings.Contains(out, "\n"+name+" ") {
				lines++
			}
		}
		if want := map[string]int{"bilinear": 2, "biharmonic": 2, "runs/one": 3}[model]; lines != want || !strings.Contains(out, "blurred truth") {
			t.Errorf("%s: %d methods are compared, not %d:\n%s", model, lines, want, out)
		}
		completed := read("results/whole-scan-completed.tif")
		low, high := micrograph.IntensityRange(slices.DeleteFunc(slices.Clone(partial.Pixels), func(v float32) bool { return v != v }))
		for i, seen := range partial.Mask {
			want := truth[i]
			if model == "runs/one" {
				// In [-1, 1], the network halves the product of what it is given.
				scaled := max(-1, min((float64(truth[i])-low)/(high-low)*2-1, 1))
				want = float32(low + (scaled*float64(seen)/2+1)/2*(high-low))
			}
			if seen > 0 && math.Abs(float64(completed[i]-want)) > 0.5 {
				t.Fatalf("%s: pixel %d is %v, want %v", model, i, completed[i], want)
			}
			if !(completed[i] > 0 && completed[i] < 2000) {
				t.Fatalf("%s: pixel %d is %v", model, i, completed[i])
			}
		}
		picture, err := os.Open("results/whole-scan-completed.png")
		if err != nil {
			t.Fatal(err)
		}
		if decoded, err := png.Decode(picture); err != nil || decoded.Bounds().Dx() < 3*256 {
			t.Errorf("%s: the preview cannot be read, or lacks the truth (%v)", model, err)
		}
		picture.Close()
	}
	if !closed {
		t.Error("the network was not closed")
	}

	// A mask image in the place of NaN.
	var mask bytes.Buffer
	if err := tiff.Write(&mask, []tiff.Image{{Width: width, Height: height, Channels: 1, Pixels: partial.Mask}}); err != nil {
		t.Fatal(err)
	}
	os.WriteFile("mask.tif", mask.Bytes(), 0o644)
	if _, code, err := execute(newCompleteCommand(open), "bilinear", "whole-scan.tif", "whole.tif", "--mask", "mask.tif"); code != 0 {
		t.Fatalf("with a mask: exit code %d, %v", code, err)
	}
	if !slices.Equal(read("whole-completed.tif"), read("whole-scan-completed.tif")) {
		t.Error("a mask and NaN give different completions")
	}

	// Without a model, by what comes nearest; and with the uncertainty.
	out, code, err = execute(newCompleteCommand(open), "whole-scan.tif", "--uncertainty", "uncertainty.tif")
	if code != 0 || !strings.Contains(out, "completed (kriging") || !strings.Contains(out, "held out") || !strings.Contains(out, "iterations") {
		t.Fatalf("without a model: exit code %d, %v, %s", code, err, out)
	}
	deviation, kriged := read("uncertainty.tif"), read("whole-scan-completed.tif")
	for i, seen := range partial.Mask {
		if seen > 0 && (kriged[i] != truth[i] || deviation[i] != 0) || seen == 0 && !(deviation[i] > 1 && deviation[i] < 300) {
			t.Fatalf("pixel %d, of mask %v, is %v with a deviation of %v, and %v in truth", i, seen, kriged[i], deviation[i], truth[i])
		}
	}
	if out, code, err := execute(newCompleteCommand(open), "whole-scan.tif", "--method", "linear", "--out", "linear"); code != 0 || !strings.Contains(out, "(bilinear)") {
		t.Fatalf("--method linear: exit code %d, %v, %s", code, err, out)
	}
	if _, code, err := execute(newCompleteCommand(open), "whole-scan.tif", "--method", "kriging", "--keep-seen=false", "--out", "free.tif"); code != 0 {
		t.Fatalf("--keep-seen=false: exit code %d, %v", code, err)
	}
	if free := read("free.tif"); slices.Equal(free, kriged) {
		t.Error("--keep-seen=false keeps what was seen")
	}

	for _, test := range []struct {
		want      string
		arguments []string
	}{
		{"no pixel is missing", []string{"bilinear", "whole.tif"}},
		{"no such run", []string{"runs/two", "whole-scan.tif"}},
		{"that of one image", []string{"bilinear", "whole-scan.tif", "mask.tif", "--truth", "whole.tif"}},
		{"that of one image", []string{"whole-scan.tif", "mask.tif", "--uncertainty", "u.tif"}},
		{"kriging does", []string{"whole-scan.tif", "--method", "linear", "--uncertainty", "u.tif"}},
		{"ends in .tif", []string{"whole-scan.tif", "--uncertainty", "u.png"}},
		{"one of the two", []string{"bilinear", "whole-scan.tif", "--method", "kriging"}},
		{"kriging, linear", []string{"whole-scan.tif", "--method", "krigging"}},
		{"give the images", []string{"kriging"}},
		{"same file", []string{"bilinear", "whole-scan.tif", "elsewhere/whole-scan.npy"}},
		{"nowhere.tif", []string{"bilinear", "nowhere.tif"}},
		{"nowhere.tif", []string{"bilinear", "whole-scan.tif", "--truth", "nowhere.tif"}},
		{"row 0, column", []string{"bilinear", "whole-scan.tif", "--truth", "whole-scan.tif"}},
	} {
		if _, code, err := execute(newCompleteCommand(open), test.arguments...); code != exitUsage || !strings.Contains(err.Error(), test.want) {
			t.Errorf("complete %v: exit code %d, %v", test.arguments, code, err)
		}
	}
	for _, test := range []struct {
		want      string
		arguments []string
	}{
		{"none of spiral", []string{"whole.tif", "--mask", "spirl"}},
		{"coverage", []string{"whole.tif", "--coverage", "2"}},
		{"nowhere.tif", []string{"nowhere.tif"}},
		{"images 0 to 0", []string{"whole.tif", "--page", "1"}},
		{".tif", []string{"whole.tif", "--out", "scan.png"}},
	} {
		if _, code, err := execute(newScanCommand(), test.arguments...); code != exitUsage || !strings.Contains(err.Error(), test.want) {
			t.Errorf("scan %v: exit code %d, %v", test.arguments, code, err)
		}
	}
	if _, err := os.Stat("scan.png"); err == nil {
		t.Error("a scan that was refused left a file")
	}
	if matches, _ := filepath.Glob(".*tmp"); len(matches) > 0 {
		t.Errorf("temporary files are left: %v", matches)
	}
}
