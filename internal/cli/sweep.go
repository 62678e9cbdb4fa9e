package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"alrc/internal/experiment"
	"alrc/internal/report"
	"alrc/internal/sweep"
	"alrc/internal/words"
)

func newSweepCommand(engines experiment.Engines) *cobra.Command {
	command := &cobra.Command{
		Use:   "sweep",
		Short: "Train grids of runs, on this machine or on many, and report with error bars",
		Long: `Train a grid of runs: a specification is that of a run, in which settings may be lists;
lists multiply. A sweep may be stopped, killed and run again at any time, and goes on
where it was. 'alrc worker' adds machines to it.`,
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
	flags.StringVar(dir, "data-dir", "", "`FOLDER` of CIFAR-10's binary files (default $CIFAR10), or of images")
}

// sweepRunFlags are those of sweep run.
type sweepRunFlags struct {
	out        string
	set        []string
	jobs       int
	threads    int
	silence    time.Duration
	dataDir    string
	connection sweep.Connection
	engines    experiment.Engines
}

func newSweepRunCommand(engines experiment.Engines) *cobra.Command {
	f := &sweepRunFlags{engines: engines}
	command := &cobra.Command{
		Use:   "run FILE|NAME|DIR",
		Short: "Train all runs of a sweep, or those that are left, and report",
		Long: `Train all runs of a sweep: of a file, of one of those that come with the program
('alrc sweep list'), or of a folder that this command made before. Runs that have
results are left alone, so that a sweep that was stopped goes on when it is run again.`,
		Example: `  alrc sweep run table1-tiny --data-dir cifar
  alrc sweep run table1-tiny --set data.kind=procedural --set 'batch-size=[1, 4]'
  alrc sweep run mine.yaml --out sweeps/mine --jobs 4
  alrc sweep run table1 --nats nats://queue.example.org --jobs 0   # for workers elsewhere`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments[0]) },
	}
	addFlagGroups(command,
		group("Sweep", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.out, "out", "", "`FOLDER` of the sweep (default sweeps/NAME)")
			flags.StringArrayVar(&f.set, "set", nil, "`SETTING=VALUE` over what the file says, also lists and repeats; repeatable")
			dataDirFlag(flags, &f.dataDir)
		}),
		group("Running", func(flags *pflag.FlagSet) {
			flags.IntVar(&f.jobs, "jobs", 0, "runs to train at a time in this process; 0 leaves them to other workers (default as many as processors)")
			threadsFlag(command, flags, &f.threads, "threads of each run, on which results do not depend (default a job's share of the processors)")
			flags.DurationVar(&f.silence, "silence", 30*time.Second, "`TIME` without a sign of life from a worker after which its run goes to another")
		}),
		group("Server", func(flags *pflag.FlagSet) {
			serverFlags(flags, &f.connection, "`URL` of a NATS server with JetStream to hold the queue (default one in this process)")
		}),
	)
	return command
}

// folder returns the sweep's folder: that of the argument, or a new one for the plan that the argument names.
func (f *sweepRunFlags) folder(argument string) (*sweep.Folder, error) {
	if sweep.IsFolder(argument) {
		if f.out != "" || len(f.set) > 0 {
			return nil, fmt.Errorf("%s is a sweep that was begun: --out and --set are for new ones", argument)
		}
		return sweep.Read(argument)
	}
	content, err := sweep.Load(argument)
	if err != nil {
		return nil, err
	}
	specification, err := sweep.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", argument, err)
	}
	for _, text := range f.set {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: give SETTING=VALUE, such as steps=2000", text)
		}
		if err := specification.Set(name, value); err != nil {
			return nil, fmt.Errorf("--set %s: %w", text, err)
		}
	}
	plan, err := specification.Expand(sweep.Resolver(f.dataDir, f.engines))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", argument, err)
	}
	name := strings.TrimSuffix(filepath.Base(argument), filepath.Ext(argument))
	if plan.Title == "" {
		plan.Title = name
	}
	out := f.out
	if out == "" {
		out = filepath.Join("sweeps", name)
	}
	return sweep.Open(out, plan, commandLine())
}

// commandLine is this process's, with the program's name alone.
func commandLine() string {
	words := []string{"alrc"}
	for _, word := range os.Args[1:] {
		words = append(words, quoted(word))
	}
	return strings.Join(words, " ")
}

