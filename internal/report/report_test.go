package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// madeRun is a run whose folder writeRun makes up: a learning curve that falls to a level, with spikes.
type madeRun struct {
	clip       string
	seed       uint64
	steps      int
	level      float64 // of the final losses
	threshold  float64 // 0: no clipping
	divergedAt int     // 0: it does not
	running    bool    // no result.json
}

func (m madeRun) label() string {
	return fmt.Sprintf("%s-seed%d", strings.NewReplacer(":", "-", ",", "-").Replace(m.clip), m.seed)
}

func writeRun(t *testing.T, out string, m madeRun) {
	t.Helper()
	dir := filepath.Join(out, m.label())
	for _, sub := range []string{"samples", "worst"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("run.yaml", fmt.Appendf(nil, "task: supersample\ndata:\n  kind: procedural\nloss: quartic\nhuber: true\nclip: %s\nseed: %d\nbatch-size: 1\n"+
		"steps: %d\nwidth: 0.25\noptimizer:\n  kind: adam\n  learning-rate: 0.00078125\nlast: 0\nenvironment:\n  cpu: test\n  command: alrc train --steps %d\n", m.clip, m.seed, m.steps, m.steps))

	random := rand.New(rand.NewPCG(m.seed, 1))
	var metrics, clips bytes.Buffer
	metrics.WriteString("step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n")
	clips.WriteString("step,image,id,loss,threshold,scale\n")
	last := min(5000, m.steps/4)
	clipped := 0
	var worst []map[string]any
	steps := m.steps
	if m.divergedAt > 0 {
		steps = m.divergedAt
	}
	if m.running {
		steps /= 2
	}
	for step := 1; step <= steps; step++ {
		base := m.level * (0.8 + 6*math.Exp(-float64(step)/float64(m.steps)*12))
		raw := base * math.Exp(0.6*random.NormFloat64()) * 0.9
		if random.Float64() < 0.004 {
			raw *= 20 * math.Exp(random.NormFloat64())
		}
		loss := raw
		if loss >= 50 {
			loss = math.Sqrt(loss)
		}
		threshold, scale, count := "", 1., 0
		if m.threshold > 0 {
			limit := m.threshold * base
			threshold = fmt.Sprint(limit)
			if loss > limit {
				scale, count = limit/loss, 1
				clipped++
				fmt.Fprintf(&clips, "%d,%d,data_batch_1:%d,%v,%v,%v\n", step, step%500, step%500, loss, limit, scale)
				if scale < 0.3 && len(worst) < 8 {
					file := fmt.Sprintf("worst/worst-%d.png", len(worst)+1)
					write(file, picture(step))
					worst = append(worst, map[string]any{"step": step, "image": step % 500, "id": fmt.Sprintf("data_batch_1:%d", step%500),
						"loss": loss, "threshold": limit, "scale": scale, "file": file})
				}
			}
		}
		test := ""
		if step == steps {
			test = fmt.Sprint(m.level * 0.7)
		}
		if step == m.divergedAt {
			fmt.Fprintf(&metrics, "%d,,,%s,,,,%v,%d,95.5,\n", step, threshold, scale, count)
			continue
		}
		fmt.Fprintf(&metrics, "%d,%v,%v,%s,,,,%v,%d,95.5,%s\n", step, loss, raw, threshold, scale, count, test)
	}
	write("metrics.csv", metrics.Bytes())
	write("clips.csv", clips.Bytes())
	if m.running {
		return
	}
	result := map[string]any{"label": m.label(), "clip": m.clip, "seed": m.seed, "steps": m.steps, "diverged": m.divergedAt > 0,
		"last": last, "losses": steps, "clipped": clipped, "test_loss": m.level * 0.7, "images_per_s": 95.5, "wall_seconds": float64(steps) / 95.5, "worst": worst}
	if m.divergedAt > 0 {
		result["diverged_step"], result["diverged_reason"] = m.divergedAt, "a loss that is not finite"
		result["diverged_images"] = []string{"data_batch_1:7"}
		result["mean"], result["test_loss"] = nil, nil
	} else {
		result["mean"] = m.level
		var samples []map[string]any
		for k := 1; k <= 4; k++ {
			sample := map[string]any{"loss": 0.123 * float64(k)}
			for i, name := range []string{"input", "output", "target"} {
				file := fmt.Sprintf("samples/%s-%d.png", name, k)
				write(file, picture(10*k+i))
				sample[name] = file
			}
			samples = append(samples, sample)
		}
		result["samples"] = samples
	}
	content, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	write("result.json", content)
}

func picture(seed int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for y := range 32 {
		for x := range 32 {
			img.Set(x, y, color.RGBA{uint8(x*8 + seed), uint8(y * 8), uint8((x*y + seed*31) % 256), 255})
		}
	}
	var buffer bytes.Buffer
	png.Encode(&buffer, img)
	return buffer.Bytes()
}

func load(t *testing.T, runs ...madeRun) *Comparison {
	t.Helper()
	dir := t.TempDir()
	for _, run := range runs {
		writeRun(t, dir, run)
	}
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func seeds(clip string, threshold float64, levels ...float64) []madeRun {
	var runs []madeRun
	for seed, level := range levels {
		runs = append(runs, madeRun{clip: clip, seed: uint64(seed), steps: 400, level: level, threshold: threshold})
	}
	return runs
}

func TestFirstSentenceSaysWhatHappened(t *testing.T) {
	diverged := madeRun{clip: "none", steps: 400, divergedAt: 123}
	for _, test := range []struct {
		name string
		runs []madeRun
		want []string
	}{
		{"better", append(seeds("none", 0, 1.19, 1.16, 1.22), seeds("alrc:2", 4, 1.12, 1.11, 1.16)...),
			[]string{"ALRC at n = 2 lowered the mean of the last 100 losses from 1.190 ± 0.030 to 1.130 ± 0.026 (−5.0 %, 95 % interval −7.0 % to −3.0 %) over 3 seeds; it clipped ", "of the losses."}},
		{"worse", append(seeds("none", 0, 1, 1.01, 1.02), seeds("alrc:2", 4, 1.2, 1.3, 1.25)...),
			[]string{"ALRC at n = 2 raised the mean", "(+24 %, 95 % interval ", ") over 3 seeds"}},
		{"maybe chance", append(seeds("none", 0, 1, 1.01), seeds("alrc:2", 4, 1.2, 1.3)...),
			[]string{"ALRC at n = 2 made no significant difference: the mean of the last 100 losses went from 1.0050 ± 0.0071 to 1.250 ± 0.071 over 2 seeds (p = 0.1)"}},
		{"seeds disagree", append(seeds("none", 0, 1, 1.2), seeds("alrc:2", 4, 1.2, 0.9)...),
			[]string{"made no clear difference", "down for 1 of the seeds and up for 1"}},
		{"too small", append(seeds("none", 0, 1), seeds("alrc:2", 4, 0.995)...),
			[]string{"ALRC at n = 2 made no clear difference: the mean of the last 100 losses went from 1.000 to 0.995;"}},
		{"one seed", append(seeds("none", 0, 1), seeds("alrc:2", 4, 0.5)...),
			[]string{"lowered the mean", "from 1.000 to 0.500 (−50 %);", "with one seed this may be chance."}},
		{"diverged without", append([]madeRun{diverged}, seeds("alrc:2", 4, 0.5)...),
			[]string{"Without clipping the run diverged; with ALRC, n = 2 it did not, and the mean of the last 100 losses is 0.500"}},
		{"some diverged without", append([]madeRun{diverged, {clip: "none", seed: 1, steps: 400, level: 1}}, seeds("alrc:2", 4, 0.5, 0.6)...),
			[]string{"Without clipping 1 of 2 runs diverged; with ALRC, n = 2 no run did", "(without: 1.000, of the runs that did not diverge)"}},
		{"diverged with", append(seeds("none", 0, 1), madeRun{clip: "alrc:2", steps: 400, divergedAt: 50}),
			[]string{"ALRC at n = 2 made it worse: its run diverged, and without clipping none did."}},
		{"all diverged", []madeRun{diverged, {clip: "alrc:2", steps: 400, divergedAt: 50}},
			[]string{"Every run diverged, without clipping and with ALRC, n = 2."}},
		{"no baseline", seeds("two-sided:2,3", 4, 0.5),
			[]string{"With two-sided ALRC, n = 2 down, 3 up, the mean of the last 100 losses is 0.500"}},
		{"nothing to compare", seeds("none", 0, 0.5),
			[]string{"Without clipping, the mean of the last 100 losses is 0.500. There is no run with clipping to compare it with."}},
		{"nothing clipped", append(seeds("none", 0, 1), seeds("alrc:4", 1e9, 1)...), []string{"it clipped no loss"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := load(t, test.runs...).Sentences()[0]
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("the first sentence is\n%s\nand lacks\n%s", got, want)
				}
			}
		})
	}
}

