// Package cli is the command alrc: one file a command, each turning flags into one call and its result into output.
package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"alrc/internal/experiment"
)

// Main runs the command with the arguments after its name and returns the process's exit code. It trains through the CPU
// engine, and through others that it is given.
func Main(arguments []string, stdout, stderr io.Writer, engines ...experiment.EngineKind) int {
	root := newRootCommand(engines)
	root.SetArgs(arguments)
	root.SetErr(stderr)
	execute := func(out io.Writer) error {
		root.SetOut(out)
		return root.Execute()
	}
	var err error
	if isCompletion(arguments) {
		err = plainly(stdout, execute)
	} else if err = findCommand(root, arguments); err == nil {
		err = execute(stdout)
	}
	var exit *ExitError
	if err != nil && !(errors.As(err, &exit) && exit.Err == nil) {
		// Who stopped the command knows why its context ended.
		message := strings.TrimSuffix(err.Error(), ": "+context.Canceled.Error())
		if at := (*fs.PathError)(nil); errors.As(err, &at) { // a file's name says more than what was asked of the system
			message = strings.Replace(message, at.Op+" "+at.Path, at.Path, 1)
		}
		tell(stderr, "alrc: %s", strings.TrimPrefix(message, "alrc: "))
	}
	return exitCode(err)
}

func newRootCommand(engines experiment.Engines) *cobra.Command {
	root := &cobra.Command{
		Use:   "alrc",
		Short: "Adaptive learning rate clipping: training that a bad batch cannot wreck",
		Long: `alrc limits each loss of a training run to a number of standard deviations above
its running mean, so that one outlier cannot wreck the weights (adaptive
learning rate clipping, Ede and Beanland 2020).

Start with:
  alrc train              train a network without and with clipping, and compare
  alrc train micrographs  train one that completes partial scans of micrographs
  alrc replay LOSSES.csv  see what clipping would have done to a run you have
  alrc watch -- PROGRAM   run a training program; be told when its loss spikes`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate(about())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newTrainCommand(engines), newResumeCommand(engines), newReportCommand(), newReplayCommand(), newSnippetCommand(), newWatchCommand(), newServeCommand(), newBenchCommand(), newDataCommand(),
		newSweepCommand(engines), newWorkerCommand(engines), newScanCommand(), newCompleteCommand(experiment.OpenCompleter), newEvaluateCommand(experiment.OpenCompleter), newVersionCommand())
	for _, command := range root.Commands() {
		usageErrors(command)
	}
	addCompletions(root, engines)
	return root
}
