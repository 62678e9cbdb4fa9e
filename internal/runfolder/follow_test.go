package runfolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const followHeader = "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n"

// follower reads a run's table and notes what it is told.
type follower struct {
	*Follower
	begun int
	rows  []StepAt
}

func (f *follower) read(t *testing.T) {
	t.Helper()
	err := f.Read(context.Background(), func() { f.begun++; f.rows = nil }, func(rows []StepAt) { f.rows = append(f.rows, rows...) })
	if err != nil {
		t.Fatal(err)
	}
}

func extend(t *testing.T, dir, text string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(dir, MetricsFile), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func followRows(from, to int) string {
	var text strings.Builder
	for step := from; step <= to; step++ {
		fmt.Fprintf(&text, "%d,%v,%v,2.5,,1,1,1,%d,800.5,\n", step, 1+float64(step%7)/8, 1+float64(step%7)/4, step%2)
	}
	return text.String()
}

func TestFollowerReadsWhatGrew(t *testing.T) {
	dir := t.TempDir()
	f := &follower{Follower: Follow(dir)}
	if err := f.Read(context.Background(), nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a table: %v", err)
	}
	extend(t, dir, followHeader[:30])
	f.read(t)
	extend(t, dir, followHeader[30:]+"1,0.5,0.75,9,8,1,1,1,3,800.5,0.25\n2,0.5,,,,1,1,1,0,800.5,\n3,0.")
	f.read(t)
	if len(f.rows) != 2 || f.begun != 1 {
		t.Fatalf("%d rows, begun %d times", len(f.rows), f.begun)
	}
	first := f.rows[0]
	if first.Step.Step != 1 || first.Loss != 0.5 || first.RawLoss != 0.75 || first.Threshold != 9 || first.LowerThreshold != 8 || first.Clipped != 3 ||
		first.ImagesPerSecond != 800.5 || first.TestLoss != 0.25 {
		t.Errorf("%+v", first)
	}
	if second := f.rows[1]; !math.IsNaN(second.RawLoss) || !math.IsNaN(second.Threshold) || !math.IsNaN(second.TestLoss) {
		t.Errorf("%+v", second)
	}
	extend(t, dir, "5,0.5,9,8,1,1,1,3,800.5,\n"+followRows(4, 50_000))
	f.read(t)
	f.read(t)
	if len(f.rows) != 50_000 || f.begun != 1 || f.Problem() != nil {
		t.Fatalf("%d rows, begun %d times, %v", len(f.rows), f.begun, f.Problem())
	}
	for i, s := range f.rows {
		if s.Step.Step != int64(i+1) {
			t.Fatalf("row %d is of step %d", i, s.Step.Step)
		}
	}
	// Rows are read again by their places.
	var again []int64
	if err := f.Steps().Between(f.rows[29_999].Place, f.rows[49_990].Place, func(s *StepAt) { again = append(again, s.Step.Step) }); err != nil {
		t.Fatal(err)
	}
	if len(again) != 19_991 || again[0] != 30_000 || again[19_990] != 49_990 {
		t.Errorf("%d rows again, from %d", len(again), again[0])
	}
	var rows [][]float64
	columns, err := f.Steps().All(f.rows[49_998].Place, -1, func(row []float64) { rows = append(rows, slices.Clone(row)) })
	if err != nil || len(rows) != 2 || rows[1][0] != 50_000 || rows[1][slices.Index(columns, "threshold")] != 2.5 {
		t.Errorf("%v: %v, %v", columns, rows, err)
	}
}

// A run that is resumed cuts its table, and another may take its place.
func TestFollowerNoticesThatATableIsAnother(t *testing.T) {
	dir := t.TempDir()
	f := &follower{Follower: Follow(dir)}
	extend(t, dir, followHeader+followRows(1, 100))
	f.read(t)
	write(t, dir, MetricsFile, followHeader+followRows(1, 90))
	f.read(t)
	if f.begun != 2 || len(f.rows) != 90 {
		t.Errorf("after a cut: begun %d times, %d rows", f.begun, len(f.rows))
	}
	text := followHeader + strings.ReplaceAll(followRows(1, 200), "800.5", "900.5")
	write(t, dir, MetricsFile, text)
	f.read(t)
	if f.begun != 3 || len(f.rows) != 200 || f.rows[0].ImagesPerSecond != 900.5 {
		t.Errorf("of another table: begun %d times, %d rows", f.begun, len(f.rows))
	}
}

// Whatever is in the file, what is whole is read, and memory stays bounded.
func TestFollowerSurvivesDamage(t *testing.T) {
	long := strings.Repeat("9", 3<<20)
	for _, test := range []struct{ name, damage string }{
		{"a row cut short", "51,0.5\n"},
		{"zeros, as after a power cut", strings.Repeat("\x00", 5000) + "\n"},
		{"no number", "51,a,b,c,d,e,f,g,h,i,j\n"},
		{"an endless line", long + "\n"},
		{"an endless row", "51," + long + "\n"},
		{"a step that was", "50,1,1,1,1,1,1,1,1,1,\n"},
		{"an open quote", "\"51,1,1,1,1,1,1,1,1,1,\n"},
	} {
		dir := t.TempDir()
		f := &follower{Follower: Follow(dir)}
		extend(t, dir, followHeader+followRows(1, 50)+test.damage+followRows(51, 20_000))
		f.read(t)
		if len(f.rows) != 20_000 || f.Problem() == nil || len(f.Problem().Error()) > 500 {
			t.Errorf("%s: %d rows, %.500v", test.name, len(f.rows), f.Problem())
		}
	}
	dir := t.TempDir()
	extend(t, dir, followHeader+followRows(1, 10)+strings.Repeat(long, 8))
	f := &follower{Follower: Follow(dir)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f.read(t)
	runtime.ReadMemStats(&after)
	if grew := after.TotalAlloc - before.TotalAlloc; len(f.rows) != 10 || grew > 12<<20 {
		t.Errorf("%d rows, and %d MB for a file without line ends", len(f.rows), grew>>20)
	}
	extend(t, dir, "\n"+followRows(11, 12))
	if f.read(t); len(f.rows) != 12 {
		t.Errorf("%d rows after the endless line", len(f.rows))
	}
	for _, content := range []string{"root:x:0:0:root\n", strings.Repeat("x", 1<<18)} {
		write(t, dir, MetricsFile, content)
		if err := Follow(dir).Read(context.Background(), func() {}, nil); err == nil || len(err.Error()) > 400 {
			t.Errorf("a foreign file gives %v", err)
		}
	}
}

func BenchmarkFollower(b *testing.B) {
	dir := b.TempDir()
	var text strings.Builder
	text.WriteString(followHeader)
	for step := range 200_000 {
		fmt.Fprintf(&text, "%d,%v,%v,%v,,0.0123456789012345,0.00123456789012345,1,0,812.3125,\n", step+1, float32(0.1+1/float64(step+1)),
			float32(0.1+1/float64(step+1)), 3+1/float64(step+1))
	}
	write(b, dir, MetricsFile, text.String())
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if err := Follow(dir).Read(context.Background(), func() {}, func([]StepAt) {}); err != nil {
			b.Fatal(err)
		}
	}
}
