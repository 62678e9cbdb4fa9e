package losslog

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
)

// loggers write something before each line, or each line twice.
var loggers = []struct {
	name   string
	before func(r *rand.Rand, line int) string
}{
	{"logging", func(r *rand.Rand, line int) string {
		return fmt.Sprintf("2024-03-05 %02d:%02d:%02d,%03d INFO ", line/3600, line/60%60, line%60, r.IntN(1000))
	}},
	{"glog", func(r *rand.Rand, line int) string {
		return fmt.Sprintf("I0305 12:%02d:%02d.%06d 12345 solver.cc:%d] ", line/60%60, line%60, r.IntN(1e6), 40+10*r.IntN(3))
	}},
	{"compose", func(*rand.Rand, int) string { return "trainer-1  | " }},
	{"torchrun", func(*rand.Rand, int) string { return "[rank0]: " }},
	{"kubernetes", func(r *rand.Rand, line int) string {
		return fmt.Sprintf("2024-03-05T12:%02d:%02d.%09dZ ", line/60%60, line%60, r.IntN(1e9))
	}},
	{"brackets", func(_ *rand.Rand, line int) string {
		return fmt.Sprintf("[2024-03-05 12:%02d:%02d] ", line/60%60, line%60)
	}},
	{"loguru", func(r *rand.Rand, line int) string {
		return fmt.Sprintf("2024-03-05 12:%02d:%02d.%03d | INFO     | __main__:fit:%d - ", line/60%60, line%60, r.IntN(1000), 40+10*r.IntN(3))
	}},
	{"root", func(*rand.Rand, int) string { return "INFO:root:" }},
	{"names", func(r *rand.Rand, line int) string {
		return fmt.Sprintf("2024-03-05 12:%02d:%02d,%03d - %s - INFO - ", line/60%60, line%60, r.IntN(1000), []string{"engine", "hooks"}[r.IntN(2)])
	}},
	{"two of them", nil},
	{"quotation", func(*rand.Rand, int) string { return "> " }},
	{"block", func(*rand.Rand, int) string { return "    " }},
	{"syslog", func(_ *rand.Rand, line int) string {
		return fmt.Sprintf("Mar  5 12:%02d:%02d node7 python[4711]: ", line/60%60, line%60)
	}},
}

// What loggers and the like write before each line changes nothing.
func TestLogsOfLoggers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 3))
	read := 0
	for _, log := range knownLogs(t, ".log", ".txt", ".out") {
		text := string(log.content)
		redrawn := strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), "\r") || strings.Contains(text, "\x1b[5F")
		if strings.Contains(text, "\x00") || strings.Count(text, "\n") < 8 || redrawn {
			continue
		}
		of := fnv.New32a() // each log has its own, whatever others there are
		of.Write([]byte(log.name))
		logger := loggers[of.Sum32()%uint32(len(loggers))]
		t.Run(log.name+"/"+logger.name, func(t *testing.T) {
			var b strings.Builder
			for n, line := range strings.SplitAfter(text, "\n") {
				switch {
				case line == "":
				case logger.before == nil:
					b.WriteString(line + line)
				default:
					b.WriteString(logger.before(r, n) + line)
				}
			}
			checkWritten(t, log.path, log.name, logger.name, b.String())
		})
		read++
	}
	if read < 100 {
		t.Errorf("only %d logs were read", read)
	}
}
