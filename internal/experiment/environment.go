package experiment

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Environment is on what a run ran: for readers of run.yaml, never read back.
type Environment struct {
	Date    string `yaml:"date"` // on which it began
	Version string `yaml:"version"`
	Go      string `yaml:"go"`
	System  string `yaml:"system"`
	CPU     string `yaml:"cpu"`
	Threads int    `yaml:"threads"`
	Command string `yaml:"command,omitempty"`
}

// Here returns the environment of this process; 0 threads stand for all.
func Here(version string, threads int, command string) *Environment {
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Environment{
		Date:    time.Now().Format("2006-01-02 15:04"),
		Version: version,
		Go:      runtime.Version(),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
		CPU:     cpuName(),
		Threads: threads,
		Command: command,
	}
}

// cpuName is the processor's name where the system tells it, else the architecture.
func cpuName() string {
	if name := lineValue("/proc/cpuinfo", "model name"); name != "" {
		return name
	}
	return runtime.GOARCH
}

// peakMemory is the most memory in bytes that the process held since resetPeakMemory, where the system tells it,
// else what the Go runtime took from the system.
func peakMemory() int64 {
	if text := lineValue("/proc/self/status", "VmHWM"); text != "" {
		if kibibytes, err := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64); err == nil {
			return kibibytes << 10
		}
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.Sys)
}

// resetPeakMemory lets each run of a comparison report its own peak. It is best effort: where the system has no
// such thing, the peak is that of the process so far.
func resetPeakMemory() {
	if file, err := os.OpenFile("/proc/self/clear_refs", os.O_WRONLY, 0); err == nil {
		file.WriteString("5")
		file.Close()
	}
}

// lineValue returns what follows "name:" on the first line of a file that begins so.
func lineValue(path, name string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if label, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(label) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
