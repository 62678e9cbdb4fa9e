package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"alrc/internal/dataset"
	"alrc/internal/words"
)

func newDataCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "data",
		Short: "Download images to train on",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(newCIFAR10Command())
	return command
}

func newCIFAR10Command() *cobra.Command {
	var dir, address string
	command := &cobra.Command{
		Use:   "cifar10 [flags]",
		Short: "Download CIFAR-10: 60,000 photographs of 32x32 pixels",
		Long: `Download CIFAR-10's binary version (170 MB, unpacked 184 MB), check its MD5 and
unpack it. A download that was interrupted continues where it stopped. If this
machine cannot reach the address, put cifar-10-binary.tar.gz in the folder by
hand and run this again.`,
		Example: `  alrc data cifar10 --dir data
  alrc train --data cifar10 --data-dir data`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if dir == "" || isThere(dir) && !isFolder(dir) {
				return usageError("--dir %q: give a folder; it need not exist yet", dir)
			}
			ctx, cancel := withSignals(command.Context())
			defer cancel()
			progress := &downloadProgress{w: command.ErrOrStderr(), label: "CIFAR-10"}
			err := dataset.DownloadCIFAR10(ctx, dir, address, progress.observe)
			progress.close()
			if err != nil {
				return err
			}
			train, test, err := dataset.OpenCIFAR10(dir, 0)
			if err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "CIFAR-10 is in %s: %s images to train on and %s for tests.\nTrain on it with: alrc train --data cifar10 --data-dir %s\n",
				dir, words.Count(train.Len()), words.Count(test.Len()), dir)
			return nil
		},
	}
	folder := os.Getenv("CIFAR10")
	if folder == "" {
		folder = "data"
	}
	command.Flags().StringVar(&dir, "dir", folder, "folder to download to")
	command.Flags().StringVar(&address, "url", dataset.CIFAR10URL, "where to download from, such as a mirror; the MD5 is checked all the same")
	return command
}

// downloadProgress shows how a download goes on: a bar on a terminal, now and then a line elsewhere.
type downloadProgress struct {
	w     io.Writer
	label string
	bars  *mpb.Progress // nil where there is no terminal
	bar   *mpb.Bar
	begin time.Time
	first int64 // the bytes that were there before
	shown time.Time

	mutex       sync.Mutex // guards done and total, which the bar reads from its own goroutine
	done, total int64
}

// observe takes the bytes that there are and that there will be, or -1 where that is not known.
func (p *downloadProgress) observe(done, total int64) {
	now := time.Now()
	p.mutex.Lock()
	p.done, p.total = done, total
	p.mutex.Unlock()
	if p.begin.IsZero() {
		p.begin, p.shown, p.first = now, now, done
		p.start()
	}
	switch since := now.Sub(p.shown); {
	case p.bar != nil && since >= barInterval:
		p.bar.SetTotal(max(0, total), false)
		p.bar.SetCurrent(done)
		p.shown = now
	case p.bar == nil && since >= lineInterval:
		fmt.Fprintf(p.w, "%s: %s\n", p.label, p.text())
		p.shown = now
	}
}

func (p *downloadProgress) start() {
	columns, ok := isTerminal(p.w)
	if !ok {
		fmt.Fprintf(p.w, "%s: downloading\n", p.label)
		return
	}
	p.bars = mpb.New(mpb.WithOutput(p.w), mpb.WithWidth(columns), mpb.WithRefreshRate(barInterval))
	p.bar = p.bars.New(max(0, p.total), barStyle(), mpb.BarWidth(max(6, min(40, columns-60))),
		mpb.PrependDecorators(decor.Name(p.label+" ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.text() })))
}

// close leaves the last state on the screen.
func (p *downloadProgress) close() {
	switch {
	case p.bar != nil:
		p.bar.SetCurrent(p.done)
		p.bar.Abort(false)
		p.bars.Wait()
	case !p.begin.IsZero():
		fmt.Fprintf(p.w, "%s: %s\n", p.label, p.text())
	}
}

// text is the progress in words; the time is how long the download will take yet, or how long it took.
func (p *downloadProgress) text() string {
	p.mutex.Lock()
	done, total := p.done, p.total
	p.mutex.Unlock()
	const megabyte = 1e6
	elapsed := time.Since(p.begin)
	rate := float64(done-p.first) / max(elapsed.Seconds(), 1e-9)
	switch {
	case done == total:
		return fmt.Sprintf("%.1f MB in %s", float64(done)/megabyte, words.Clock(elapsed))
	case total < 0:
		return fmt.Sprintf("%.1f MB, %.1f MB/s", float64(done)/megabyte, rate/megabyte)
	}
	text := fmt.Sprintf("%.1f/%.1f MB", float64(done)/megabyte, float64(total)/megabyte)
	if rate > 0 {
		left := min(float64(total-done)/rate, 1e8)
		text += fmt.Sprintf(", %.1f MB/s, %s left", rate/megabyte, words.Clock(time.Duration(left*float64(time.Second))))
	}
	return text
}
