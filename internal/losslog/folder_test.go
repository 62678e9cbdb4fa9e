package losslog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repeated writes lines of 20 steps, of which format takes the number and the loss.
func repeated(heading, format string, offset float64) string {
	var b strings.Builder
	b.WriteString(heading)
	for i := range 20 {
		fmt.Fprintf(&b, format, i, 2.5-0.0625*float64(i)+offset)
	}
	return b.String()
}

// Programs leave folders of many files, of which one or several are of a training's losses.
func TestFoldersOfPrograms(t *testing.T) {
	table := repeated("step,train_loss\n", "%d,%.4f\n", 0)
	for _, test := range []struct {
		name  string
		files map[string]string
		read  string // what is read of the folder
		runs  int    // how many are asked about
	}{
		{name: "outputs of jobs", runs: 2, files: map[string]string{
			"job.o101": repeated("", "epoch %d train loss %.4f\n", 0), "job.o102": repeated("", "epoch %d train loss %.4f\n", 1), "train.py": "loss = 0.5\n"}},
		{name: "a job beside its errors", read: "slurm-7.out", files: map[string]string{
			"slurm-7.out": repeated("", "epoch %d train loss %.4f\n", 0), "slurm-7.err": "Loading modules\n", "job.sh": "srun python train.py\n"}},
		{name: "a log in a folder of its own", read: "20240305/20240305.log", files: map[string]string{
			"20240305/20240305.log": repeated("", "iter %d loss: %.4f\n", 0), "20240305/vis_data/config.json": `{"lr": 0.1}`, ".git/x.log": table}},
		{name: "a console and the table of the same losses", read: "metrics.json", files: map[string]string{
			"log.txt": repeated("starting\n", "iter: %d total_loss: %.3f lr: 0.1\n", 0), "metrics.json": repeated("", `{"iteration": %d, "total_loss": %.4f}`+"\n", 0)}},
		{name: "a console and the table of other losses", runs: 2, files: map[string]string{
			"log.txt": repeated("", "iter: %d total_loss: %.3f\n", 0), "table.csv": repeated("step,loss\n", "%d,%.4f\n", 1)}},
		{name: "MLflow", read: "0/abc/metrics/train_loss", files: map[string]string{
			"0/abc/metrics/train_loss": repeated("", "17000000%02[1]d000 %.4[2]f %[1]d\n", 0), "0/abc/metrics/val_loss": repeated("", "17000000%02[1]d000 %.4[2]f %[1]d\n", 1),
			"0/abc/metrics/accuracy": repeated("", "17000000%02[1]d000 %.4[2]f %[1]d\n", 2), "0/abc/params/lr": "0.1", "0/meta.yaml": "name: x\n"}},
	} {
		dir := t.TempDir()
		for name, content := range test.files {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		source, err := read(Options{Inputs: []string{dir}}, func(int64, []float64) { n++ })
		var choice *ChoiceError
		if errors.As(err, &choice) {
			if len(choice.Candidates) != test.runs {
				t.Errorf("%s: asked about %+v", test.name, choice.Candidates)
			}
			continue
		}
		if err != nil || n != 20 || len(source.Files) != 1 || source.Files[0] != filepath.Join(dir, filepath.FromSlash(test.read)) {
			t.Errorf("%s: %d steps of %v (%v)", test.name, n, source.Files, err)
		}
	}
}
