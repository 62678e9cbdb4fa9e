package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// Exit codes of the command.
const (
	exitFailure  = 1   // something went wrong while working
	exitUsage    = 2   // wrong flags or wrong input
	exitDiverged = 3   // finished, but a run diverged or an alert fired
	exitCtrlC    = 130 // interrupted, with the work saved
	exitSIGTERM  = 143 // asked to stop, with the work saved
)

// ExitError is an error that chooses the command's exit code. A nil Err ends the command without a message.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// usageError says that the user's flags or input are wrong.
func usageError(format string, arguments ...any) error {
	return &ExitError{Code: exitUsage, Err: fmt.Errorf(format, arguments...)}
}

// interrupted is the signal that ended a context made by withSignals, or 0.
var interrupted atomic.Int32

// withSignals returns a context that the first Ctrl-C or SIGTERM cancels, so that work can be saved; a second one
// ends the process at once.
func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case received := <-signals:
			interrupted.Store(int32(signalExitCode(received)))
			cancel()
		case <-ctx.Done():
			signal.Stop(signals)
			return
		}
		received := <-signals
		os.Exit(signalExitCode(received))
	}()
	return ctx, cancel
}

func signalExitCode(received os.Signal) int {
	if received == syscall.SIGTERM {
		return exitSIGTERM
	}
	return exitCtrlC
}

// exitCode turns a command's error into the process's exit code.
func exitCode(err error) int {
	var exit *ExitError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && interrupted.Load() != 0:
		return int(interrupted.Load())
	case errors.As(err, &exit):
		return exit.Code
	}
	return exitFailure
}

// cause is the innermost error, without the names of system calls that stand around it.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
