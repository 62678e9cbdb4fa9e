package cli

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/experiment"
	"alrc/internal/place"
	"alrc/internal/report"
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
	"alrc/internal/words"
)

func newSweepCommand(engines experiment.Engines) *cobra.Command {
	command := &cobra.Command{
		Use:   "sweep",
		Short: "Train grids of runs, on this machine or on many, with error bars",
		Long: `Train a grid of runs. Its specification is that of a run in which any setting
may be a list; every combination is a run. A sweep may be stopped or killed at
any time, and continues when it is run again. 'alrc worker' adds machines to it.`,
		Example: `  alrc sweep list
  alrc sweep run table1-tiny --data-dir cifar
  alrc sweep status sweeps/table1-tiny
  alrc sweep results sweeps/table1-tiny --csv > results.csv`,
	}
	command.AddCommand(newSweepRunCommand(engines), newSweepListCommand(), newSweepShowCommand(), newSweepStatusCommand(), newSweepResultsCommand())
	return command
}

// serverFlags name a NATS server and how to get in.
func serverFlags(flags *pflag.FlagSet, c *sweep.Connection, use string) {
	flags.StringVar(&c.URL, "nats", "", use)
	flags.StringVar(&c.Credentials, "nats-creds", "", "credentials `FILE` (JWT and seed) for the NATS server")
	flags.StringVar(&c.CA, "nats-ca", "", "`FILE` of certificates to trust, for TLS")
	flags.StringVar(&c.Certificate, "nats-cert", "", "`FILE` of this client's certificate, for TLS")
	flags.StringVar(&c.Key, "nats-key", "", "`FILE` of that certificate's key")
}

// dataDirFlag names where data lie on this machine.
func dataDirFlag(flags *pflag.FlagSet, dir *string) {
	flags.StringVar(dir, "data-dir", "", "`FOLDER` of "+place.Images.Folders()+", or of images")
}

func newSweepListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the sweeps that come with the program",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			var rows [][]string
			for _, name := range sweep.Ready() {
				content, err := sweep.Load(name)
				if err != nil {
					return err
				}
				specification, err := sweep.Parse(content)
				if err != nil {
					return err
				}
				plan, err := specification.Expand(nil)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				rows = append(rows, []string{name, words.Counted(len(plan.Runs), "run"), plan.Title})
			}
			out := command.OutOrStdout()
			_, err := io.WriteString(out, layout(out).List(rows))
			return err
		},
	}
}

func newSweepShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE|NAME",
		Short: "Print a sweep's specification and the number of its runs",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			content, err := loadSweep(arguments[0])
			if err != nil {
				return err
			}
			specification, err := sweep.Parse(content)
			if err != nil {
				return usageError("%s: %w", arguments[0], err)
			}
			plan, err := specification.Expand(valid)
			if err != nil {
				return usageError("%s: %w", arguments[0], err)
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s\n# %s.\n", strings.TrimSpace(string(content)), runsOf(plan))
			return err
		},
	}
}

// valid checks a run's settings but for its data, which may not be on this machine.
func valid(s *experiment.Specification) error {
	anywhere := *s
	anywhere.Data = experiment.DefaultOf(s.Task).Data
	return anywhere.Validate()
}

func newSweepStatusCommand() *cobra.Command {
	var connection sweep.Connection
	command := &cobra.Command{
		Use:   "status DIR",
		Short: "Show which runs are done, running or waiting, and when it will end",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			folder, err := sweep.Read(arguments[0])
			if err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			status, err := folder.Status(command.Context(), connection)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			return writeStatus(out, layout(out), folder, status)
		},
	}
	serverFlags(command.Flags(), &connection, "`URL` of the NATS server that holds the queue, if the sweep has none of its own")
	return command
}

// runningText is how far a run in progress is: what is not known yet, as of one that just began, is left out.
func runningText(run sweep.RunStatus) string {
	text := fmt.Sprintf("step %s of %s", words.Count(run.Step), words.Count(run.Run.Specification.Steps))
	if run.Step == 0 {
		text = "just begun"
	}
	if run.Step > 0 && run.Loss-run.Loss == 0 && run.Loss != 0 {
		text += ", loss " + words.Number(run.Loss)
	}
	if run.Rate > 0 {
		text += fmt.Sprintf(", %s steps/s", words.Short(run.Rate, 3))
	}
	return text + ", on " + run.Worker
}

