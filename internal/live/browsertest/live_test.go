package browsertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestPageOfARunInProgressGrows(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, "", dir)
	p := open(t, s.url, 1280, 900)
	p.wait("the page says that nothing is there", "document.body.textContent.includes('no runs yet')")
	training := exec.Command(shared.program, train(filepath.Join(dir, "now"), "--steps", "1000000")...)
	if err := training.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { training.Process.Kill(); training.Wait() })
	p.wait("the runs appear by themselves", "document.querySelectorAll('#table tbody tr').length === 2")
	p.wait("they train", "document.querySelector('#table [data-state=training]')")
	p.chart(1)
	const end = "Math.max(...document.querySelector('.chart').chart.source.lines.map(l => l.end))"
	first, picture := get[int](p, end), p.picture()
	p.wait("the line grows", fmt.Sprintf("%s > %d", end, first+20))
	for end := time.Now().Add(20 * time.Second); p.picture() == picture; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the line grew, and the picture did not change")
		}
	}
	p.wait("the title says how many train", "/^[12] training/.test(document.title)")
	p.wait("the row has the step", fmt.Sprintf("[...document.querySelectorAll('#table td.step')].some(td => parseInt(td.textContent.replace(/,/g, '')) > %d)", first))
}

func TestZoomAndToggles(t *testing.T) {
	s := serve(t, "", shared.runs)
	p := open(t, s.url, 1280, 1000)
	p.chart(4)
	before := p.picture()
	for _, name := range []string{"log", "raw", "thresholds", "marks", "seeds", "time"} {
		p.do(chromedp.Click(fmt.Sprintf(".chart [data-name=%s]", name)))
		after := p.picture()
		if after == before {
			t.Errorf("%s changes nothing of the picture", name)
		}
		if hash := get[string](p, "location.hash"); !strings.Contains(hash, map[string]string{"time": "axis"}[name]+name) && !strings.Contains(hash, "axis=time") {
			t.Errorf("after %s the address is %s", name, hash)
		}
		before = after
	}
	// The keys do the same.
	p.do(chromedp.KeyEvent("x"))
	if p.picture() == before {
		t.Error("the key x changes nothing")
	}
	wide := get[float64](p, "document.querySelector('.chart').chart.plot.x[1]")
	bins := get[int](p, widest)
	p.drag(0.3, 0.5)
	p.wait("dragging zooms", fmt.Sprintf("document.querySelector('.chart').chart.plot.x[1] < %v", 0.6*wide))
	p.wait("the server has finer detail", fmt.Sprintf("%s < %d", widest, bins))
	zoomed := p.picture()
	if zoomed == before {
		t.Error("zooming changes nothing of the picture")
	}
	p.do(chromedp.Click(".legend input"))
	if p.picture() == zoomed {
		t.Error("taking a line away changes nothing of the picture")
	}
	address := get[string](p, "location.href")
	want := get[string](p, view)
	p.do(chromedp.KeyEvent("0"))
	p.wait("all steps are back", fmt.Sprintf("document.querySelector('.chart').chart.plot.x[1] >= %v", wide))
	p.do(chromedp.KeyEvent("?"))
	p.wait("help is there", "document.querySelector('dialog[open] kbd')")
	p.do(chromedp.KeyEvent(kb.Escape))
	p.wait("Escape closes it", "!document.querySelector('dialog')")
	// Without its character, which the page keeps from the field.
	p.do(input.DispatchKeyEvent(input.KeyDown).WithKey("/"), chromedp.KeyEvent("none"))
	p.wait("the filter keeps the runs that have it", "[...document.querySelectorAll('#table tbody tr .name')].length === 2 && [...document.querySelectorAll('#table tbody tr .name')].every(n => n.textContent.includes('none'))")

	other := open(t, address, 1280, 1000)
	other.chart(4)
	if got := get[string](other, view); got != want {
		t.Errorf("the address shows %s in another tab, and %s here", got, want)
	}
}