func TestDivergenceNamesSeedStepAndImages(t *testing.T) {
	c := load(t, madeRun{clip: "none", seed: 0, steps: 400, divergedAt: 123}, madeRun{clip: "none", seed: 1, steps: 400, level: 1})
	all := strings.Join(c.Sentences(), "\n")
	want := "Diverged without clipping: seed 0 at step 123 (a loss that is not finite; images data_batch_1:7)."
	if !strings.Contains(all, want) {
		t.Errorf("the sentences are\n%s\nand lack\n%s", all, want)
	}
}

func TestLossNamesSeedAndStep(t *testing.T) {
	c := load(t, madeRun{clip: "none", seed: 0, steps: 400, level: 1}, madeRun{clip: "none", seed: 1, steps: 400, level: 1})
	c.Groups[0].Runs[1].result.Stability = &runfolder.Stability{LeftStep: 3524}
	all := strings.Join(c.Sentences(), "\n")
	want := "Lost without clipping: seed 1 at step 3,524. There the loss left its level, and it did not come back."
	if !strings.Contains(all, want) {
		t.Errorf("the sentences are\n%s\nand lack\n%s", all, want)
	}
}

func TestTable(t *testing.T) {
	c := load(t, append(seeds("none", 0, 1.19, 1.16), madeRun{clip: "alrc:2", steps: 400, divergedAt: 50})...)
	var text bytes.Buffer
	if err := c.Table(&text, words.Layout{}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	first := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "clipping") })
	lines = append(lines[first:first+3], lines[len(lines)-1])
	for i, want := range [][]string{
		{"clipping", "mean of last 100", "99th percentile", "largest of last 100", "clipped", "test loss"},
		{"no clipping", "2  ", "1.175 ± 0.021"},
		{"ALRC, n = 2", "1  ", "diverged"},
		// Speed is no result: it stands below.
		{"Speed of this machine (test)", "without clipping 95.50 images/s, 4.2 s a run"},
	} {
		for _, field := range want {
			if !strings.Contains(lines[i], field) {
				t.Errorf("line %q lacks %q", lines[i], field)
			}
		}
	}
}