func (f *sweepRunFlags) run(command *cobra.Command, argument string) error {
	jobs := runtime.GOMAXPROCS(0)
	if command.Flags().Changed("jobs") {
		jobs = f.jobs
	}
	switch {
	case f.jobs < 0:
		return usageError("--jobs %d: give a number of at least 0", f.jobs)
	case jobs == 0 && f.connection.URL == "":
		// Workers of this machine may still come by --sweep.
		fmt.Fprintln(command.ErrOrStderr(), "No job runs in this process: add workers with alrc worker --sweep DIR.")
	case f.silence < time.Second || f.silence > 24*time.Hour:
		return usageError("--silence %v: give a time from 1s to 24h", f.silence)
	}
	folder, err := f.folder(argument)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	jobs = capJobs(command, jobs)
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	progress := newSweepProgress(command.ErrOrStderr(), folder)
	defer progress.close()
	threads := f.threads
	if threads == 0 {
		threads = max(1, runtime.GOMAXPROCS(0)/max(1, jobs))
	}
	status, err := folder.Run(ctx, sweep.Options{Connection: f.connection, Jobs: jobs, Threads: threads, DataDir: f.dataDir, Engines: f.engines,
		Silence: f.silence, Name: workerName(), Environment: experiment.Here(version(), threads, commandLine()),
		Report: progress.report, Observe: progress.observe})
	progress.close()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(command.ErrOrStderr(), "Stopped, and saved. Go on with: alrc sweep run %s\n", quoted(folder.Dir))
		return &ExitError{Code: int(interrupted.Load())}
	}
	if errors.Is(err, sweep.ErrUntrainable) {
		return &ExitError{Code: exitUsage, Err: err}
	}
	if err != nil {
		return err
	}
	failed := status.Failed()
	if len(failed) < len(status.Runs) {
		if err := writeSweepReport(command.OutOrStdout(), folder.Dir); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		var text strings.Builder
		fmt.Fprintf(&text, "%d of %d runs failed and were set aside; running the sweep again tries them again:", len(failed), len(status.Runs))
		for _, run := range failed[:min(len(failed), 10)] {
			fmt.Fprintf(&text, "\n  %s: %s", run.Run.Label, run.Failures[len(run.Failures)-1].Error)
		}
		return errors.New(text.String())
	}
	return nil
}

// workerName tells this process from others: the machine and the process.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// sweepProgress shows how a sweep goes on: a bar on a terminal, lines elsewhere.
type sweepProgress struct {
	w     io.Writer
	total int
	bars  *mpb.Progress // nil where there is no terminal
	bar   *mpb.Bar
	texts chan string
	shown time.Time
	ended bool
}

func newSweepProgress(w io.Writer, folder *sweep.Folder) *sweepProgress {
	p := &sweepProgress{w: w, total: len(folder.Plan.Runs), texts: make(chan string, 1)}
	fmt.Fprintf(w, "%s: %d runs, in %s\n", folder.Plan.Title, p.total, folder.Dir)
	columns, ok := isTerminal(w)
	if !ok {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(columns), mpb.WithRefreshRate(barInterval))
	var text string
	p.bar = p.bars.New(1000, barStyle(), mpb.BarWidth(max(6, min(30, columns-60))),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			select {
			case text = <-p.texts:
			default:
			}
			return " " + text
		})))
	return p
}

// report shows a line of what happened. On a terminal it stands above the bar.
func (p *sweepProgress) report(line string) {
	if p.bars != nil {
		fmt.Fprintln(p.bars, line)
		return
	}
	fmt.Fprintln(p.w, line)
}

func (p *sweepProgress) observe(status *sweep.Status) {
	text := sweepText(status)
	if p.bar != nil {
		p.bar.SetCurrent(int64(1000 * status.Share()))
		select {
		case <-p.texts:
		default:
		}
		p.texts <- text
		return
	}
	if now := time.Now(); now.Sub(p.shown) >= lineInterval {
		p.shown = now
		fmt.Fprintln(p.w, text)
	}
}

// sweepText is where a sweep stands, on a line.
func sweepText(status *sweep.Status) string {
	counts := status.Counts()
	text := fmt.Sprintf("%d of %d runs done", counts[sweep.Done], len(status.Runs))
	for _, state := range []sweep.State{sweep.Running, sweep.Failed} {
		if counts[state] > 0 {
			text += fmt.Sprintf(", %d %s", counts[state], state)
		}
	}
	if left, ok := status.Left(); ok && counts[sweep.Running] > 0 {
		text += ", about " + words.Clock(left) + " left"
	}
	return text
}

func (p *sweepProgress) close() {
	if p.bar == nil || p.ended {
		return
	}
	p.ended = true
	p.bar.Abort(false)
	p.bars.Wait()
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
			content, err := sweep.Load(arguments[0])
			if err != nil {
				return &ExitError{Code: exitUsage, Err: err}
			}
			specification, err := sweep.Parse(content)
			if err != nil {
				return usageError("%s: %w", arguments[0], err)
			}
			plan, err := specification.Expand(nil)
			if err != nil {
				return usageError("%s: %w", arguments[0], err)
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s\n# %d runs, which differ in %s.\n", strings.TrimSpace(string(content)),
				len(plan.Runs), strings.Join(plan.Varying, ", "))
			return err
		},
	}
}

func newSweepStatusCommand() *cobra.Command {
	var connection sweep.Connection
	command := &cobra.Command{
		Use:   "status DIR",
		Short: "Show what is done, running where, waiting and set aside, and when the sweep will end",
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
	serverFlags(command.Flags(), &connection, "`URL` of the NATS server that holds the queue, where the sweep has none of its own")
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
	diverged := 0
	var rows [][]string
	waiting := 0
	const most = 20
	for _, run := range status.Runs {
		if run.Result != nil && run.Result.Diverged {
			diverged++
		}
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
	if diverged > 0 {
		fmt.Fprintf(w, "%d of the runs that are done diverged.\n", diverged)
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
	if err := loaded.Write(dir); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, sentence := range loaded.Sentences() {
		fmt.Fprintln(w, layout(w).Wrap(sentence, "  "))
	}
	fmt.Fprintln(w)
	if err := loaded.Table(w, layout(w)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nReport: %s\n", filepath.Join(dir, "report.html"))
	return err
}
