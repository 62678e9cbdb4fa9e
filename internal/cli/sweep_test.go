package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"alrc/internal/experiment"
	"alrc/internal/place"
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
)

func TestSweepScripts(t *testing.T) { runScripts(t, "testdata/sweep*.txtar") }

// process is a command that is at work, with what it has written.
type process struct {
	*exec.Cmd
	mutex sync.Mutex
	text  strings.Builder
	ended chan struct{}
}

// start starts a command.
func start(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: c, ended: make(chan struct{})}
	pipe, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout = c.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	go func() {
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			p.mutex.Lock()
			fmt.Fprintln(&p.text, lines.Text())
			p.mutex.Unlock()
		}
		c.Wait()
		close(p.ended)
	}()
	return p
}

func (p *process) output() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.text.String()
}

// await waits until the command has written a text.
func (p *process) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(p.output(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s has not written %q:\n%s", p.Args, text, p.output())
		}
	}
}

// wait waits for the command's end, and returns its exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(90 * time.Second):
		t.Fatalf("%s does not end:\n%s", p.Args, p.output())
	}
	return p.ProcessState.ExitCode()
}

// natsVariable makes the test program a NATS server, as the program nats-server is one.
const natsVariable = "ALRC_TEST_NATS"

// serveNATS is a NATS server until it is killed.
func serveNATS(arguments []string) {
	options, err := server.ConfigureOptions(flag.NewFlagSet("nats-server", flag.ExitOnError), arguments, nil, nil, nil)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s, err := server.NewServer(options)
	if err != nil {
		server.PrintAndDie(err.Error())
	}
	s.ConfigureLogger()
	if err := server.Run(s); err != nil {
		server.PrintAndDie(err.Error())
	}
	s.WaitForShutdown()
}

// Three workers of a separate NATS server: one is killed, one is stopped, and the server is killed and started again.
// Every run is in the results once, and as if it had been done alone.
func TestThreeWorkersAndASeparateServer(t *testing.T) {
	dir := t.TempDir()
	specification := filepath.Join(dir, "grid.yaml")
	if err := os.WriteFile(specification, []byte(`
data: {kind: procedural, size: 8}
width: 0.05
test-images: 4
loss: [squared, quartic]
clip: [none, "alrc:2"]
steps: 1500
repeats: 2
`), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	serve := func() *process {
		c := command(t, "-a", "127.0.0.1", "-p", port, "-js", "-sd", filepath.Join(dir, "store"), "--auth", "open-sesame")
		c.Env = append(os.Environ(), natsVariable+"=1")
		p := start(t, c)
		p.await(t, "Server is ready")
		return p
	}
	nats := serve()
	url := "nats://open-sesame@127.0.0.1:" + port
	out := filepath.Join(dir, "sweep")
	sweeping := start(t, command(t, "sweep", "run", specification, "--out", out, "--nats", url, "--jobs", "0", "--silence", "2s"))
	sweeping.await(t, "8 runs")
	workers := make([]*process, 3)
	for i := range workers {
		workers[i] = start(t, command(t, "worker", "--nats", url, "--jobs", "1", "--threads", "1", "--work", filepath.Join(dir, fmt.Sprint("work", i))))
	}
	for _, worker := range workers {
		worker.await(t, ": started")
	}
	workers[0].Process.Kill()
	workers[1].Process.Signal(syscall.SIGTERM)
	if code := workers[1].wait(t); code != 143 {
		t.Errorf("the worker that was stopped has exit code %d", code)
	}
	workers[1].await(t, "handed back at step ")
	nats.Process.Kill()
	<-nats.ended
	time.Sleep(500 * time.Millisecond)
	serve()
	if code := sweeping.wait(t); code != 0 {
		t.Fatalf("the sweep has exit code %d:\n%s\nthe third worker:\n%s", code, sweeping.output(), workers[2].output())
	}
	workers[2].Process.Signal(syscall.SIGTERM)
	if code := workers[2].wait(t); code != 143 {
		t.Errorf("the last worker has exit code %d:\n%s", code, workers[2].output())
	}

	folder, err := sweep.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(out, "runs"))
	if err != nil || len(entries) != 8 || len(folder.Plan.Runs) != 8 {
		t.Fatalf("%d results of %d runs, %v", len(entries), len(folder.Plan.Runs), err)
	}
	_, data, err := new(place.Opener).Open(folder.Plan.Runs[0].Specification.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range folder.Plan.Runs {
		alone := filepath.Join(dir, "alone", run.ID)
		if err := experiment.Create(alone, run.Specification, nil); err != nil {
			t.Fatal(err)
		}
		want, err := experiment.Train(context.Background(), alone, data, experiment.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		got, err := folder.Result(run)
		if err != nil {
			t.Fatal(err)
		}
		checkpoint, err := os.ReadFile(filepath.Join(alone, "checkpoint.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		hash, err := os.ReadFile(filepath.Join(folder.RunDir(run), "checkpoint.sha256"))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(checkpoint)
		if got.Mean != want.Mean || got.TestLoss != want.TestLoss || got.Clipped != want.Clipped || !strings.HasPrefix(string(hash), hex.EncodeToString(sum[:])) {
			t.Errorf("%s: mean %v, and alone %v; checkpoint %s, and alone %x", run.Label, got.Mean, want.Mean, hash, sum)
		}
	}
}

// A sweep that was killed goes on when it is run again, from where its runs were, with a worker of another process.
func TestKilledSweepGoesOn(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "sweep")
	arguments := []string{"sweep", "run", filepath.Join(dir, "grid.yaml"), "--out", out, "--jobs", "1", "--threads", "1", "--silence", "2s"}
	if err := os.WriteFile(filepath.Join(dir, "grid.yaml"), []byte("data: {kind: procedural, size: 8}\nwidth: 0.05\ntest-images: 4\nsteps: 3000\nloss: [squared, quartic]"), 0o644); err != nil {
		t.Fatal(err)
	}
	killed := start(t, command(t, arguments...))
	killed.await(t, ": started")
	helper := start(t, command(t, "worker", "--sweep", out, "--jobs", "1", "--threads", "1", "--work", filepath.Join(dir, "work")))
	helper.await(t, ": started")
	killed.Process.Kill()
	killed.wait(t)
	again := start(t, command(t, arguments...))
	if code := again.wait(t); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, again.output())
	}
	// The helper found the server again, and ends with it.
	if code := helper.wait(t); code != 0 || !strings.Contains(helper.output(), "is back") {
		t.Errorf("the helper has exit code %d:\n%s", code, helper.output())
	}
	for _, label := range []string{"loss=squared,clip=none", "loss=squared,clip=alrc-2", "loss=quartic,clip=none", "loss=quartic,clip=alrc-2"} {
		if _, err := runfolder.ReadResult(filepath.Join(out, "runs", label)); err != nil {
			t.Error(err)
		}
	}
}
