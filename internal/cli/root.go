// Package cli is the command alrc: one file a command, each turning flags into one call and its result into output.
package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"alrc/internal/experiment"
)

// Main runs the command with the arguments after its name and returns the process's exit code. It trains through the CPU
// engine, and through others that it is given.
func Main(arguments []string, stdout, stderr io.Writer, engines ...experiment.EngineKind) int {
	root := newRootCommand(engines)
	root.SetArgs(arguments)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	var exit *ExitError
	if err != nil && !(errors.As(err, &exit) && exit.Err == nil) {
		fmt.Fprintf(stderr, "alrc: %v\n", err)
	}
	return exitCode(err)
}

func newRootCommand(engines experiment.Engines) *cobra.Command {
	root := &cobra.Command{
		Use:   "alrc",
		Short: "Adaptive learning rate clipping: training that a bad batch cannot wreck",
		Long: `alrc limits each loss of a training run to a number of standard deviations above
its running mean, so that one outlier cannot wreck the weights (adaptive learning
rate clipping, Ede and Beanland 2020).

Start with:  alrc train              train a network without and with clipping, and compare
             alrc train micrographs  train one that completes partial scans of micrographs
             alrc replay LOSSES.csv  see what clipping would have done to a run you have`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetVersionTemplate("alrc {{.Version}}\n")
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return usageError("%w\nSee '%s --help'.", err, command.CommandPath())
	})
	root.AddCommand(newTrainCommand(engines), newResumeCommand(engines), newReportCommand(), newReplayCommand(), newBenchCommand(), newDataCommand(),
		newSweepCommand(engines), newWorkerCommand(engines), newScanCommand(), newCompleteCommand(experiment.OpenCompleter), newEvaluateCommand(experiment.OpenCompleter))
	for _, command := range root.Commands() {
		usageErrors(command)
	}
	return root
}

// usageErrors makes a wrong number of arguments, of the command or of those below it, a usage error.
func usageErrors(command *cobra.Command) {
	if check := command.Args; check != nil {
		command.Args = func(command *cobra.Command, arguments []string) error {
			if err := check(command, arguments); err != nil {
				return usageError("%w\nUsage: %s", err, command.UseLine())
			}
			return nil
		}
	}
	for _, below := range command.Commands() {
		usageErrors(below)
	}
}

// version is the module's version and, where it was built in a checkout, the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	parts := []string{strings.Trim(info.Main.Version, "()")}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 && !strings.Contains(parts[0], setting.Value[:12]) {
			parts = append(parts, setting.Value[:12])
		}
	}
	return strings.Join(parts, " ")
}
