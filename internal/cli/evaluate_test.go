package cli

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alrc/internal/atomicfile"
	"alrc/internal/evaluation"
	"alrc/internal/experiment"
	"alrc/internal/format/tiff"
	"alrc/internal/micrograph"
	"alrc/internal/runfolder"
)

// trainCompleters trains two tiny runs in runs/first, on micrographs in images, and goes into their folder.
func trainCompleters(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	generated, _, err := micrograph.NewProcedural(1, 64, 500)
	if err == nil {
		err = os.Mkdir("images", 0o755)
	}
	for i := 0; i < 3 && err == nil; i++ {
		pixels := make([]float32, 64*64)
		err = errors.Join(generated.Crop(i, 0, 0, 64, 64, pixels), atomicfile.Write(fmt.Sprintf("images/%d.tif", i), func(w io.Writer) error {
			return tiff.Write(w, []tiff.Image{{Width: 64, Height: 64, Channels: 1, Pixels: pixels}})
		}))
	}
	if err != nil {
		t.Fatal(err)
	}
	trainTiny(t, "micrographs", "--data", "images", "--test", "images/2.tif", "--size", "32", "--depth", "0.1", "--test-images", "12", "--out", "runs/first")
}

func trainTiny(t *testing.T, arguments ...string) {
	t.Helper()
	if out, code, err := execute(newTrainCommand(nil), append(arguments, "--width", "0.01", "--steps", "20")...); code != 0 {
		t.Fatalf("train %v: exit code %d, %v\n%s", arguments, code, err, out)
	}
}

func evaluate(t *testing.T, arguments ...string) (out string) {
	t.Helper()
	command := newEvaluateCommand(experiment.OpenCompleter)
	command.SetErr(io.Discard)
	var text strings.Builder
	command.SetOut(&text)
	command.SetArgs(arguments)
	if err := command.Execute(); err != nil {
		t.Fatalf("evaluate %v: %v", arguments, err)
	}
	return text.String()
}

