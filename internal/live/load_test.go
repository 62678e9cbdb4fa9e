package live

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	loadVariable = "ALRC_TEST_SERVE"
	loadClients  = 50
	// loadTime is how long the clients listen, and loadRate the steps a second of the run.
	loadTime, loadRate = 30 * time.Second, 200
)

// BenchmarkClients measures what a server of a training run takes of a processor while 50 pages listen to it:
//
//	go test -run xxx -bench Clients -benchtime 1x ./internal/live
func BenchmarkClients(b *testing.B) {
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "none")
		makeRun(b, dir, "none", 1000)
		server := exec.Command(os.Args[0])
		server.Env = append(os.Environ(), loadVariable+"="+dir)
		out, err := server.StdoutPipe()
		if err == nil {
			err = server.Start()
		}
		if err != nil {
			b.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		url := strings.TrimSpace(line)
		ctx, cancel := context.WithTimeout(context.Background(), loadTime)
		var told atomic.Int64
		for range loadClients {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"api/events", nil)
			if err != nil {
				b.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				b.Fatal(err)
			}
			go func() {
				defer response.Body.Close()
				n, _ := io.Copy(io.Discard, response.Body)
				told.Add(n)
			}()
		}
		begin := time.Now()
		tick := time.NewTicker(time.Second)
		for step := 1001; ctx.Err() == nil; step += loadRate {
			extend(b, filepath.Join(dir, "metrics.csv"), rows(step, step+loadRate-1))
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		elapsed := time.Since(begin)
		tick.Stop()
		cancel()
		time.Sleep(100 * time.Millisecond)
		server.Process.Kill()
		server.Wait()
		used := server.ProcessState.UserTime() + server.ProcessState.SystemTime()
		b.ReportMetric(100*used.Seconds()/elapsed.Seconds(), "%-of-a-core")
		b.ReportMetric(float64(told.Load())/loadClients/elapsed.Seconds(), "B/s-and-client")
	}
}

// serveForLoad is the server of the benchmark, a process of its own.
func serveForLoad(dir string) error {
	server, err := Listen(Options{Places: []string{dir}, Address: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	os.Stdout.WriteString(server.URL + "\n")
	return server.Run(context.Background())
}
