package cli

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"alrc/internal/losslog"
	"alrc/internal/watch"
	"alrc/internal/words"
)

// alertFlags say what becomes of alerts.
type alertFlags struct {
	exec, webhook, keep string
	lost                bool // what was to be kept could not be
}

func (f *alertFlags) add(flags *pflag.FlagSet, condition, keep string) {
	flags.StringVar(&f.exec, "exec", "", condition+"a shell command to run on an alert; $ALRC_ALERT, $ALRC_STEP, $ALRC_LOSS, $ALRC_SIGMAS")
	flags.StringVar(&f.webhook, "webhook", "", condition+"a URL to post alerts to, as chat tools give out")
	flags.StringVar(&f.keep, "keep", keep, condition+"add what was logged around each spike to this file, as JSON, a line a spike")
}

// check finds what could not work before it is needed, which may be hours later.
func (f *alertFlags) check() error {
	if f.webhook != "" {
		if to, err := url.Parse(f.webhook); err != nil || to.Scheme != "https" && to.Scheme != "http" || to.Host == "" {
			return usageError("--webhook: it is no URL that can be posted to, such as https://example.org/alerts")
		}
	}
	return foldersThere(f.keep)
}

// watcher makes a watcher that prints alerts, and what tells others of them.
func (f *alertFlags) watcher(print func(watch.Alert) error, stdout, stderr io.Writer) (*watch.Watcher, *watch.Notifier) {
	problem := func(err error) { tell(stderr, "alrc: %v", err) }
	notifier := watch.NewNotifier(f.exec, f.webhook, stdout, problem)
	w := watch.New()
	w.Anew = func(step int64) { tell(stderr, "alrc: another run begins, at step %s", words.Count(step)) }
	w.Alert = func(a watch.Alert) error {
		notifier.Tell(a)
		return print(a)
	}
	if f.keep != "" {
		w.Keep = func(r *watch.Record) error {
			// A run must not end because a disk is full.
			if err := r.Append(f.keep); err != nil {
				f.lost = true
				problem(err)
			}
			return nil
		}
	}
	return w, notifier
}

// watchFlags are the flags of 'alrc watch' as they are given.
type watchFlags struct {
	replayFlags
	log    string
	stopOn []string
	grace  time.Duration
	quiet  bool
}

func newWatchCommand() *cobra.Command {
	var f watchFlags
	command := &cobra.Command{
		Use:   "watch [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a training program, and tell when its loss spikes or diverges",
		Long: `Run a program and judge the losses that it writes, as they come. Its output
passes through untouched. A line on standard error tells of every spike, and
what was logged before and after it is kept as JSON.

Where the program writes its losses to a file, --log names that: it need not be
there yet, and what is in it before the program starts is not judged. It may be
a folder, as of TensorBoard.

The exit code is the program's own; 3 if that is 0 and there was an alert, or if
the program was stopped by --stop-on.`,
		Example: `  alrc watch -- python train.py --epochs 3
  alrc watch --stop-on diverged --stop-on stalled:30m -- python train.py
  alrc watch --log runs/train.log -- python train.py
  alrc watch --exec 'notify-send "$ALRC_ALERT"' -- ./train.sh
  alrc watch --webhook "$SLACK_URL" -- ./train.sh`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments) },
	}
	addFlagGroups(command,
		f.watching(),
		group("Alerts", func(flags *pflag.FlagSet) {
			f.alerting.add(flags, "", "alrc-spikes.jsonl")
			flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing of its own while all is well, and no alerts")
			flags.StringArrayVar(&f.stopOn, "stop-on", nil, "end the program on an `EVENT`: spike, diverged, or stalled:DURATION, when no loss comes for as long; repeatable")
			flags.DurationVar(&f.grace, "grace", 30*time.Second, "how long a program that is stopped may take to end after SIGINT, and then after SIGTERM")
		}),
	)
	command.Flags().SetInterspersed(false)
	return command
}

// watching are the flags that say what to read.
func (f *watchFlags) watching() flagGroup {
	reading := f.reading()
	return group(reading.title, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.log, "log", "", "a file or folder that the program writes its losses to, to be read instead of its output")
		flags.AddFlagSet(reading.flags)
	})
}

