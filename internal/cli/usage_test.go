package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// run runs the command in this process.
func run(arguments ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = Main(arguments, &out, &errs)
	return out.String(), errs.String(), code
}

// walk visits every command that a user can see.
func walk(command *cobra.Command, visit func(*cobra.Command)) {
	visit(command)
	for _, below := range command.Commands() {
		walk(below, visit)
	}
}

// Every command and subcommand that is misspelt, and every argument too many, is wrong usage, and says what was meant.
func TestMisspeltCommandsAndArgumentsTooMany(t *testing.T) {
	root := newRootCommand(nil)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	walk(root, func(command *cobra.Command) {
		path := strings.Fields(command.CommandPath())[1:]
		if len(path) > 0 && command.Name() != "help" { // which the library suggests for nothing
			misspelt := slices.Clone(path)
			name := misspelt[len(path)-1]
			misspelt[len(path)-1] = name[:len(name)-1] + "x"
			_, stderr, code := run(append(misspelt, "--no-such-flag")...)
			if code != exitUsage || !strings.Contains(stderr, "unknown command") || !strings.Contains(stderr, "did you mean '"+command.CommandPath()+"'") {
				t.Errorf("alrc %s: exit code %d, %s", strings.Join(misspelt, " "), code, stderr)
			}
		}
		if command.HasSubCommands() {
			if _, stderr, code := run(append(path, "qqqqqqqqq")...); code != exitUsage || !strings.Contains(stderr, "qqqqqqqqq") {
				t.Errorf("%s qqqqqqqqq: exit code %d, %s", command.CommandPath(), code, stderr)
			}
			return
		}
		if command.Args == nil || command.Args(command, []string{"a", "b", "c", "d"}) == nil {
			return // it takes as many as there are
		}
		arguments := append(slices.Clone(path), "a", "b", "c", "d")
		if _, stderr, code := run(arguments...); command.Name() != "help" && command.Parent().Name() != "completion" &&
			(code != exitUsage || !strings.Contains(stderr, "4 arguments are given: a b c d") || strings.Contains(stderr, "unknown command")) {
			t.Errorf("alrc %s: exit code %d, %s", strings.Join(arguments, " "), code, stderr)
		}
	})
	for _, test := range []struct {
		arguments, want string
		code            int
	}{
		{"trian", "did you mean 'alrc train'?", exitUsage},
		{"sweep runn", "did you mean 'alrc sweep run'?", exitUsage},
		{"sweep report", "did you mean 'alrc report'?", exitUsage},
		{"report no-such-folder", "no-such-folder: no such file or directory: give a folder that 'alrc train' made", exitUsage},
		{"help trian", "did you mean 'alrc train'?", exitUsage},
		{"train extra", `unknown command "extra" for 'alrc train'`, exitUsage},
		{"train micrograph --size 64", "did you mean 'alrc train micrographs'?", exitUsage},
		{"train --steps 5 extra", "takes none", exitUsage},
		{"resume", "no argument is given to 'alrc resume', which takes 1", exitUsage},
		{"replay", "takes 1 or more", exitUsage},
		{"snippet tensorflow", "give go, gomlx, pytorch, jax", exitUsage},
		{"snippet", "takes 1", exitUsage},
		{"completion bassh", "did you mean 'alrc completion bash'?", exitUsage},
		{"--no-such-flag", "unknown flag", exitUsage},
		{"train --stepz 5", "unknown flag: --stepz; did you mean --steps?", exitUsage},
		{"train micrographs --batch_size=5", "did you mean --batch-size?", exitUsage},
		{"sweep run table1 --job 2", "did you mean --jobs?", exitUsage},
		{"sweep show tabel1-tiny", "did you mean table1-tiny?", exitUsage},
		{"train --steps many", "--steps many: give a whole number", exitUsage},
		{"train --steps 1e3", "--steps 1e3: give a whole number", exitUsage},
		{"train --steps 99999999999999999999", "it is too large", exitUsage},
		{"train --seed -1", "--seed -1: give a whole number of at least 0", exitUsage},
		{"train --huber=perhaps", "give true or false", exitUsage},
		{"train --decay x", "--decay x: give a number", exitUsage},
		{"bench --batch-size 1,x", "give whole numbers", exitUsage},
		{"evaluate --coverages x", "give numbers", exitUsage},
		{"sweep run table1 --jobs 0 --silence 0s", "give a time from 1s to 24h", exitUsage},
		{"sweep run table1 --silence 3", "--silence 3: give a time, such as 30s", exitUsage},
		{"train micrographs --coverage 5", "--coverage 5: a coverage of 5: give a fraction", exitUsage},
		{"train -z", "unknown shorthand flag: 'z' in -z\nSee", exitUsage},
	} {
		if _, stderr, code := run(strings.Fields(test.arguments)...); code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("alrc %s: exit code %d, %s", test.arguments, code, stderr)
		}
	}
	for _, arguments := range []string{"", "--help", "sweep", "help sweep run", "train micrographs --help", "data"} {
		if stdout, stderr, code := run(strings.Fields(arguments)...); code != 0 || stderr != "" || !strings.Contains(stdout, "Usage:") {
			t.Errorf("alrc %s: exit code %d, %s", arguments, code, stderr)
		}
	}
}

// Every command that takes threads takes no more of them than the machine has, and says so.
func TestThreadsAreCapped(t *testing.T) {
	walk(newRootCommand(nil), func(command *cobra.Command) {
		flag := command.Flags().Lookup("threads")
		if flag == nil {
			return
		}
		var errs bytes.Buffer
		command.SetErr(&errs)
		flag.Value.Set("100000")
		if command.PreRunE == nil || command.PreRunE(command, nil) != nil || flag.Value.String() != fmt.Sprint(runtime.GOMAXPROCS(0)) ||
			!strings.Contains(errs.String(), "--threads 100000: this machine has") {
			t.Errorf("%s takes %s threads: %s", command.CommandPath(), flag.Value, errs.String())
			return
		}
		flag.Value.Set("-1")
		if err := command.PreRunE(command, nil); exitCode(err) != exitUsage {
			t.Errorf("%s takes -1 threads: %v", command.CommandPath(), err)
		}
	})
}