// writeStatus writes a bar, and a row for each run that is not done.
func writeStatus(w io.Writer, l words.Layout, folder *sweep.Folder, status *sweep.Status) error {
	full, empty := "█", "░"
	if l.ASCII {
		full, empty = "=", "-"
	}
	width := min(40, l.Width/2)
	filled := int(float64(width) * status.Share())
	bar := fmt.Sprintf("%s%s %.0f %%", strings.Repeat(full, filled), strings.Repeat(empty, width-filled), 100*status.Share())
	fmt.Fprintf(w, "%s\n%s", l.Wrap(folder.Plan.Title, ""), l.List([][]string{{bar, sweepText(status)}}))
	counts := status.Counts()
	if !status.Live && counts[sweep.Done] < len(status.Runs) {
		fmt.Fprintln(w, l.Wrap("No server of the sweep is up: this is what the folder tells. Go on with: alrc sweep run "+quoted(folder.Dir), ""))
	}
	var rows [][]string
	waiting := 0
	const most = 20
	for _, run := range status.Runs {
		detail := ""
		switch run.State {
		case sweep.Done:
			continue
		case sweep.Running:
			detail = runningText(run)
		case sweep.Waiting:
			if waiting++; waiting > most && len(run.Failures) == 0 {
				continue
			}
			if run.Step > 0 {
				detail = fmt.Sprintf("handed back at step %s", words.Count(run.Step))
			}
			if run.Declined != "" {
				detail = "declined by " + run.Declined
			}
		}
		if n := len(run.Failures); n > 0 {
			last := run.Failures[n-1]
			detail = strings.TrimPrefix(fmt.Sprintf("%s; failed %s, the last on %s at step %s: %s", detail, words.Times(n), last.Worker,
				words.Count(last.Step), last.Error), "; ")
		}
		rows = append(rows, []string{string(run.State), run.Run.Label, detail})
	}
	if _, err := io.WriteString(w, l.List(rows)); err != nil {
		return err
	}
	if waiting > most {
		fmt.Fprintf(w, "and %d more that wait\n", waiting-most)
	}
	fates := status.Fates()
	var bad []string
	for _, fate := range []struct {
		of      runfolder.Fate
		meaning string
	}{{runfolder.Diverged, "diverged"}, {runfolder.Lost, "lost (the loss left its level for good)"},
		{runfolder.IsDead, "dead (the output depends on the input no longer)"}} {
		if n := fates[fate.of]; n > 0 {
			bad = append(bad, fmt.Sprintf("%d %s", n, fate.meaning))
		}
	}
	if len(bad) > 0 {
		fmt.Fprintln(w, l.Wrap(fmt.Sprintf("Of %s done: %s.", words.Counted(int64(counts[sweep.Done]), "run"), strings.Join(bad, ", ")), ""))
	}
	return nil
}

func newSweepResultsCommand() *cobra.Command {
	var asCSV bool
	command := &cobra.Command{
		Use:   "results DIR",
		Short: "Print the results of a sweep, from its folder alone",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			folder, err := sweep.Read(arguments[0])
			if err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			if asCSV {
				return folder.WriteCSV(command.OutOrStdout())
			}
			return writeSweepTable(command.OutOrStdout(), folder.Dir)
		},
	}
	command.Flags().BoolVar(&asCSV, "csv", false, "a row for each run, as CSV")
	return command
}

// writeSweepTable shows a sweep's results.
func writeSweepTable(w io.Writer, dir string) error {
	loaded, err := report.LoadSweep(dir)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	return loaded.Table(w, layout(w))
}

// writeSweepReport writes the report of a sweep, and shows it in short.
func writeSweepReport(w io.Writer, dir string) error {
	loaded, err := report.LoadSweep(dir)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	written := loaded.Write(dir) // the results are shown all the same where nothing can be written
	fmt.Fprintln(w)
	for _, sentence := range loaded.Sentences() {
		fmt.Fprintln(w, layout(w).Wrap(sentence, "  "))
	}
	fmt.Fprintln(w)
	if err := cmp.Or(loaded.Table(w, layout(w)), written); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nReport: %s\n", filepath.Join(dir, "report.html"))
	return err
}

// runsOf says how many runs a plan has, and in what they differ.
func runsOf(plan *sweep.Plan) string {
	runs := words.Counted(len(plan.Runs), "run")
	if len(plan.Varying) == 0 {
		return runs
	}
	return runs + ", which differ in " + strings.Join(plan.Varying, ", ")
}

// loadSweep reads the specification of a sweep by its file, or by its name, of which one that is unknown is told with those
// that are near.
func loadSweep(name string) ([]byte, error) {
	content, err := sweep.Load(name)
	if err != nil {
		return nil, usageError("%w%s", err, words.DidYouMean(name, sweep.Ready(), func(near string) string { return near }))
	}
	return content, nil
}
