package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/experiment"
	"alrc/internal/place"
	"alrc/internal/sweep"
	"alrc/internal/words"
)

func newWorkerCommand(engines experiment.Engines) *cobra.Command {
	var connection sweep.Connection
	var dir, dataDir, work string
	var jobs, threads int
	command := &cobra.Command{
		Use:   "worker (--nats URL | --sweep DIR)",
		Short: "Take runs of sweeps from a queue, and train them",
		Long: `Take runs of sweeps from a NATS server, or from the server of a sweep that runs
on this machine, and train them, until it is told to stop. On Ctrl-C and SIGTERM
it saves its runs and hands them back, and another worker continues them.`,
		Example: `  alrc worker --nats tls://queue.example.org --nats-creds me.creds
  alrc worker --sweep sweeps/table1-small --jobs 2`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if (connection.URL == "") == (dir == "") {
				return usageError("name the queue: either a server by --nats URL, or a sweep of this machine by --sweep DIR")
			}
			if jobs < 1 {
				return usageError("--jobs %d: give at least 1", jobs)
			}
			jobs = capped(command, "jobs", jobs, "runs are trained at a time")
			if threads == 0 {
				threads = max(1, runtime.GOMAXPROCS(0)/jobs)
			}
			if work == "" {
				cache, err := os.UserCacheDir()
				if err != nil {
					cache = os.TempDir()
				}
				work = filepath.Join(cache, "alrc", "work")
			}
			ctx, cancel := withSignals(command.Context())
			defer cancel()
			if dir != "" {
				folder, err := sweep.Read(dir)
				if err != nil {
					return &ExitError{Code: exitUsage, Err: err}
				}
				access, err := folder.Access()
				if errors.Is(err, fs.ErrNotExist) {
					return usageError("%s has no server: the sweep is done, or was never begun; run it with: alrc sweep run %s", dir, quoted(dir))
				}
				if err != nil {
					return err
				}
				connection = access.Connection()
				// The sweep's own server ends with it, and then there is nothing more to do.
				go func() {
					if folder.AwaitEnd(ctx) {
						fmt.Fprintln(command.ErrOrStderr(), "The sweep has ended, and its server with it: there is nothing more to do.")
						cancel()
					}
				}()
			}
			stderr := command.ErrOrStderr()
			name := workerName()
			fmt.Fprintf(stderr, "Worker %s: %d at a time, of %s each, from %s\n", name, jobs, words.Counted(threads, "thread"), connection.Address())
			worker := &sweep.Worker{Name: name, Jobs: jobs, Threads: threads, Data: place.Opener{Dir: dataDir}, Engines: engines, Folder: work,
				Environment: experiment.Here(version(), threads, "alrc worker"),
				Report:      func(line string) { fmt.Fprintln(stderr, line) }}
			if err := worker.Work(ctx, connection); err != nil {
				return err
			}
			if code := interrupted.Load(); code != 0 {
				return &ExitError{Code: int(code)}
			}
			return nil
		},
	}
	addFlagGroups(command,
		group("Queue", func(flags *pflag.FlagSet) {
			serverFlags(flags, &connection, "`URL` of a NATS server that holds sweeps")
			flags.StringVar(&dir, "sweep", "", "`FOLDER` of a sweep that runs on this machine")
		}),
		group("Running", func(flags *pflag.FlagSet) {
			flags.IntVar(&jobs, "jobs", runtime.GOMAXPROCS(0), "runs to train at a time")
			threadsFlag(command, flags, &threads, "threads of each run, on which results do not depend (default a job's share of the processors)")
			dataDirFlag(flags, &dataDir)
			flags.StringVar(&work, "work", "", "`FOLDER` of runs in progress (default alrc/work in the user's cache folder)")
		}),
	)
	return command
}
