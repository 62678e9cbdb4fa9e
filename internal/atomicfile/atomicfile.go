// Package atomicfile replaces files whole: a reader, or a process that comes after a crash, finds either the old
// content or the new one, never a part.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Write replaces the file at path by what write produces. The content goes to a temporary file in the same folder,
// which is synced and then renamed to path; when anything fails the temporary file is removed and path is as it was.
func Write(path string, write func(io.Writer) error) (err error) {
	dir, base := filepath.Split(path)
	file, err := os.CreateTemp(dir, "."+base+".*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	buffered := bufio.NewWriterSize(file, 1<<16)
	if err := write(buffered); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	// CreateTemp makes files that only their owner may read; results are for whoever may read the folder.
	if err := file.Chmod(0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	// The rename itself is durable only once the folder is synced; some systems cannot sync a folder, which is not
	// an error of the write.
	syncFolder(filepath.Clean(dir + "."))
	return nil
}

func syncFolder(dir string) {
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
				syncFolder(path)
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