// widest is the most steps of a bin that the chart shows.
const widest = `Math.max(...document.querySelector('.chart').chart.source.lines.map(l => {
	const [from, to] = document.querySelector('.chart').chart.plot.x;
	return Math.max(...l.records.filter((_, i) => l.x[i] >= from && l.x[i] <= to));
}))`

// view is what a chart shows.
const view = "JSON.stringify(document.querySelector('.chart').chart.plot.x.map(Math.round)) + [...document.querySelector('.chart').chart.view.off]"

// drag moves the mouse, pressed, over shares of the plot's width.
func (p *tab) drag(from, to float64) {
	p.t.Helper()
	box := get[[]float64](p, "(() => { const b = document.querySelector('.chart .u-over'); b.scrollIntoView({ block: 'center' }); const r = b.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()")
	x := func(share float64) float64 { return box[0] + share*box[2] }
	y := box[1] + box[3]/2
	p.do(input.DispatchMouseEvent(input.MouseMoved, x(from), y),
		input.DispatchMouseEvent(input.MousePressed, x(from), y).WithButton(input.Left).WithClickCount(1),
		input.DispatchMouseEvent(input.MouseMoved, x((from+to)/2), y).WithButton(input.Left).WithButtons(1),
		input.DispatchMouseEvent(input.MouseMoved, x(to), y).WithButton(input.Left).WithButtons(1),
		input.DispatchMouseEvent(input.MouseReleased, x(to), y).WithButton(input.Left).WithClickCount(1))
}

func TestMarkOpensItsExamples(t *testing.T) {
	s := serve(t, "", shared.runs)
	p := open(t, s.url, 1280, 1000)
	p.chart(4)
	at := get[[]float64](p, `(() => {
		const plot = document.querySelector('.chart').chart.plot;
		plot.u.over.scrollIntoView({ block: 'center' });
		const spots = plot.spots.filter(s => s.mark.kind === 'clipped');
		const spot = spots[spots.length - 1], box = plot.u.over.getBoundingClientRect();
		return [box.left + (spot.x - plot.u.bbox.left) / devicePixelRatio, box.top + (spot.y - plot.u.bbox.top) / devicePixelRatio];
	})()`)
	p.do(chromedp.MouseClickXY(at[0], at[1]))
	p.wait("the step's examples are there", "document.querySelector('dialog[open] .examples figcaption')")
	p.wait("the picture is there", "document.querySelector('dialog .examples img') && document.querySelector('dialog .examples img').naturalWidth > 0")
	if text := get[string](p, "document.querySelector('dialog').textContent"); !strings.Contains(text, "scale") || !strings.Contains(text, "Neighbours") || !strings.Contains(text, "threshold") {
		t.Errorf("the mark tells %q", text)
	}
	if rows := get[int](p, "document.querySelectorAll('dialog tbody tr').length"); rows < 4 {
		t.Errorf("%d neighbours", rows)
	}
	p.save("live-mark.png")
}

func TestUnreachableServerIsSaidAndComesBack(t *testing.T) {
	s := serve(t, "", shared.runs)
	p := open(t, s.url, 1280, 900)
	p.chart(4)
	s.end()
	p.wait("the page says so", "document.getElementById('connection').textContent.includes('cannot be reached')")
	if lines := get[int](p, "document.querySelector('.chart').chart.source.lines.length"); lines != 4 {
		t.Errorf("%d lines are still shown", lines)
	}
	serve(t, strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/"), shared.runs)
	p.wait("it goes on", "document.getElementById('connection').textContent === ''")
	p.chart(4)
	p.forgive("ERR_") // requests while it was away
}

func TestHiddenPageAsksForNothing(t *testing.T) {
	s := serve(t, "", shared.runs)
	p := open(t, s.url, 1280, 900)
	p.chart(4)
	const set = "(hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); return alrc.page.feed.stream === null; })"
	if closed := get[bool](p, set+"(true)"); !closed {
		t.Error("a page that nobody sees keeps the stream open")
	}
	if closed := get[bool](p, set+"(false)"); closed {
		t.Error("a page that is seen again has no stream")
	}
}

func TestPhonesAndDesktopsInLightAndDark(t *testing.T) {
	s := serve(t, "", shared.runs)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{390, 1280} {
			p := open(t, s.url, width, 1000)
			p.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
			p.chart(4)
			if wide := get[int64](p, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("at %d pixels the page is %d wide", width, wide)
			}
			p.picture()
			p.save(map[string]string{"light 1280": "live.png", "dark 390": "live-phone.png"}[fmt.Sprint(scheme, " ", width)])
		}
	}
}