// The largest loss is that of the whole run, with its seed and step, and that of the automatic start, in which nothing is
// clipped yet, stands beside it.
func TestLargestLossesAreOfWholeRuns(t *testing.T) {
	dir := t.TempDir()
	for _, run := range seeds("none", 0, 1, 1.1) {
		writeRun(t, dir, run)
		path := filepath.Join(dir, run.label(), "metrics.csv")
		lines := strings.Split(read(t, path), "\n")
		for step, loss := range map[int]int{2: 853, 150: 700 * int(1+run.seed), 151: 7, 390: 68} {
			fields := strings.Split(lines[step], ",")
			fields[2] = strconv.Itoa(loss)
			lines[step] = strings.Join(fields, ",")
		}
		write(t, path, strings.Join(lines, "\n"))
	}
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	header, rows := c.peakTable()
	if header[1] != "largest after step 20" || len(rows) != 1 || !slices.Equal(rows[0][1:6], []string{"1,400", "1", "150", "853.0", "2"}) {
		t.Errorf("the peaks are %q: %q", header, rows)
	}
	if episodes, err := strconv.ParseFloat(rows[0][6], 64); err != nil || episodes < 2 {
		t.Errorf("%q spike episodes", rows[0][6])
	}
	_, results := c.table()
	if results[0][4] != "68.00" {
		t.Errorf("the largest of the last steps is %s", results[0][4])
	}
}

func TestRunInProgress(t *testing.T) {
	c := load(t, madeRun{clip: "none", steps: 400, level: 1, running: true})
	all := strings.Join(c.Sentences(), "\n")
	if want := "none-seed0 is not done: 200 of 400 steps"; !strings.Contains(all, want) {
		t.Errorf("the sentences are\n%s\nand lack\n%s", all, want)
	}
	// A run that has only begun has run.yaml and nothing else.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "alrc-2"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "alrc-2", "run.yaml"), []byte("clip: alrc:2\nsteps: 100\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	begun, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := begun.Write(dir); err != nil {
		t.Error(err)
	}
	var text bytes.Buffer
	if err := begun.TerminalPlot(&text, 80, 18, false); err != nil {
		t.Error(err)
	}
}

// external finds what a browser would fetch from elsewhere; the names of XML spaces are not fetched.
var external = regexp.MustCompile(`(?i)src\s*=\s*["'](?:[^"'d]|d[^"'a])|href\s*=\s*["'](?:[a-z+.-]*:|//)|\burl\([^#]|@import|<script[^>]* src|<link|<iframe`)

