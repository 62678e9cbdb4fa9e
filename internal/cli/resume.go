package cli

import (
	"github.com/spf13/cobra"

	"alrc/internal/experiment"
	"alrc/internal/report"
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
)

func newResumeCommand(engines experiment.Engines) *cobra.Command {
	var steps int64
	var threads int
	var dataDir string
	var serve serveFlag
	command := &cobra.Command{
		Use:   "resume DIR",
		Short: "Continue training that was stopped or killed, or extend it",
		Long: `Continue the runs of a folder that 'alrc train' made, each from its last
checkpoint. The results are those of an uninterrupted run, bit for bit. With
--steps, runs continue to that number of steps, even if they were done.`,
		Example: `  alrc resume runs/mine
  alrc resume runs/mine --steps 20000`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			out := arguments[0]
			dirs, err := runfolder.Find(out)
			if err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			if len(dirs) == 0 {
				return usageError("%s holds no runs: give a folder that 'alrc train' made", out)
			}
			for _, dir := range dirs {
				if _, err := validSpecification(dir); err != nil {
					return &ExitError{Code: exitUsage, Err: runfolder.In(dir, err)}
				}
			}
			if err := report.Check(out); err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			if command.Flags().Changed("steps") {
				if err := experiment.Extend(dirs, steps); err != nil {
					return &ExitError{Code: exitUsage, Err: err}
				}
			} else if err := experiment.CheckDone(dirs); err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			ctx, cancel := withSignals(command.Context())
			defer cancel()
			stop, err := serve.start(ctx, command.ErrOrStderr(), out, dataDir, sweep.Connection{})
			if err != nil {
				return err
			}
			defer stop()
			return trainAll(ctx, command, out, dirs, newOpener(command.ErrOrStderr(), dataDir), experiment.Options{Threads: threads, Engines: engines})
		},
	}
	command.Flags().Int64Var(&steps, "steps", 0, "go on to this number of steps")
	threadsFlag(command, command.Flags(), &threads, "threads to compute with, on which results do not depend (default all)")
	serve.add(command.Flags())
	command.Flags().StringVar(&dataDir, "data-dir", "", "`FOLDER` of the data, if they have moved")
	return command
}