func (f *watchFlags) run(command *cobra.Command, arguments []string) error {
	f.moments, f.rule = "auto", "auto"
	var logs []string
	if command.Flags().Changed("log") {
		if f.log == "" || f.log == "-" {
			return usageError("--log %q: give a file or a folder; without --log, the program's output is read", f.log)
		}
		logs = []string{f.log}
	}
	o, err := f.options(command, logs)
	if err != nil {
		return err
	}
	stop, err := watch.ParseStop(f.stopOn)
	if err != nil {
		return usageError("--stop-on: %w", err)
	}
	if f.grace <= 0 {
		return usageError("--grace %v: give a time above 0", f.grace)
	}
	if _, err := exec.LookPath(arguments[0]); err != nil {
		return usageError("%s: %w", arguments[0], cause(err))
	}
	if err := f.alerting.check(); err != nil {
		return err
	}
	stderr := &lineWriter{to: command.ErrOrStderr()}
	say := func(text string) { stderr.line("alrc: " + text) }
	w, notifier := f.alerting.watcher(func(a watch.Alert) error {
		if !f.quiet {
			say(a.String())
		}
		return nil
	}, stderr, stderr)
	if !f.quiet {
		o.Log.Chosen = func(source losslog.Source) { say(watching(source)) }
	}
	// The program is to end first, and the watch with it.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	in, atTerminal := command.InOrStdin().(*os.File)
	c := &watch.Command{Arguments: arguments, Stdin: command.InOrStdin(), Stdout: command.OutOrStdout(), Stderr: stderr, Log: o.Log,
		Stop: stop, Grace: f.grace, Signals: signals, Terminal: atTerminal && term.IsTerminal(int(in.Fd())), Say: say}
	result, err := c.Run(w)
	notifier.Close()
	if err != nil {
		return err
	}
	alerts := w.Alerts()
	if result.Missing != nil {
		say(fmt.Sprintf("nothing was judged, since no loss was found %s: %v", c.Where(), result.Missing))
	} else if alerts > 0 {
		text := fmt.Sprintf("%s in %s", words.Counted(alerts, "alert"), words.Agreeing(result.Losses, "loss", "losses"))
		if f.alerting.keep != "" && !f.alerting.lost {
			text += "; what was logged around is in " + f.alerting.keep
		}
		say(text)
	} else if !f.quiet {
		say("no alert in " + words.Agreeing(result.Losses, "loss", "losses"))
	}
	switch {
	case result.Stopped != "" || result.Code == 0 && alerts > 0:
		return &ExitError{Code: exitDiverged}
	case result.Code != 0:
		return &ExitError{Code: result.Code}
	}
	return nil
}

// watching says which loss is judged.
func watching(s losslog.Source) string {
	return fmt.Sprintf("watching %s, whose steps are counted %s", s.Series(), s.Counted())
}

// lineWriter passes on what a program writes, and puts lines of its own between.
type lineWriter struct {
	mutex sync.Mutex
	to    io.Writer
	open  bool // the program's last line has not ended, as that of a progress bar
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(p) > 0 {
		w.open = p[len(p)-1] != '\n'
	}
	return w.to.Write(p)
}

func (w *lineWriter) line(text string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.open {
		text = "\n" + text
	}
	w.open = false
	fmt.Fprintln(w.to, text)
}

// watch follows a log.
func (f *replayFlags) watch(command *cobra.Command, o losslog.Options) error {
	if f.html+f.json+f.csv+f.snippet != "" {
		return usageError("--html, --json, --csv and --snippet are for a replay of a whole log, not for --follow")
	}
	if len(o.Inputs) != 1 {
		return usageError("--follow watches one log")
	}
	if f.alerts < 0 {
		return usageError("--alerts %d: give a number of alerts, or 0 to go on", f.alerts)
	}
	ctx, stop := withSignals(command.Context())
	defer stop()
	out, stderr := command.OutOrStdout(), command.ErrOrStderr()
	alerts := 0
	enough := errors.New("enough alerts")
	w, notifier := f.alerting.watcher(func(a watch.Alert) error {
		fmt.Fprintln(out, a)
		if !a.Over {
			if alerts++; alerts == f.alerts {
				return enough
			}
		}
		return nil
	}, out, stderr)
	o.Chosen = func(source losslog.Source) { tell(stderr, "alrc: %s", watching(source)) }
	waiting := func(err error) {
		tell(stderr, "alrc: waiting for losses: %s", strings.TrimSpace(err.Error()))
	}
	err := watch.Follow(ctx, o, w, waiting)
	notifier.Close()
	var choice *losslog.ChoiceError
	switch {
	case errors.Is(err, enough):
		return &ExitError{Code: exitDiverged}
	case errors.As(err, &choice):
		return &ExitError{Code: exitUsage, Err: describeChoice(choice)}
	case err != nil && ctx.Err() == nil:
		return &ExitError{Code: exitUsage, Err: err}
	case w.Alerts() > 0:
		return &ExitError{Code: exitDiverged}
	}
	return nil
}
