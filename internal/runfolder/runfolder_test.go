package runfolder

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// lockVariable asks the test program to try to lock a folder, as another process.
const lockVariable = "ALRC_TEST_LOCK"

func TestMain(m *testing.M) {
	dir := os.Getenv(lockVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if _, err := Lock(dir); IsBusy(err) {
		os.Exit(3)
	} else if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// sameNumbers compares numbers, in which NaN equals NaN.
func sameNumbers(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
}

func step(number int64) *Step {
	value := float64(number)
	return &Step{Step: number, Loss: value / 3, RawLoss: value / 7, Threshold: math.Inf(1), LowerThreshold: math.NaN(), Mu1: 1, Mu2: 2,
		Scale: 0.5, Clipped: 1, ImagesPerSecond: 90, TestLoss: math.NaN(), Outputs: []OutputStep{{value, 2, 1}}}
}

func TestStepsAreReadAsWritten(t *testing.T) {
	dir := t.TempDir()
	table, last, err := OpenSteps(dir, StepColumns{Outputs: []string{"half"}}, 0)
	if err != nil || last != 0 {
		t.Fatal(last, err)
	}
	for i := range int64(5) {
		table.Append(step(i + 1))
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	// A row that is being written is no row yet, and the run goes on after step 4.
	write(t, dir, MetricsFile, read(t, dir, MetricsFile)+"6,0.5")
	m, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	if !sameNumbers(m.Step, []float64{1, 2, 3, 4, 5}) || !sameNumbers(m.Loss, []float64{1. / 3, 2. / 3, 1, 4. / 3, 5. / 3}) ||
		!sameNumbers(m.Threshold, []float64{nan, nan, nan, nan, nan}) || !sameNumbers(m.OutputLoss["half"], m.Step) ||
		!sameNumbers(m.Clipped, []float64{1, 1, 1, 1, 1}) {
		t.Errorf("read %+v", m)
	}
	table, last, err = OpenSteps(dir, StepColumns{Outputs: []string{"half"}}, 4)
	if err != nil || last != 4 {
		t.Fatal(last, err)
	}
	table.Append(step(5))
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := ReadMetrics(dir)
	if err != nil || !reflect.DeepEqual(again.Loss, m.Loss) {
		t.Errorf("after going on: %+v, %v", again, err)
	}
}

// A run goes on with the columns that its table has, in their order, so that one begun by another version of the
// program stays whole.
func TestTablesKeepTheirColumns(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, MetricsFile, "step,raw_loss,loss\n1,3,2\n")
	table, _, err := OpenSteps(dir, StepColumns{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	table.Append(&Step{Step: 2, Loss: 4, RawLoss: 5})
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, dir, MetricsFile), "step,raw_loss,loss\n1,3,2\n2,5,4\n"; got != want {
		t.Errorf("the table is %q, want %q", got, want)
	}
	write(t, dir, MetricsFile, "step,price\n1,3\n")
	if _, _, err := OpenSteps(dir, StepColumns{}, 1); err == nil || !strings.Contains(err.Error(), "not a table of a run") {
		t.Errorf("a foreign table gives %v", err)
	}
	if got := read(t, dir, MetricsFile); got != "step,price\n1,3\n" {
		t.Errorf("a foreign table became %q", got)
	}
}

// A table says how far above the mean each loss was, in standard deviations, where there are moments to say it by.
func TestStepsHaveSigmas(t *testing.T) {
	dir := t.TempDir()
	table, _, err := OpenSteps(dir, StepColumns{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range []Step{{Loss: 11, Mu1: 5, Mu2: 34}, {Loss: 2, Mu1: 5, Mu2: 34}, {Loss: 1, Mu1: 1, Mu2: 1}, {Loss: 1, Mu1: math.NaN(), Mu2: math.NaN()}} {
		s.Step = int64(i + 1)
		table.Append(&s)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(read(t, dir, MetricsFile), "\n")
	for i, want := range []string{"sigmas", "2", "-1", "0", ""} {
		if cells := strings.Split(lines[i], ","); cells[len(cells)-1] != want {
			t.Errorf("line %d ends in %q, not %q: %s", i+1, cells[len(cells)-1], want, lines[i])
		}
	}
}

func TestClipsAreReadAsWritten(t *testing.T) {
	dir := t.TempDir()
	want := []Clip{
		{Step: 1, Image: 7, ID: "a", Loss: 0.25, Threshold: 0.125, Scale: 0.5},
		{Step: 2, Image: 0, ID: `of "x", one`, Loss: 3, Threshold: 2, Scale: 1.5},
		{Step: 2, Image: 1, ID: `"`, Loss: 3, Threshold: 2, Scale: 1.5},
		{Step: 9, Image: 1, ID: "", Loss: 3, Threshold: 2, Scale: 0},
	}
	table, err := OpenClips(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		table.Append(&want[i])
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	var got []Clip
	for clip, err := range Clips(dir) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, clip)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	for _, err := range Clips(t.TempDir()) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing table gives %v", err)
		}
	}
}

func TestCurve(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, MetricsFile, "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n"+
		"1,1,1,,,,,1,0,9,\n2,1,3,4,,,,1,1,9,\n3,1,,4,,,,1,1,9,\n4,1,1,6,,,,1,1,9,\n5,1,8,6,,,,1,0,9,\n")
	if err := WriteCurve(dir, 4000); err != nil { // bins of two steps
		t.Fatal(err)
	}
	if got, want := read(t, dir, CurveFile), "step,steps,raw_loss,max_raw_loss,threshold,clipped\n2,2,2,3,4,1\n4,2,,,5,2\n5,1,8,8,6,0\n"; got != want {
		t.Errorf("the curve is %q, want %q", got, want)
	}
	c, err := ReadCurve(dir)
	if err != nil || !sameNumbers(c.Steps, []float64{2, 2, 1}) || !sameNumbers(c.RawLoss, []float64{2, math.NaN(), 8}) {
		t.Errorf("read %+v, %v", c, err)
	}
}

func TestFoldersOfANewerVersionAreRefused(t *testing.T) {
	for content, want := range map[string]string{
		"clip: none\nfolder-version: 99\nnovelty: 1\n": "version 99",
		"folder-version: 2\nclip: none\n":              "",
		"clip: none\n":                                 "",
	} {
		_, err := ParseSettings([]byte(content))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "newer alrc")) {
			t.Errorf("%q gives %v", content, err)
		}
	}
	settings, err := ParseSettings([]byte("folder-version: 2\nclip: none\noptimizer:\n  kind: adam\n"))
	if want := (Settings{{"clip", "none"}, {"optimizer.kind", "adam"}}); err != nil || !reflect.DeepEqual(settings, want) {
		t.Errorf("the settings are %v, %v", settings, err)
	}
}

// The order is that of what the runs are, not of what their folders are called.
func TestFindPutsRunsWithoutClippingFirst(t *testing.T) {
	out := t.TempDir()
	write(t, filepath.Join(out, "a"), SpecificationFile, "clip: alrc:2\n")
	write(t, filepath.Join(out, "none-of-them"), SpecificationFile, "clip: alrc:3\n")
	write(t, filepath.Join(out, "z"), SpecificationFile, "clip: none\n")
	write(t, filepath.Join(out, "y"), "notes.txt", "")
	runs, err := Find(out)
	if want := []string{filepath.Join(out, "z"), filepath.Join(out, "a"), filepath.Join(out, "none-of-them")}; err != nil || !slices.Equal(runs, want) {
		t.Errorf("found %q, %v", runs, err)
	}
	if runs, err := Find(filepath.Join(out, "nowhere")); err != nil || runs != nil {
		t.Errorf("a folder that does not exist has %q, %v", runs, err)
	}
}

func TestLockKeepsOtherProcessesOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, SpecificationFile, "clip: none\n")
	write(t, dir, "notes.txt", "the user's")
	other := func() int {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), lockVariable+"="+dir)
		command.Run()
		return command.ProcessState.ExitCode()
	}
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !Locked(dir) {
		t.Error("a locked folder does not look so")
	}
	if code := other(); code != 3 {
		t.Errorf("another process ends with %d while the folder is locked", code)
	}
	if err := Remove(dir); !IsBusy(err) || !Holds(dir) {
		t.Errorf("a locked folder is removed: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if Locked(dir) || Locked(t.TempDir()) {
		t.Error("a folder that nobody locks looks locked")
	}
	if code := other(); code != 0 {
		t.Errorf("another process ends with %d after the lock was closed", code)
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := Remove(filepath.Join(dir, "none")); err != nil {
		t.Errorf("a folder that does not exist: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "notes.txt" {
		t.Errorf("what is left is %v, %v", entries, err)
	}
}

func FuzzTables(f *testing.F) {
	f.Add("step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n1,2,2,3,,,,1,0,90,\n")
	f.Add("step,image,id,loss,threshold,scale\n1,1,\"a\"\"b\",9,3,0.3\n2,1,\"")
	f.Add("step,a_loss,a_scale\r\n\"1\",2\r\n")
	f.Fuzz(func(t *testing.T, content string) {
		dir := t.TempDir()
		write(t, dir, MetricsFile, content)
		write(t, dir, ClipsFile, content)
		if m, err := ReadMetrics(dir); err == nil && len(m.Step) != len(m.Loss) {
			t.Errorf("%d steps and %d losses", len(m.Step), len(m.Loss))
		}
		for range Clips(dir) {
		}
	})
}

// The numbers of tables are those that strconv reads, to the bit.
func FuzzNumbers(f *testing.F) {
	for _, text := range []string{"0.1", "-0", "12", "-3.25", ".5", "5.", ".", "-", "", "1e5", "0.30000001192092896", "123456789012345", "1234567890123456",
		"0.000000000000001", "--1", "1.2.3", "nan", "-.5", "999999999999999.", "0x1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := shortDecimal([]byte(text))
		want, err := strconv.ParseFloat(text, 64)
		if ok && (err != nil || math.Float64bits(got) != math.Float64bits(want)) {
			t.Errorf("%q is read as %v, not %v (%v)", text, got, want, err)
		}
	})
}
