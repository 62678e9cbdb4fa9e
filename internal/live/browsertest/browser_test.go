package browsertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// What all tests share: the program, the browser, and a folder of runs that are done.
var shared struct {
	program, runs string
	browser       context.Context
	why           string // there is no browser
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		shared.why = "there is no chromium"
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "alrc-browser")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("TMPDIR", dir) // what a browser makes there it leaves behind
	shared.program = filepath.Join(dir, "alrc")
	shared.runs = filepath.Join(dir, "supersampling", "runs")
	command(dir, "go", "build", "-C", "../../..", "-o", shared.program, "./cmd/alrc")
	// A high rate and a low limit, so that there are spikes and clipped losses. Pictures for readers are of longer runs.
	steps := "1600"
	if os.Getenv("ALRC_PICTURES") != "" {
		steps = "8000"
	}
	command(dir, shared.program, train(shared.runs, "--steps", steps, "--seeds", "2")...)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Run(browser); err != nil {
		panic(fmt.Sprintf("start %s: %v", path, err))
	}
	shared.browser = browser
	return m.Run()
}

// train are the arguments of a small training.
func train(out string, more ...string) []string {
	return append([]string{"train", "--out", out, "--width", "0.03", "--size", "16", "--clip", "none", "--clip", "alrc:3", "--learning-rate", "0.01", "--test-images", "8"}, more...)
}

func command(dir, name string, arguments ...string) {
	if output, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output))
	}
}

// server is alrc serve.
type server struct {
	*exec.Cmd
	url string
}

// serve starts one, at an address or a free port, and ends it with the test.
func serve(t *testing.T, address string, places ...string) *server {
	t.Helper()
	if shared.why != "" {
		t.Skip(shared.why)
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	s := &server{Cmd: exec.Command(shared.program, append([]string{"serve", "--address", address}, places...)...)}
	s.Dir = filepath.Dir(shared.runs) // whose name is the page's title
	output, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	scanner := bufio.NewScanner(output)
	for scanner.Scan() {
		if at := strings.Index(scanner.Text(), "http://"); at >= 0 {
			s.url = strings.Fields(scanner.Text()[at:])[0]
			return s
		}
	}
	t.Fatal("the server did not say its address")
	return nil
}

func (s *server) end() {
	s.Process.Kill()
	s.Wait()
}

// tab is a page in the browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mutex    sync.Mutex
	faults   []string
	requests []string
}

// open shows an address in a new tab of a size. At the end of the test there must have been no error in the console, and no
// request to another place than the address.
func open(t *testing.T, url string, width, height int64) *tab {
	t.Helper()
	if shared.why != "" {
		t.Skip(shared.why)
	}
	ctx, cancel := chromedp.NewContext(shared.browser)
	ctx, stop := context.WithTimeout(ctx, 40*time.Second)
	p := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.listen)
	p.do(network.Enable(), log.Enable(), runtime.Enable(), chromedp.EmulateViewport(width, height), chromedp.Navigate(url))
	t.Cleanup(func() {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		for _, fault := range p.faults {
			t.Errorf("the browser's console: %s", fault)
		}
		origin := strings.Join(strings.SplitAfterN(url, "/", 4)[:3], "")
		for _, request := range p.requests {
			if !strings.HasPrefix(request, origin) && !strings.HasPrefix(request, "data:") && !strings.HasPrefix(request, "blob:") {
				t.Errorf("the page of %s asks for %s", origin, request)
			}
		}
		stop()
		cancel()
	})
	return p
}

func (p *tab) listen(event any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.faults = append(p.faults, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			p.faults = append(p.faults, fmt.Sprint(e.Type, " ", string(e.Args[0].Value)))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError {
			p.faults = append(p.faults, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

// forgive forgets the errors so far that have a text in them, which the test made.
func (p *tab) forgive(text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var rest []string
	for _, fault := range p.faults {
		if !strings.Contains(fault, text) {
			rest = append(rest, fault)
		}
	}
	p.faults = rest
}

func (p *tab) do(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// get evaluates an expression.
func get[T any](p *tab, expression string) (value T) {
	p.t.Helper()
	p.do(chromedp.Evaluate(expression, &value))
	return value
}

// wait waits until an expression is true.
func (p *tab) wait(what, expression string) {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if get[bool](p, "Boolean("+expression+")") {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// chart is the page's chart, once its lines are there.
func (p *tab) chart(lines int) {
	p.t.Helper()
	p.wait("the chart is there", fmt.Sprintf("document.querySelector('.chart') && document.querySelector('.chart').chart.source.lines.filter(l => l.x.length > 1).length >= %d", lines))
	p.wait("it is drawn", frames)
}

// frames waits for what is drawn before the next frame.
const frames = "(window.counted = (window.counted || 0) + 1, requestAnimationFrame(() => requestAnimationFrame(() => { window.reached = window.counted; })), window.reached >= 1)"

// picture is the pixels of the page's chart in short.
func (p *tab) picture() string {
	p.t.Helper()
	var data string
	p.do(chromedp.Evaluate(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(document.querySelector('.chart canvas').toDataURL()))))`, &data,
		func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	return data
}

// save takes a picture of the page, and writes it into the folder $ALRC_PICTURES where it has a name.
func (p *tab) save(name string) {
	p.t.Helper()
	var png []byte
	p.do(chromedp.CaptureScreenshot(&png))
	if len(png) < 10_000 {
		p.t.Errorf("the picture %s has %d bytes", name, len(png))
	}
	if dir := os.Getenv("ALRC_PICTURES"); dir != "" && name != "" {
		if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}