func TestVersion(t *testing.T) {
	flag, _, code := run("--version")
	text, _, other := run("version")
	if code != 0 || other != 0 || flag != text {
		t.Errorf("exit codes %d and %d: %q and %q", code, other, flag, text)
	}
	for _, want := range []string{"alrc ", "commit ", runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, "portable"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

func TestCompletion(t *testing.T) {
	if stdout, _, _ := run("--help"); !strings.Contains(stdout, "completion") {
		t.Error("the help hides that there is a completion")
	}
	for arguments, wants := range map[string][]string{
		"sweep run ":                  {"table1-tiny", "table1\n"},
		"sweep show table1-":          {"table1-tiny"},
		"train --clip ":               {"none", "alrc:2", "two-sided:", "constant:"},
		"train --optimizer ":          {"adam", "sgd"},
		"train --kernels ":            {"portable"},
		"train --engine ":             {"cpu"},
		"train micrographs --mask ":   {"spiral", "grid", "lines"},
		"train micrographs --":        {"--coverage", "--data-dir"},
		"complete b":                  {"biharmonic"},
		"complete scan.tif --method ": {"kriging", "linear"},
		"snippet ":                    {"pytorch", "jax", "go\n", "gomlx"},
		"completion ":                 {"bash", "zsh", "fish"},
		"replay --clip ":              {"alrc:2"},
		"replay --format ":            {"csv", "events"},
		"replay --snippet ":           {"pytorch", "all"},
		"watch --stop-on ":            {"spike", "diverged", "stalled:"},
		"evaluate --masks ":           {"spiral", ":0"}, // and files
		"evaluate --images ":          {":0"},
		"bench micrographs --kernels": {"--kernels"},
	} {
		words := strings.Split(arguments, " ")
		stdout, _, code := run(append([]string{cobra.ShellCompRequestCmd}, words...)...)
		for _, want := range wants {
			if code != 0 || !strings.Contains(stdout, want) {
				t.Errorf("alrc %s completes to %q, without %q", arguments, stdout, want)
			}
		}
		if strings.Contains(stdout, "`") {
			t.Errorf("alrc %s shows backticks: %s", arguments, stdout)
		}
	}
}

// Runs that are started in the same second have folders of their own.
func TestFoldersOfTheSameSecond(t *testing.T) {
	t.Chdir(t.TempDir())
	now := time.Now()
	var made sync.Map
	var working sync.WaitGroup
	for range 20 {
		working.Add(1)
		go func() {
			defer working.Done()
			dir, err := newFolder("runs", now)
			if _, taken := made.LoadOrStore(dir, true); taken || err != nil {
				t.Errorf("%s is made twice, or not at all: %v", dir, err)
			}
		}()
	}
	working.Wait()
	var started []*exec.Cmd
	for range 3 {
		c := command(t, append(strings.Fields("train --clip none --steps 3"), strings.Fields(strings.ReplaceAll(tiny, "20", "1"))...)...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		started = append(started, c)
	}
	for _, c := range started {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir("runs"); err != nil || len(entries) != 23 {
		t.Errorf("%d folders, %v", len(entries), err)
	}
}

// A benchmark that is told to stop does so at once, and says nothing about how it is made.
func TestBenchStops(t *testing.T) {
	c := command(t, strings.Fields("bench --width 0.05 --batch-size 1 --seconds 60")...)
	if text, code := signalled(t, c, "Measuring", syscall.SIGTERM); code != exitSIGTERM || strings.Contains(text, "cancel") {
		t.Errorf("exit code %d: %s", code, text)
	}
}

// Every command's help fits a terminal of 80 columns, but for that of the library's completions.
func TestHelpFitsATerminal(t *testing.T) {
	walk(newRootCommand(nil), func(command *cobra.Command) {
		if command.Name() == "completion" || command.HasParent() && command.Parent().Name() == "completion" {
			return
		}
		stdout, _, _ := run(append(strings.Fields(command.CommandPath())[1:], "--help")...)
		for line := range strings.Lines(stdout) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 {
				t.Errorf("%s: %q has more than 80 columns", command.CommandPath(), line)
			}
		}
	})
}

// A flag that would do nothing is refused, and the message says why.
func TestFlagsWithoutEffect(t *testing.T) {
	for arguments, why := range map[string]string{
		"train --records-per-file 3":                       "data of kind procedural",
		"train --test 0.5":                                 "data of kind procedural",
		"train --data-dir photos":                          "data of kind procedural",
		"train --data cifar10 --test 0.5":                  "data of kind cifar10",
		"train micrographs --exclude a.tif":                "data of kind procedural-micrographs",
		"train micrographs --data a.tif --dose 5":          "data of kind micrographs",
		"train micrographs --mask mask.tif --coverage 0.5": "make no use of it",
		"scan a.tif --mask mask.tif --coverage 0.5":        "coverage of its own",
		"evaluate runs --masks grid":                       "give them by --images",
		"evaluate runs --coverages 0.1":                    "give them by --images",
		"evaluate runs --scans 2":                          "give them by --images",
		"evaluate --images a.tif --crops 5":                "held-out crops",
	} {
		if _, stderr, code := run(strings.Fields(arguments)...); code != exitUsage || !strings.Contains(stderr, why) {
			t.Errorf("alrc %s: exit code %d, %s", arguments, code, stderr)
		}
	}
}
