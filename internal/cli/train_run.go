package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alrc/internal/atomicfile"
	"alrc/internal/experiment"
	"alrc/internal/imagefile"
	"alrc/internal/place"
	"alrc/internal/report"
	"alrc/internal/runfolder"
	"alrc/internal/words"
)

// newFolder makes a folder named after a time, which no other process has made.
func newFolder(above string, now time.Time) (string, error) {
	if err := os.MkdirAll(above, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(above, now.Format("2006-01-02-150405"))
	for number, dir := 2, name; ; number++ {
		err := os.Mkdir(dir, 0o755)
		if !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
		dir = fmt.Sprintf("%s-%d", name, number)
	}
}

// create begins all the folders of a comparison, so that one that is stopped knows what is left to do.
func (f *trainFlags) create(out string, runs []experiment.Specification) (dirs []string, err error) {
	existing, err := runfolder.Find(out)
	if err != nil {
		return nil, err
	}
	if len(existing) > 0 && !f.overwrite {
		return nil, usageError("%s holds %s: name another folder with --out, replace with --overwrite what is there, or go on with it:"+
			" alrc resume %s", out, words.Counted(len(existing), "run"), quoted(out))
	}
	for _, dir := range existing {
		if err := runfolder.Remove(dir); err != nil {
			return nil, err
		}
	}
	environment := experiment.Here(version(), f.threads, commandLine())
	for _, run := range runs {
		dir := filepath.Join(out, f.label(run))
		if err := experiment.Create(dir, run, environment); err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// newOpener opens data, in a folder of this machine where one is named, and lists what cannot be used.
func newOpener(log io.Writer, dir string) *place.Opener {
	return &place.Opener{Dir: dir, Skipped: func(skipped []imagefile.Skipped) {
		const most = 10
		fmt.Fprintf(log, "Left out what cannot be used as images (%d):\n", len(skipped))
		for _, file := range skipped[:min(len(skipped), most)] {
			fmt.Fprintf(log, "  %s\n", file)
		}
		if more := len(skipped) - most; more > 0 {
			fmt.Fprintf(log, "  and %d more\n", more)
		}
	}}
}

// validSpecification reads a run's specification.
func validSpecification(dir string) (experiment.Specification, error) {
	specification, err := experiment.Read(dir)
	if err == nil {
		err = specification.Validate()
	}
	return specification, err
}

// trainAll trains, or goes on training, the runs of a comparison, and reports.
func trainAll(ctx context.Context, command *cobra.Command, out string, dirs []string, opener *place.Opener, options experiment.Options) error {
	progress := newRunsProgress(command.ErrOrStderr())
	var members []experiment.Member
	for _, dir := range dirs {
		specification, err := validSpecification(dir)
		if err == nil {
			_, err = options.Engines.Find(specification.Engine)
		}
		if err != nil {
			return &ExitError{Code: exitUsage, Err: runfolder.In(dir, err)}
		}
		_, data, err := opener.Open(specification.Data)
		if err != nil {
			return usageError("%s: %w\nIf its data have moved, name their folder with --data-dir", dir, err)
		}
		run := progress.run(filepath.Base(dir))
		members = append(members, experiment.Member{Dir: dir, Data: data, Observe: run.observe, Finish: run.close})
	}
	results, err := experiment.TrainTogether(ctx, members, options)
	progress.close()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(command.ErrOrStderr(), "Stopped, and saved. Go on with: alrc resume %s\n", quoted(out))
		return &ExitError{Code: int(interrupted.Load())}
	}
	if atomicfile.IsFull(err) {
		return fmt.Errorf("%w\nThe disk is full. What was saved is kept: make room, and go on with: alrc resume %s", err, quoted(out))
	}
	if err != nil {
		return err
	}
	var diverged []string
	for i, result := range results {
		if ending := result.Ending(); ending != "" {
			diverged = append(diverged, filepath.Base(dirs[i])+": "+ending)
		}
	}
	if err := writeReport(command.OutOrStdout(), out); err != nil {
		return err
	}
	if len(diverged) > 0 {
		return &ExitError{Code: exitDiverged, Err: errors.New(strings.Join(diverged, "; "))}
	}
	return nil
}

// writeReport writes the comparison of a folder's runs, and shows it in short.
func writeReport(w io.Writer, out string) error {
	comparison, err := report.Load(out)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	written := comparison.Write(out) // the results are shown all the same where nothing can be written
	fmt.Fprintln(w)
	if err := comparison.Table(w, layout(w)); err != nil {
		return err
	}
	fmt.Fprintln(w)
	columns, onTerminal := isTerminal(w)
	const rows = 18
	if showsUnicode() {
		err = comparison.TerminalPlot(w, min(columns, 100), rows, onTerminal && os.Getenv("NO_COLOR") == "")
	} else {
		err = comparison.ASCIIPlot(w, min(columns, 100), rows)
	}
	if err = cmp.Or(err, written); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nReport: %s\n", filepath.Join(out, "report.html"))
	return err
}
