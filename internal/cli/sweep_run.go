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
	"alrc/internal/runfolder"
	"alrc/internal/sweep"
	"alrc/internal/words"
)

// sweepRunFlags are those of sweep run.
type sweepRunFlags struct {
	out        string
	set        []string
	jobs       int
	threads    int
	silence    time.Duration
	dataDir    string
	connection sweep.Connection
	serve      serveFlag
	engines    experiment.Engines
}

func newSweepRunCommand(engines experiment.Engines) *cobra.Command {
	f := &sweepRunFlags{engines: engines}
	command := &cobra.Command{
		Use:   "run FILE|NAME|DIR",
		Short: "Train all runs of a sweep, or those that are left, and report",
		Long: `Train all runs of a sweep: that of a file, one that comes with the program
('alrc sweep list'), or that of a folder that this command made before. Runs
that have results are left alone, so that a stopped sweep continues when it is
run again.`,
		Example: `  alrc sweep run table1-tiny --data-dir cifar
  alrc sweep run table1-tiny --set data.kind=procedural --set 'clip=[none]'
  alrc sweep run mine.yaml --out sweeps/mine --jobs 4
  alrc sweep run table1 --nats nats://queue.example.org --jobs 0   # for workers`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments[0]) },
	}
	addFlagGroups(command,
		group("Sweep", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.out, "out", "", "`FOLDER` of the sweep (default sweeps/NAME)")
			flags.StringArrayVar(&f.set, "set", nil, "`SETTING=VALUE` in the place of what the file says, which may be a list; repeatable")
			dataDirFlag(flags, &f.dataDir)
		}),
		group("Running", func(flags *pflag.FlagSet) {
			flags.IntVar(&f.jobs, "jobs", 0, "runs to train at a time in this process; 0 leaves them to other workers (default the number of processors)")
			threadsFlag(command, flags, &f.threads, "threads of each run, on which results do not depend (default a job's share of the processors)")
			f.serve.add(flags)
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
	if runfolder.IsSweep(argument) {
		if f.out != "" || len(f.set) > 0 {
			return nil, fmt.Errorf("%s is a sweep that was begun: --out and --set are for new ones", argument)
		}
		return sweep.Read(argument)
	}
	content, err := loadSweep(argument)
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
	case f.silence < time.Second || f.silence > 24*time.Hour:
		return usageError("--silence %v: give a time from 1s to 24h", f.silence)
	}
	folder, err := f.folder(argument)
	if errors.Is(err, sweep.ErrCreate) {
		return err
	}
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	if jobs == 0 && f.connection.URL == "" {
		// Workers of this machine may still come by --sweep.
		fmt.Fprintf(command.ErrOrStderr(), "No job runs in this process: add workers with alrc worker --sweep %s\n", quoted(folder.Dir))
	}
	jobs = capped(command, "jobs", jobs, "runs are trained at a time")
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	stop, err := f.serve.start(ctx, command.ErrOrStderr(), folder.Dir, f.dataDir, f.connection)
	if err != nil {
		return err
	}
	defer stop()
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
	fmt.Fprintf(w, "%s: %s, in %s\n", folder.Plan.Title, words.Counted(p.total, "run"), folder.Dir)
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
