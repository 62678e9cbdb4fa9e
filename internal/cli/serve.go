package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/live"
	"alrc/internal/sweep"
)

// tokenVariable names the token of a server that others reach, so that it stays the same on each start.
const tokenVariable = "ALRC_SERVE_TOKEN"

// mostMemory is what a server that does nothing else is to stay within.
const mostMemory = 72 << 20

func newServeCommand() *cobra.Command {
	var o live.Options
	var open bool
	command := &cobra.Command{
		Use:   "serve [FOLDER|SWEEP|LOG ...]",
		Short: "Show runs, sweeps and logs in a browser, while they grow",
		Long: `Show runs, sweeps and logs of other programs in a browser: what each is doing,
and its losses as they come. Without an argument, it shows the newest of runs/
and sweeps/, and what comes there.

It only reads. It listens on this machine alone, unless --address says
otherwise; then the printed URL has a token without which nothing is shown, that
of $` + tokenVariable + ` where it is set.`,
		Example: `  alrc serve --open
  alrc serve runs sweeps/table1-tiny train.log
  alrc serve --address 0.0.0.0:8080 sweeps/mine`,
		RunE: func(command *cobra.Command, places []string) error {
			o.Places = places
			ctx, cancel := withSignals(command.Context())
			defer cancel()
			server, err := listen(o)
			if err != nil {
				return err
			}
			// It holds little for long, and reads much in passing: what it read is given back soon.
			debug.SetGCPercent(40)
			debug.SetMemoryLimit(mostMemory)
			fmt.Fprintln(command.OutOrStdout(), server.URL)
			fmt.Fprintln(command.ErrOrStderr(), "Ctrl-C ends it; runs are not touched.")
			if open {
				openBrowser(server.URL, command.ErrOrStderr())
			}
			if err := server.Run(ctx); err != nil {
				return err
			}
			if code := interrupted.Load(); code != 0 {
				return &ExitError{Code: int(code)}
			}
			return nil
		},
	}
	addFlagGroups(command,
		group("Server", func(flags *pflag.FlagSet) {
			flags.StringVar(&o.Address, "address", "", "`HOST:PORT` to listen at (default a free port of this machine alone)")
			flags.BoolVar(&open, "open", false, "start the browser")
		}),
		group("Reading", func(flags *pflag.FlagSet) {
			flags.StringVar(&o.DataDir, "data-dir", "", "`FOLDER` where the images of runs lie, to show those of a step (default where runs say, or $CIFAR10)")
			flags.StringVar(&o.Log.Loss, "loss", "", "`NAME` of the losses in logs (default guessed)")
			flags.StringVar(&o.Log.Step, "step-column", "", "`NAME` of the steps in logs (default guessed)")
		}),
		group("Sweeps", func(flags *pflag.FlagSet) {
			serverFlags(flags, &o.Connection, "`URL` of the NATS server that holds the queue, where a sweep has none of its own")
		}),
	)
	return command
}

// listen begins to serve.
func listen(o live.Options) (*live.Server, error) {
	o.Program, o.Token = "alrc "+version(), os.Getenv(tokenVariable)
	if o.Title == "" {
		if above, err := os.Getwd(); err == nil {
			o.Title = filepath.Base(above)
		}
	}
	server, err := live.Listen(o)
	var usage *live.UsageError
	if errors.As(err, &usage) {
		return nil, &ExitError{Code: exitUsage, Err: err}
	}
	return server, err
}

// openBrowser starts the browser that the system takes for pages. Where there is none, the URL is there to be copied.
func openBrowser(url string, stderr io.Writer) {
	var command *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		command = exec.Command("open", url)
	case "windows":
		command = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	default:
		command = exec.Command("xdg-open", url)
	}
	if err := command.Start(); err != nil {
		tell(stderr, "alrc: no browser could be started (%v): open the address yourself", err)
		return
	}
	go command.Wait()
}

// serveFlag is --serve of a command that trains.
type serveFlag struct{ address string }

// aloneAddress stands for a free port of this machine: the flag without a value.
const aloneAddress = "true"

func (f *serveFlag) add(flags *pflag.FlagSet) {
	flags.Var(f, "serve", "show it in a browser meanwhile, as 'alrc serve' does; --serve=HOST:PORT chooses the address")
	flags.Lookup("serve").NoOptDefVal = aloneAddress
}

func (f *serveFlag) String() string         { return f.address }
func (f *serveFlag) Set(value string) error { f.address = value; return nil }

// Type is that of flags which need no value: help and completion of the shell then show none.
func (f *serveFlag) Type() string { return "bool" }

// start serves a folder until the context ends or stop is called, which waits for the end. It does nothing without the flag.
func (f *serveFlag) start(ctx context.Context, stderr io.Writer, dir, dataDir string, connection sweep.Connection) (stop func(), err error) {
	if f.address == "" {
		return func() {}, nil
	}
	address := f.address
	if address == aloneAddress {
		address = ""
	}
	server, err := listen(live.Options{Places: []string{dir}, Address: address, Title: filepath.Base(dir), DataDir: dataDir, Connection: connection})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Run(ctx); err != nil {
			tell(stderr, "alrc: the page is not served any more: %v", err)
		}
	}()
	fmt.Fprintf(stderr, "See it live: %s\n", server.URL)
	return func() {
		cancel()
		<-done
	}, nil
}