func TestWrite(t *testing.T) {
	c := load(t, append(seeds("none", 0, 1.19, 1.16, 1.2), seeds("alrc:2", 3, 1.1, 1.08, 1.12)...)...)
	out := os.Getenv("ALRC_REPORT_OUT")
	if out == "" {
		out = t.TempDir()
	}
	if err := c.Write(out); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	if found := external.Find(page); found != nil {
		t.Errorf("the page needs something from elsewhere: %q", found)
	}
	for _, want := range []string{": 400 steps without clipping and with ALRC, n = 2</h1>", "generated images", "loss 0.123", `<a href="alrc-2-seed1">`, "ALRC at n = 2 lowered", "Clipped hardest", "data:image/png;base64,",
		"alrc train --steps 400", "prefers-color-scheme: dark", "data_batch_1:", "optimizer.learning-rate"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if bytes.Contains(page, []byte("ZgotmplZ")) {
		t.Error("the template refused a value")
	}
	file, err := os.Open(filepath.Join(out, "curves.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if config, err := png.DecodeConfig(file); err != nil || config.Width != 2000 {
		t.Errorf("curves.png: %v wide, %v", config.Width, err)
	}
	var summary struct {
		Sentences []string
		Clippings []struct {
			Clip string
			Mean float64
		}
	}
	content, err := os.ReadFile(filepath.Join(out, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &summary); err != nil {
		t.Fatal(err)
	}
	if len(summary.Clippings) != 2 || math.Abs(summary.Clippings[0].Mean-(1.19+1.16+1.2)/3) > 1e-9 {
		t.Errorf("summary.json says %+v", summary)
	}
}

func TestMalformedFoldersAreNamed(t *testing.T) {
	for _, test := range []struct{ name, file, content, want string }{
		{"settings", "run.yaml", "clip: [", "run.yaml"},
		{"empty settings", "run.yaml", "", "no settings"},
		{"result", "result.json", "{", "result.json"},
		{"header", "metrics.csv", "a,b\n1,2\n", `no column "step"`},
		{"number", "metrics.csv", "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n1,x,1,,,,,1,0,9,\n2,1,1,,,,,1,0,9,\n", `metrics.csv, line 2: loss: "x" is no number`},
		{"clips", "clips.csv", "step,image,id,loss,threshold,scale\nx,1,a,1,1,1\n1,1,a,1,1,1\n", `clips.csv, line 2: step: "x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			run := madeRun{clip: "none", steps: 40, level: 1}
			writeRun(t, dir, run)
			if err := os.WriteFile(filepath.Join(dir, run.label(), test.file), []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no runs") {
		t.Errorf("an empty folder gives %v", err)
	}
}

func TestTextOfFilesIsEscaped(t *testing.T) {
	dir := t.TempDir()
	run := madeRun{clip: "none", steps: 40, level: 1}
	writeRun(t, dir, run)
	path := filepath.Join(dir, run.label(), "run.yaml")
	if err := os.WriteFile(path, []byte("clip: none\nnote: \"<script>alert(1)</script>\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := c.page().Write(&page); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page.Bytes(), []byte("<script>alert")) || !bytes.Contains(page.Bytes(), []byte("&lt;script")) {
		t.Error("a setting reached the page as markup")
	}
}

func TestPicturesOutsideOfTheRunStayOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.png"), picture(1), 0o644); err != nil {
		t.Fatal(err)
	}
	run := &Run{Dir: filepath.Join(dir, "run")}
	for _, name := range []string{"../secret.png", filepath.Join(dir, "secret.png")} {
		if run.image(name, "").Content != nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzTables(f *testing.F) {
	header := "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n"
	f.Add(header+"1,2,2,3,,,,1,0,90,\n2,1e300,-1,,,,,1,0,90,1\n", "step,image,id,loss,threshold,scale\n1,1,a,9,3,0.3\n", "{}")
	f.Add(header+"1,NaN,Inf,-Inf,0,,,1,1e30,0,\n", "step,image,id,loss,threshold,scale\n9,1,\"a\",,,0\n", `{"last":9999999999,"mean":null,"worst":[{}]}`)
	f.Add(header+"1,2", "", `{"last":-5,"diverged":true,"samples":[{}]}`)
	f.Fuzz(func(t *testing.T, metrics, clips, result string) {
		dir := t.TempDir()
		for name, content := range map[string]string{"run.yaml": "clip: alrc:2\nsteps: 2\n", "metrics.csv": metrics, "clips.csv": clips, "result.json": result} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Load(dir)
		if err != nil {
			return
		}
		if err := c.page().Write(io.Discard); err != nil {
			t.Error(err)
		}
		if err := c.Table(io.Discard, words.Layout{}); err != nil {
			t.Error(err)
		}
		if err := c.TerminalPlot(io.Discard, 60, 12, true); err != nil {
			t.Error(err)
		}
		if err := c.writeSummary(io.Discard); err != nil {
			t.Error(err)
		}
	})
}
