package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"alrc/internal/atomicfile"
	"alrc/internal/clipping"
	"alrc/internal/losslog"
	"alrc/internal/replay"
	"alrc/internal/snippet"
	"alrc/internal/words"
)

// replayFlags are the flags of 'alrc replay' as they are given.
type replayFlags struct {
	format, column, field, tag, step, batch, pattern string
	lines, one                                       string
	where, clips                                     []string
	decay                                            float64
	moments, rule                                    string
	html, json, csv, snippet                         string
	noPlot, strict                                   bool
	follow                                           bool
	alerting                                         alertFlags
	alerts                                           int
}

func newReplayCommand() *cobra.Command {
	var f replayFlags
	command := &cobra.Command{
		Use:   "replay [flags] FILE|FOLDER|-...",
		Short: "See what clipping would have done to a run that you have a log of",
		Long: `Read the losses of a training run from its log, whatever wrote it, and tell
which steps were outliers, what each clipping would have done, and which
settings to use.

Reads the console output of most trainers, progress bars and tables included,
CSV and TSV, JSON lines and documents, TensorBoard event files, notebooks, and
folders of these; compressed by gzip, zstd or bzip2 or not. The format is told
by the content.`,
		Example: `  alrc replay train.csv
  alrc replay runs/exp1                  # a folder of TensorBoard event files
  alrc replay train.log --column MSE --where Val=0
  alrc replay train.log --pattern 'error ([-+0-9.eE]+|nan|inf)'
  alrc replay train.csv --html replay.html --snippet pytorch
  alrc replay --follow train.log --exec 'notify-send "$ALRC_ALERT"'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error { return f.run(command, arguments) },
	}
	addFlagGroups(command,
		f.reading(),
		group("Clipping", func(flags *pflag.FlagSet) {
			flags.StringArrayVar(&f.clips, "clip", []string{"none", "alrc:2", "alrc:3", "alrc:4", "two-sided"}, "`CLIPPING`, repeatable: "+clipping.Forms)
			flags.Float64Var(&f.decay, "decay", 0, "decay of the running moments (default 0.999)")
			flags.StringVar(&f.moments, "moments", "auto", "starting moments: auto, or MU1,MU2")
			flags.StringVar(&f.rule, "rule", "auto", "how scales are made: auto, ratio or distance")
		}),
		group("Output", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.snippet, "snippet", "", "print the module to paste for go, gomlx, pytorch, jax or all, and the replay to standard error")
			flags.StringVar(&f.html, "html", "", "write a self-contained page to this file")
			flags.StringVar(&f.json, "json", "", "write everything as JSON to this file; - is standard output, and nothing else is printed")
			flags.StringVar(&f.csv, "csv", "", "write a row a step to this file, or to standard output by -: step, loss, threshold, scale (of the --clip given, else of alrc:3)")
			flags.BoolVar(&f.noPlot, "no-plot", false, "leave out the plot")
		}),
		group("Watching", func(flags *pflag.FlagSet) {
			flags.BoolVarP(&f.follow, "follow", "f", false, "watch a growing log and print a line for every spike; Ctrl-C ends it, with exit code 3 if there was one")
			f.alerting.add(flags, "with --follow: ", "")
			flags.IntVar(&f.alerts, "alerts", 0, "with --follow: end after this many alerts (0: go on)")
		}),
	)
	return command
}

// reading are the flags that say what to read.
func (f *replayFlags) reading() flagGroup {
	return group("What to read", func(flags *pflag.FlagSet) {
		flags.StringVar(&f.format, "format", "", "csv, jsonl, json, events or text; told by the content")
		flags.StringVar(&f.column, "column", "", "the loss: a column's name or number, or a name in a text log")
		flags.StringVar(&f.field, "field", "", "the loss: a field of JSON records, such as train.loss")
		flags.StringVar(&f.tag, "tag", "", "the loss: a tag of TensorBoard event files")
		flags.StringVar(&f.step, "step-column", "", "what counts the steps; guessed by name")
		flags.StringVar(&f.batch, "batch-column", "", "records that follow one another with the same value are the losses of one step")
		flags.StringVar(&f.pattern, "pattern", "", "a regular expression whose group is the loss; (?P<step>...) is the step")
		flags.StringArrayVar(&f.where, "where", nil, "only records with this: `FIELD=VALUE` or FIELD!=VALUE, as in split!=val; repeatable")
		flags.StringVar(&f.lines, "lines", "", "only lines with this word, as in valid, where lines of several kinds hold the loss")
		flags.StringVar(&f.one, "run", "", "which of the runs that follow one another in a log: a number from 1, last or all (default the last with more than a record)")
		flags.BoolVar(&f.strict, "strict", false, "malformed records are errors")
	})
}

// options turns the flags into what a replay takes.
func (f *replayFlags) options(command *cobra.Command, inputs []string) (replay.Options, error) {
	o := replay.Options{Log: losslog.Options{Inputs: inputs, Stdin: command.InOrStdin(), Format: losslog.Format(f.format), Step: f.step,
		Batch: f.batch, Pattern: f.pattern, Lines: f.lines, Run: f.one, Strict: f.strict}, Decay: f.decay}
	if f.format != "" && !slices.Contains(losslog.Formats, o.Log.Format) {
		return o, usageError("--format %s: give csv, jsonl, json, events or text", f.format)
	}
	if count([]bool{f.column != "", f.field != "", f.tag != "", f.pattern != ""}) > 1 {
		return o, usageError("give only one of --column, --field, --tag and --pattern: each says what the loss is")
	}
	o.Log.Loss = f.column + f.field + f.tag
	if f.snippet != "" && f.snippet != "all" && !slices.Contains(snippet.Frameworks, f.snippet) {
		return o, usageError("--snippet %s: give %s or all", f.snippet, strings.Join(snippet.Frameworks, ", "))
	}
	for _, text := range f.where {
		field, value, ok := strings.Cut(text, "=")
		not := strings.HasSuffix(field, "!")
		if field = strings.TrimSuffix(field, "!"); !ok || field == "" {
			return o, usageError("--where %s: give FIELD=VALUE or FIELD!=VALUE", text)
		}
		o.Log.Where = append(o.Log.Where, losslog.Condition{Field: field, Value: value, Not: not})
	}
	moments, err := clipping.ParseMoments(f.moments)
	if err != nil {
		return o, usageError("--moments: %w", err)
	}
	rule, err := clipping.ParseRule(f.rule)
	if err != nil {
		return o, usageError("--rule: %w", err)
	}
	seen := make(map[string]bool)
	for _, text := range f.clips {
		spec, err := clipping.Parse(text)
		if err != nil {
			return o, usageError("--clip: %w", err)
		}
		if seen[spec.String()] {
			return o, usageError("--clip %s is given twice", spec)
		}
		seen[spec.String()] = true
		spec.Decay, spec.Moments, spec.Rule = f.decay, moments, rule
		if _, err := spec.New(); err != nil {
			return o, usageError("%w", err)
		}
		o.Clips = append(o.Clips, spec)
	}
	return o, nil
}

func (f *replayFlags) run(command *cobra.Command, inputs []string) error {
	o, err := f.options(command, inputs)
	if err != nil {
		return err
	}
	files := []string{f.html, f.json, f.csv, f.alerting.keep}
	if err := wouldOverwrite(files, inputs); err != nil {
		return err
	}
	if err := foldersThere(files...); err != nil {
		return err
	}
	if f.follow {
		if err := f.alerting.check(); err != nil {
			return err
		}
		return f.watch(command, o.Log)
	}
	if f.alerting != (alertFlags{}) || f.alerts != 0 {
		return usageError("--exec, --webhook, --keep and --alerts are for --follow")
	}
	if printed := []bool{f.csv == "-", f.json == "-", f.snippet != ""}; f.html == "-" || count(printed) > 1 {
		return usageError("only one of --json -, --csv - and --snippet can go to standard output, and no page")
	}
	var rows *os.File // for standard output and pipes, since the rows of a resumed run are written anew
	if f.csv != "" {
		if replay.RowsOf(o.Clips).Kind == "none" {
			return usageError("--csv writes the threshold and the scales of a clipping: give one by --clip")
		}
		o.Rows = func(write func(io.Writer) error) error { return writeRows(f.csv, write) }
	}
	if f.csv != "" && atomicfile.IsStream(f.csv) {
		var err error
		if rows, err = os.CreateTemp("", "alrc-rows-*"); err != nil {
			return fmt.Errorf("keep the rows: %w", err)
		}
		defer os.Remove(rows.Name())
		defer rows.Close()
		o.Rows = func(write func(io.Writer) error) error {
			if _, err := rows.Seek(0, io.SeekStart); err != nil {
				return err
			}
			return errors.Join(rows.Truncate(0), write(rows))
		}
	}
	progress := newWorking(command.ErrOrStderr())
	progress.now("reading %s", strings.Join(inputs, ", "))
	report, err := replay.Run(o)
	progress.close()
	var choice *losslog.ChoiceError
	if errors.As(err, &choice) {
		if chosen, ok := ask(command, choice); ok {
			if chosen.Run != "" {
				o.Log.Inputs = []string{chosen.Run}
			}
			o.Log.Loss, o.Log.Lines = chosen.Loss, chosen.Lines
			if field, value, ok := strings.Cut(chosen.Where, "="); ok {
				o.Log.Where = append(o.Log.Where, losslog.Condition{Field: field, Value: value})
			}
			report, err = replay.Run(o)
		} else {
			return &ExitError{Code: exitUsage, Err: describeChoice(choice)}
		}
	}
	var unwritten *ExitError
	switch {
	case errors.As(err, &unwritten):
		return err
	case err != nil:
		return &ExitError{Code: exitUsage, Err: err}
	}
	if f.html != "" {
		if err := atomicfile.Write(f.html, report.HTML); err != nil {
			return err
		}
	}
	out := command.OutOrStdout()
	if f.json != "" && f.json != "-" {
		if err := atomicfile.Write(f.json, report.JSON); err != nil {
			return err
		}
	}
	if f.json == "-" {
		return report.JSON(out)
	}
	if rows != nil {
		copied := func(w io.Writer) error {
			if _, err := rows.Seek(0, io.SeekStart); err != nil {
				return err
			}
			_, err := io.Copy(w, rows)
			return err
		}
		if f.csv == "-" {
			return copied(out)
		}
		if err := atomicfile.Write(f.csv, copied); err != nil {
			return err
		}
	}
	told := out
	if f.snippet != "" { // which may go to a file
		told = command.ErrOrStderr()
	}
	columns, onTerminal := isTerminal(told)
	look := replay.Appearance{Columns: columns, Color: onTerminal && os.Getenv("NO_COLOR") == "", ASCII: !showsUnicode(), Plot: !f.noPlot, Hint: f.snippet == ""}
	if err := report.Print(told, look); err != nil {
		return err
	}
	for _, file := range []string{f.html, f.json, f.csv} {
		if file != "" {
			fmt.Fprintf(told, "\nWrote %s", file)
		}
	}
	if f.html+f.json+f.csv != "" {
		fmt.Fprintln(told)
	}
	if f.snippet != "" {
		_, err = io.WriteString(out, report.Modules(f.snippet))
	}
	return err
}

// count counts what is true.
func count(all []bool) (n int) {
	for _, one := range all {
		if one {
			n++
		}
	}
	return n
}

// writeRows writes a file of rows as the log is read. Of what fails, the log is wrong input, and the file a failure.
func writeRows(path string, write func(io.Writer) error) error {
	var reading, writing error
	err := atomicfile.Write(path, func(w io.Writer) error {
		reading = write(writerFunc(func(p []byte) (n int, err error) {
			if n, err = w.Write(p); err != nil {
				writing = err
			}
			return n, err
		}))
		return reading
	})
	if err != nil && (reading == nil || writing != nil) {
		return &ExitError{Code: exitFailure, Err: err}
	}
	return err
}

// writerFunc is a function as a writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// ask lets a person at a terminal choose a series.
func ask(command *cobra.Command, choice *losslog.ChoiceError) (losslog.Candidate, bool) {
	in, inOK := command.InOrStdin().(*os.File)
	out, outOK := command.OutOrStdout().(*os.File)
	if !inOK || !outOK || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) || len(choice.Candidates) == 0 {
		return losslog.Candidate{}, false
	}
	fmt.Fprintf(out, "%s:\n\n%s\n", choice.Reason, candidateTable(choice))
	for {
		fmt.Fprintf(out, "Which one, 1 to %d? ", len(choice.Candidates))
		var number int
		if _, err := fmt.Fscanln(in, &number); errors.Is(err, io.EOF) {
			return losslog.Candidate{}, false
		}
		if number >= 1 && number <= len(choice.Candidates) {
			fmt.Fprintln(out)
			return choice.Candidates[number-1], true
		}
	}
}

// describeChoice lists the series of a log, and the flags that pick each.
func describeChoice(choice *losslog.ChoiceError) error {
	return fmt.Errorf("%s:\n\n%s", choice.Reason, candidateTable(choice))
}

func candidateTable(choice *losslog.ChoiceError) string {
	var b strings.Builder
	rows := [][]string{{"   ", "loss", "count", "from", "to", "to pick it, give"}}
	for i, c := range choice.Candidates {
		name := c.Loss
		if c.Where != "" {
			name += ", " + c.Where
		}
		if c.Lines != "" {
			name += ", " + c.Lines
		}
		var flags []string
		if c.Run != "" {
			name = filepath.Base(c.Run) + ": " + name
			flags = append(flags, quoted(c.Run))
		}
		flags = append(flags, "--column", quoted(c.Loss))
		if c.Where != "" {
			flags = append(flags, "--where", quoted(c.Where))
		}
		if c.Lines != "" {
			flags = append(flags, "--lines", quoted(c.Lines))
		}
		from, to := words.Short(c.Least, 4), words.Short(c.Most, 4)
		if c.NaN == c.Count {
			from, to = "not finite", "-"
		}
		rows = append(rows, []string{fmt.Sprintf("  %d", i+1), name, words.Count(c.Count), from, to, strings.Join(flags, " ")})
	}
	b.WriteString(words.Layout{}.List(rows))
	if choice.Left > 0 {
		fmt.Fprintf(&b, "(and %d more, which are less likely)\n", choice.Left)
	}
	if choice.Partial {
		b.WriteString("(counts and ranges are of the beginning of the log)\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// quoted makes a text one word of a shell.
func quoted(text string) string {
	if text != "" && !strings.ContainsAny(text, " \t\n'\"$`\\!*?[](){}<>|&;#~") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
