//go:build ignore

// Summary reads what go test -json prints. It writes the runner's line for each package, what the tests that failed
// printed, and how many tests passed, failed and were skipped, with the reasons. It exits with 1 where a test failed, or
// was skipped that the file named by its argument does not allow: that has a test's name and a command a line, and the
// skip is allowed where the command fails.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// event is a line of go test -json.
type event struct {
	Action, Package, Test, Output, ImportPath string
}

type test struct{ pkg, name string }

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(skipsPath string) error {
	allowed, err := readSkips(skipsPath)
	if err != nil {
		return err
	}
	output := map[test][]string{}
	counts := map[string]int{}
	var skipped []test
	var faults []string
	decoder := json.NewDecoder(bufio.NewReader(os.Stdin))
	for decoder.More() {
		var e event
		if err := decoder.Decode(&e); err != nil {
			return fmt.Errorf("read what go test prints: %w", err)
		}
		at := test{e.Package, e.Test}
		switch e.Action {
		case "build-output":
			fmt.Print(e.Output)
		case "build-fail":
			faults = append(faults, e.ImportPath+" does not build")
		case "output":
			output[at] = append(output[at], e.Output)
			if e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "FAIL\t") || strings.HasPrefix(e.Output, "?  ")) {
				fmt.Print(e.Output)
			}
		case "pass", "fail", "skip":
			if e.Action == "fail" {
				fmt.Print(strings.Join(output[at], ""))
				faults = append(faults, strings.TrimSpace(e.Package+" "+e.Test)+" failed")
			}
			if e.Test == "" {
				continue
			}
			counts[e.Action]++
			if e.Action == "skip" {
				skipped = append(skipped, at)
			}
		}
	}
	fmt.Printf("%d tests passed, %d failed, %d were skipped\n", counts["pass"], counts["fail"], counts["skip"])
	for _, at := range skipped {
		fmt.Printf("skipped: %s %s: %s\n", at.pkg, at.name, reason(output[at]))
		name, _, _ := strings.Cut(at.name, "/")
		command, ok := allowed[name]
		switch {
		case !ok:
			faults = append(faults, fmt.Sprintf("%s was skipped, which %s does not allow", at.name, skipsPath))
		case exec.Command("sh", "-c", command).Run() == nil:
			faults = append(faults, fmt.Sprintf("%s was skipped, though '%s' succeeds", at.name, command))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s", strings.Join(faults, "\n"))
	}
	if counts["pass"] == 0 {
		return fmt.Errorf("no test ran")
	}
	return nil
}

// reason is what a test printed when it was skipped.
func reason(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			return line
		}
	}
	return "it does not say why"
}

func readSkips(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	allowed := map[string]string{}
	for _, line := range strings.Split(string(content), "\n") {
		name, command, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && name != "#" {
			allowed[name] = command
		}
	}
	return allowed, nil
}
