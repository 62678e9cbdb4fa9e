// Package atomicfile replaces files whole: a reader, or a process that comes after a crash, finds either the old
// content or the new one, never a part.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Write replaces the file at path by what write produces. The content goes to a temporary file beside the target, which is
// synced and then renamed; when anything fails the temporary file is removed and the target is as it was. A symbolic link is
// followed, an existing file keeps its mode, and a new one gets what the umask leaves. What is no regular file, such as a
// device or a pipe, is written to; "-" is standard output.
func Write(path string, write func(io.Writer) error) error {
	if err := replace(path, write, false); err != nil {
		return fmt.Errorf("write %s: %w", path, withoutPath(err, path))
	}
	return nil
}

// WritePrivate replaces the file at path by content, as Write does, with a mode that lets its owner alone read it, at all times.
func WritePrivate(path string, content []byte) error {
	write := func(w io.Writer) error { _, err := w.Write(content); return err }
	if err := replace(path, write, true); err != nil {
		return fmt.Errorf("write %s: %w", path, withoutPath(err, path))
	}
	return nil
}

func replace(path string, write func(io.Writer) error, private bool) (err error) {
	if IsStream(path) {
		return writeTo(path, write)
	}
	target, err := follow(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err == nil {
		// What may not be written to is not replaced either.
		if err := mayWrite(target); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	mode := fs.FileMode(0o666)
	if private {
		mode = 0o600
	}
	file, err := createBeside(target, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
			err = withoutPath(err, file.Name(), target)
		}
	}()
	if info != nil && !private {
		if err := file.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := errors.Join(buffered.Flush(), file.Sync()); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), target); err != nil {
		return err
	}
	// The rename itself is durable only once the folder is synced; some systems cannot sync a folder, which is not
	// an error of the write.
	SyncFolder(filepath.Dir(target))
	return nil
}

// IsStream says that a path is not that of a file that is replaced, but of something that is written to: a device, a pipe, a
// socket, a descriptor of a process, such as /dev/stdout, or "-", which is standard output.
func IsStream(path string) bool {
	if path == "-" {
		return true
	}
	for _, name := range []string{"/dev/fd/", "/dev/stdout", "/dev/stderr", "/proc/"} {
		if absolute, err := filepath.Abs(path); err == nil && strings.HasPrefix(absolute, name) {
			return true
		}
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// writeTo writes to what is there.
func writeTo(path string, write func(io.Writer) error) error {
	file := os.Stdout
	if path != "-" {
		var err error
		if file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
			return err
		}
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if file != os.Stdout {
		err = errors.Join(err, file.Close())
	}
	return err
}

// follow returns the file that a symbolic link stands for, also if there is none yet.
func follow(path string) (string, error) {
	const mostLinks = 40
	for range mostLinks {
		link, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link, or nothing at all
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return "", errors.New("too many symbolic links")
}

// mayWrite is an error where an existing file may not be written to.
func mayWrite(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// createBeside makes a new hidden file in the folder of a target, with what the umask leaves of a mode.
func createBeside(target string, mode fs.FileMode) (*os.File, error) {
	dir, base := filepath.Split(target)
	const most = 200 // bytes of a name, of which file systems allow 255
	if len(base) > most {
		base = base[:most]
	}
	for try := 0; ; try++ {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", base, rand.Uint32()))
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) || try == 100 {
			return file, withoutPath(err, name)
		}
	}
}

// withoutPath keeps a message from naming the file twice, or the temporary one.
func withoutPath(err error, names ...string) error {
	var pathError *fs.PathError
	var linkError *os.LinkError
	switch {
	case errors.As(err, &pathError) && slices.Contains(names, pathError.Path):
		return pathError.Err
	case errors.As(err, &linkError):
		return linkError.Err
	}
	return err
}

// SyncFolder makes the names in a folder last, such as one that was renamed, where the system can do that.
func SyncFolder(dir string) {
	if folder, err := os.Open(dir); err == nil {
		folder.Sync()
		folder.Close()
	}
}

// WriteBytes replaces the file at path by content, as Write does.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// SyncTree makes all files in a folder, and in those in it, last. It syncs several at a time, which the file system can write
// in one go.
func SyncTree(dir string) error {
	const most = 16
	running := make(chan struct{}, most)
	var working sync.WaitGroup
	var mutex sync.Mutex
	var errs []error
	walkErr := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		running <- struct{}{}
		working.Add(1)
		go func() {
			defer func() { <-running; working.Done() }()
			if entry.IsDir() {
				SyncFolder(path)
			} else if err := syncFile(path); err != nil {
				mutex.Lock()
				defer mutex.Unlock()
				errs = append(errs, err)
			}
		}()
		return nil
	})
	working.Wait()
	if err := errors.Join(append(errs, walkErr)...); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0) // some systems sync only what may be written to
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// IsFull says that an error is one of a disk that has no room, or of a quota that is used up.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || runtime.GOOS == "windows" && errors.Is(err, diskFull)
}

// diskFull is Windows' ERROR_DISK_FULL.
const diskFull = syscall.Errno(112)