func TestEvaluate(t *testing.T) {
	trainCompleters(t)
	text := evaluate(t, "runs/first", "--crops", "12", "--json", "--csv", "crops.csv")
	var e evaluation.Evaluation
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var names []string
	for _, m := range e.Methods {
		names = append(names, m.Name)
	}
	if want := []string{"bilinear", "biharmonic", "kriging", "none", "alrc-3"}; !slices.Equal(names, want) || e.Crops != 12 || e.Size != 32 {
		t.Fatalf("%d crops of %d pixels by %v, not 12 of 32 by %v", e.Crops, e.Size, names, want)
	}

	// The runs' own results are of the same crops.
	for _, m := range e.Methods[3:] {
		result, err := runfolder.ReadResult(m.Run)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range []struct {
			got, want *runfolder.Distribution
		}{{m.BlurredMSE, result.TestMSE}, {e.Methods[0].BlurredMSE, result.BilinearMSE}} {
			if got, want := pair.got, pair.want; *got != *want {
				t.Errorf("%s: errors of %+v, and the run's result has %+v", m.Name, got, want)
			}
		}
		if m.Clip != map[string]string{"none": "none", "alrc-3": "alrc:3"}[m.Name] || m.Step != 20 || m.Steps != 20 {
			t.Errorf("%s: %+v", m.Name, m)
		}
	}

	// What is summed up is in the table of single crops.
	file, err := os.Open("crops.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 1+12*5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	column := func(name string, method int) []float64 {
		var values []float64
		for i, row := range rows[1:] {
			if row[0] != strconv.Itoa(i/5) || row[1] != filepath.Join("images", "2.tif") || row[4] != names[i%5] {
				t.Fatalf("row %d is %v", i, row)
			}
			value, err := strconv.ParseFloat(row[slices.Index(rows[0], name)], 64)
			if err != nil {
				t.Fatal(err)
			}
			if i%5 == method {
				values = append(values, value)
			}
		}
		return values
	}
	bilinear := column("mse_blurred", 0)
	for i, m := range e.Methods {
		for name, got := range map[string]*runfolder.Distribution{"mse_blurred": m.BlurredMSE, "psnr_blurred": m.BlurredPSNR, "ssim_blurred": m.BlurredSSIM,
			"mse": m.MSE, "psnr": m.PSNR, "ssim": m.SSIM} {
			if want := *runfolder.Distribute(column(name, i)); *got != want {
				t.Errorf("%s of %s: %+v, and the crops have %+v", name, m.Name, *got, want)
			}
		}
		nearer := 0
		for crop, value := range column("mse_blurred", i) {
			if value < bilinear[crop] {
				nearer++
			}
		}
		if i == 0 && m.Nearer != nil || i > 0 && math.Abs(*m.Nearer-float64(nearer)/12) > 1e-9 {
			t.Errorf("%s is nearer than bilinear in %v of the crops, not %d of 12", m.Name, m.Nearer, nearer)
		}
	}

	if other := evaluate(t, "runs/first/none", "runs/first", "runs/first/alrc-3/checkpoint.safetensors", "--crops", "12", "--json", "--threads", "1"); other != text {
		t.Errorf("with one thread, and runs that are named twice:\n%s\nnot\n%s", other, text)
	}
	table := evaluate(t, "runs/first", "--crops", "12")
	for _, m := range e.Methods {
		if want := fmt.Sprintf(" %s %#.3g ", m.Name, m.BlurredMSE.Mean); !strings.Contains(strings.Join(strings.Fields(table), " "), want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if table := evaluate(t, "runs/first/none", "--crops", "3", "--baselines=false"); strings.Contains(table, "bilinear") || !strings.Contains(table, "\nnone  0.") {
		t.Errorf("without baselines:\n%s", table)
	}

	// A sweep's folder has its runs one level below, and here the network of one was not kept.
	if err := os.Mkdir("sweep", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("runs/first", "sweep/runs"); err != nil {
		t.Fatal(err)
	}
	if other := evaluate(t, "sweep", "--crops", "12", "--json"); strings.ReplaceAll(other, "sweep/runs", "runs/first") != text {
		t.Errorf("as a sweep's:\n%s\nnot\n%s", other, text)
	}
	path := "sweep/runs/none/run.yaml"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(path, []byte(strings.Replace(string(content), "steps: 20", "steps: 40", 1)), 0o644)
	if table := evaluate(t, "sweep/runs/none", "--crops", "3"); !strings.Contains(table, "step 20 of 40") {
		t.Errorf("of a run that is not done:\n%s", table)
	}

	// The micrographs are elsewhere, and a sweep does not say where they were; or they are others.
	if err := os.Rename("images", "moved"); err != nil {
		t.Fatal(err)
	}
	if other := evaluate(t, "sweep", "--crops", "12", "--json", "--data-dir", "moved"); !strings.Contains(other, e.Hash) {
		t.Errorf("of images that were moved:\n%s", other)
	}
	nowhere := strings.NewReplacer("  paths:\n  - images\n", "", "test: images/2.tif", "test: 2.tif")
	os.WriteFile(path, []byte(nowhere.Replace(string(content))), 0o644)
	if other := evaluate(t, "sweep", "--crops", "12", "--json", "--data-dir", "moved"); strings.ReplaceAll(other, "sweep/runs", "runs/first") != text {
		t.Errorf("of images in an unknown place:\n%s\nnot\n%s", other, text)
	}
	os.Remove("moved/0.tif")
	os.Remove("sweep/runs/alrc-3/checkpoint.safetensors")
	trainTiny(t, "micrographs", "--size", "64", "--depth", "0.1", "--mask", "grid", "--test-images", "1", "--clip", "none", "--out", "other")
	trainTiny(t, "supersample", "--size", "8", "--test-images", "1", "--clip", "none", "--out", "supersample")
	for _, test := range []struct {
		want      string
		arguments []string
	}{
		{"--data-dir", []string{"sweep/runs/none"}},
		{"trained on other images", []string{"sweep/runs/none", "--data-dir", "moved"}},
		{"its network was not kept", []string{"sweep"}},
		{"size: 32 and 64\n  mask: spiral and grid\n  hash", []string{"sweep/runs/none", "other"}},
		{"task is not micrographs", []string{"supersample"}},
		{"holds no run.yaml", []string{"moved"}},
		{"nowhere", []string{"nowhere"}},
		{"--crops 0", []string{"other", "--crops", "0"}},
		{"--crops 9000000", []string{"other", "--crops", "9000000"}},
		{"--threads -1", []string{"other", "--threads", "-1"}},
		{"no folder nowhere", []string{"other", "--csv", "nowhere/crops.csv"}},
	} {
		if _, code, err := execute(newEvaluateCommand(experiment.OpenCompleter), test.arguments...); code != exitUsage || !strings.Contains(err.Error(), test.want) {
			t.Errorf("evaluate %v: exit code %d, %v", test.arguments, code, err)
		}
	}
}

// diverged is a network whose weights are no numbers.
type diverged struct{}

func (diverged) Side() int    { return 32 }
func (diverged) Kriged() bool { return false }
func (diverged) Complete(_, output []float32) error {
	for i := range output {
		output[i] = float32(math.NaN())
	}
	return nil
}
func (diverged) Close() {}

func TestEvaluateDivergedNetwork(t *testing.T) {
	trainCompleters(t)
	open := func(string, int) (micrograph.Completer, error) { return diverged{}, nil }
	out, code, err := execute(newEvaluateCommand(open), "runs/first/none", "--crops", "3", "--csv", "crops.csv")
	if code != 0 || !strings.Contains(out, "none puts out what is no number") || !strings.Contains(out, "0.0 %") || strings.Contains(out, "NaN") {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
	content, err := os.ReadFile("crops.csv")
	if err != nil || !strings.Contains(string(content), ",none,,,,,,\n") || strings.Contains(string(content), "NaN") {
		t.Errorf("%v\n%s", err, content)
	}
	if out, code, err := execute(newEvaluateCommand(open), "runs/first/none", "--crops", "3", "--json"); code != 0 || !strings.Contains(out, `"mse_blurred": null`) {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
}

func TestEvaluateStops(t *testing.T) {
	trainCompleters(t)
	text, code := signalled(t, command(t, "evaluate", "runs/first", "--crops", "500000", "--csv", "crops.csv"), "bilinear: ", os.Interrupt)
	if code != 130 || !strings.Contains(text, "alrc: stopped, and nothing was written\n") {
		t.Errorf("exit code %d\n%s", code, text)
	}
	if _, err := os.Stat("crops.csv"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file of what was stopped: %v", err)
	}
}

// Whole micrographs are completed by every method, without a run.
func TestEvaluateWhole(t *testing.T) {
	t.Chdir(t.TempDir())
	images, _, err := micrograph.NewProcedural(1, 256, 100)
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, 64*64)
	for i, name := range []string{"a.tif", "b.tif"} {
		var content strings.Builder
		err := images.Crop(i, 0, 0, 64, 64, pixels)
		if err == nil {
			err = tiff.Write(&content, []tiff.Image{{Width: 64, Height: 64, Channels: 1, Pixels: pixels}})
		}
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(name, []byte(content.String()), 0o644)
	}
	arguments := []string{"--images", "a.tif,b.tif", "--masks", "grid,spiral", "--coverages", "0.1,0.2", "--scans", "2", "--csv", "all.csv", "--picture", "all.png"}
	text := evaluate(t, arguments...)
	picture, err := os.Open("all.png")
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	if drawn, err := png.Decode(picture); err != nil || drawn.Bounds().Dx() < 6*192 || drawn.Bounds().Dy() < 2*192 {
		t.Errorf("the picture of 2 images, 4 methods, the scan and the truth: %v", err)
	}
	for _, want := range []string{"kind grid, coverage 0.1", "kind spiral, coverage 0.2", "\nkriging ", "\nauto ", "a  ", "b  ", "2 scans"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tables lack %q:\n%s", want, text)
		}
	}
	content, err := os.ReadFile("all.csv")
	if rows := strings.Count(string(content), "\n"); err != nil || rows != 1+2*2*2*2*4 {
		t.Errorf("%d rows for 2 images, 2 kinds, 2 coverages, 2 scans and 4 methods (%v)", rows, err)
	}
	if again := evaluate(t, append(arguments, "--threads", "1")...); again != text {
		t.Errorf("with one thread:\n%s\nnot\n%s", again, text)
	}
}

// No network is tried on what it was trained on, and runs that differ in that alone are one row.
func TestEvaluateWholeByCrossValidation(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8") // elsewhere tables have other dashes
	trainCompleters(t)
	trainTiny(t, "micrographs", "--data", "images", "--test", "images/1.tif", "--size", "32", "--depth", "0.1", "--test-images", "1", "--out", "runs/second")
	images := []string{"--images", "images/1.tif,images/2.tif", "--scans", "1", "--baselines=false", "--csv", "all.csv"}
	text := evaluate(t, append([]string{"runs/first/none"}, images...)...)
	if !regexp.MustCompile(`(?m)^none +– +[0-9.]+ +– `).MatchString(text) || !strings.Contains(strings.Join(strings.Fields(text), " "), "was trained on the image") {
		t.Errorf("of an image that the network was trained on:\n%s", text)
	}
	text = evaluate(t, append([]string{"runs/first", "runs/second"}, images...)...)
	for _, want := range []string{`(?m)^\*/none +[0-9.e-]+ +[0-9.e-]+ +[0-9.e-]+ `, `(?m)^\*/alrc-3 `, `not\s+trained\s+on\s+it`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	content, err := os.ReadFile("all.csv")
	if rows := strings.Count(string(content), "\n"); err != nil || rows != 1+2*2 {
		t.Errorf("%d rows for 2 images and 2 pairs of networks (%v)\n%s", rows, err, content)
	}
	if err := os.Rename("images", "moved"); err != nil {
		t.Fatal(err)
	}
	text = evaluate(t, "runs/first/none", "--images", "moved/2.tif", "--scans", "1")
	if !strings.Contains(strings.Join(strings.Fields(text), " "), "What none learned from was not found") {
		t.Errorf("of a network whose images moved:\n%s", text)
	}
}
