package runfolder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

var errBusy = errors.New("another process has the lock")

// IsBusy reports whether an error is that of a folder that another process has locked.
func IsBusy(err error) bool { return errors.Is(err, errBusy) }

// Lock locks a run's folder for this process until the lock is closed or the process ends. The lock is a file of its
// own, which stays behind: on some systems nobody else can read a file that is locked. File systems without locks
// let everyone have it.
func Lock(dir string) (io.Closer, error) {
	lock, err := LockFile(filepath.Join(dir, lockFile))
	if IsBusy(err) {
		return nil, &busyError{dir}
	}
	return lock, err
}

// busyError is that of a run's folder that another process has locked.
type busyError struct{ dir string }

func (e *busyError) Error() string {
	return e.dir + ": another process is training this run; wait until it is done, or stop it"
}

func (e *busyError) Is(target error) bool { return target == errBusy }

// LockFile locks a file, which it creates if there is none, as [Lock] does.
func LockFile(path string) (io.Closer, error) {
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o644))
	// Who looks whether it is locked has it for a moment; see Locked.
	const looks, pause = 5, 10 * time.Millisecond
	locked, err := lock.TryLock()
	for range looks {
		if locked || err != nil {
			break
		}
		time.Sleep(pause)
		locked, err = lock.TryLock()
	}
	var opening *fs.PathError
	switch {
	case errors.As(err, &opening):
		return nil, err
	case err == nil && !locked:
		return nil, fmt.Errorf("%s: %w", path, errBusy)
	}
	return lock, nil
}

// Locked reports whether a process has a run's [Lock], as far as can be told. It writes nothing.
func Locked(dir string) bool {
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if err != nil {
		return false // there is no file, or no locks
	}
	lock.Close()
	return !free
}