func TestSweepIsSeenWhileItTrains(t *testing.T) {
	if shared.why != "" {
		t.Skip(shared.why)
	}
	dir := filepath.Join(t.TempDir(), "sweep")
	sweep := exec.Command(shared.program, "sweep", "run", "table1-tiny", "--out", dir, "--jobs", "2", "--set", "data.kind=procedural", "--set", "width=0.03",
		"--set", "steps=300", "--set", "batch-size=[1, 4]", "--set", "repeats=1", "--set", "loss=quartic", "--set", "data.size=16")
	var output strings.Builder
	sweep.Stdout, sweep.Stderr = &output, &output
	if err := sweep.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sweep.Wait() }()
	t.Cleanup(func() { sweep.Process.Kill() })
	for {
		if _, err := os.Stat(filepath.Join(dir, "plan.json")); err == nil {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("the sweep ended: %v\n%s", err, output.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	p := open(t, serve(t, "", dir).url, 1280, 1000)
	p.wait("there is a square for each run", "document.querySelectorAll('.square').length === 6")
	p.wait("some are done", "document.querySelector('.square[data-state=done]')")
	p.wait("all are done, and drawn", "document.querySelectorAll('.square[data-state=done]').length === 6 && document.querySelector('.chart').chart.source.lines.filter(l => l.x.length > 1).length === 6")
	p.do(chromedp.Click(".square"))
	p.wait("a click takes a run away", "document.querySelector('.chart').chart.source.lines.length === 5 && location.hash.includes('show=')")
}

func TestTextOfRunsIsText(t *testing.T) {
	if shared.why != "" {
		t.Skip(shared.why)
	}
	const hostile = "<img src=x onerror=document.title=1>"
	dir := t.TempDir()
	run := filepath.Join(dir, hostile)
	if err := os.Mkdir(run, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"run.yaml":    "clip: alrc:2\nsteps: 100\nbatch-size: 1\n",
		"metrics.csv": "step,loss,raw_loss,threshold,lower_threshold,mu1,mu2,scale,clipped,images_per_s,test_loss\n1,9,9,3,,,,0.3,1,90,\n2,2,2,3,,,,1,0,90,\n3,2,2,3,,,,1,0,90,\n",
		"clips.csv":   "step,image,id,loss,threshold,scale\n1,1,\"<b id=hostile>x</b>\",9,3,0.3\n",
	} {
		if err := os.WriteFile(filepath.Join(run, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, "", dir)
	p := open(t, s.url, 1280, 900)
	p.chart(1)
	p.do(chromedp.Evaluate("document.querySelector('.chart').chart.next(1), document.querySelector('.chart').chart.enter()", nil))
	p.wait("the mark tells of its example", "document.querySelector('dialog .examples') && document.querySelector('dialog').textContent.includes('<b id=hostile>')")
	if get[bool](p, "Boolean(document.querySelector('img[src=x], #hostile'))") {
		t.Error("a name became an element")
	}
	if !get[bool](p, fmt.Sprintf("document.querySelector('#table .name').textContent.includes(%q)", hostile)) {
		t.Error("the run's name is not there as text")
	}
}
