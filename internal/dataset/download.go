package dataset

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alrc/internal/atomicfile"
)

// CIFAR10URL is where CIFAR-10's authors publish its binary version.
const CIFAR10URL = "https://www.cs.toronto.edu/~kriz/" + cifarArchive

const (
	// cifarArchive is the name of the published archive, and cifarMD5 what its authors say its MD5 is.
	cifarArchive = "cifar-10-binary.tar.gz"
	cifarMD5     = "c32a1d4ab5d03f1284b67883e8d87530"
	// The archive has 170 MB and unpacks to 184 MB; what is far beyond that is something else.
	maxArchiveBytes  = 256 << 20
	maxUnpackedBytes = 512 << 20
	maxCIFARFile     = 64 << 20
	// maxAttempts bounds how often a transfer that broke off is gone on with in one call.
	maxAttempts = 20
	// stallTimeout is how long a transfer may stand still.
	stallTimeout = time.Minute
)

// DownloadCIFAR10 downloads CIFAR-10's archive to a folder, checks its MD5, and unpacks its six files to the folder
// cifar-10-batches-bin in there. An empty url stands for [CIFAR10URL]. Where the files are there already nothing is done; an
// archive put there by hand, by its published name, is used in place of a download; and a download that was broken
// off, by the network, the context or a kill, is gone on with by the next call. Each file appears whole or not at all.
//
// Progress, where not nil, is called with the bytes there are and the bytes there will be, or -1 where the server does
// not say.
func DownloadCIFAR10(ctx context.Context, dir, url string, progress func(done, total int64)) error {
	if url == "" {
		url = CIFAR10URL
	}
	if progress == nil {
		progress = func(done, total int64) {}
	}
	d := download{dir: dir, url: url, md5: cifarMD5, progress: progress}
	if err := d.run(ctx); err != nil {
		return fmt.Errorf("CIFAR-10: %w", err)
	}
	return nil
}

type download struct {
	dir, url, md5 string
	progress      func(done, total int64)
}

// The archive by its own name is one that was put there by hand; a download is never seen by that name. Beside the
// part of a download lies what the server called that version of the archive.
func (d *download) byHand() string    { return filepath.Join(d.dir, cifarArchive) }
func (d *download) part() string      { return filepath.Join(d.dir, cifarArchive+".part") }
func (d *download) validator() string { return filepath.Join(d.dir, cifarArchive+".part.version") }

func (d *download) run(ctx context.Context) error {
	target := filepath.Join(d.dir, cifarFolder)
	if len(missingCIFAR10(target)) == 0 || len(missingCIFAR10(d.dir)) == 0 {
		return nil
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return err
	}
	if exists(d.byHand()) {
		sum, err := fileMD5(d.byHand())
		if err != nil {
			return err
		}
		if sum != d.md5 {
			return fmt.Errorf("%s has the MD5 %s, and the published archive has %s: the file is incomplete or another; delete it",
				d.byHand(), sum, d.md5)
		}
		return unpackCIFAR10(d.byHand(), target)
	}
	if sum, err := fileMD5(d.part()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	} else if sum != d.md5 {
		if err := d.fetch(ctx); err != nil {
			if info, statErr := os.Stat(d.part()); statErr == nil && info.Size() == 0 {
				// A download of nothing leaves nothing.
				err = errors.Join(err, d.discard())
			}
			if ctx.Err() != nil {
				return fmt.Errorf("download %s: %w; the next download goes on where this one stopped", d.url, err)
			}
			return fmt.Errorf("download %s: %w; where this machine cannot reach it, put the file at %s by hand and run this again",
				d.url, err, d.byHand())
		}
		if sum, err = fileMD5(d.part()); err != nil {
			return err
		}
		if sum != d.md5 {
			return errors.Join(
				fmt.Errorf("what %s sent has the MD5 %s, and the published archive has %s; run this again, or put the right file at %s by hand",
					d.url, sum, d.md5, d.byHand()),
				d.discard())
		}
	}
	if err := unpackCIFAR10(d.part(), target); err != nil {
		return errors.Join(err, d.discard())
	}
	return d.discard()
}

// discard removes what is left of a download.
func (d *download) discard() error {
	for _, path := range []string{d.part(), d.validator()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func fileMD5(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := md5.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// fetch completes the part of the archive that there is. As long as attempts bring something, it goes on.
func (d *download) fetch(ctx context.Context) error {
	file, err := os.OpenFile(d.part(), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	for attempt := 1; ; attempt++ {
		again, err := d.attempt(ctx, file)
		if err == nil {
			if err := file.Sync(); err != nil {
				return err
			}
			return file.Close()
		}
		if !again || attempt == maxAttempts || ctx.Err() != nil {
			return err
		}
	}
}

// attempt asks once for what is missing and appends it to the file. After an error, again says that another attempt
// would begin where this one did not.
func (d *download) attempt(ctx context.Context, file *os.File) (again bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stallTimeout, func() {
		cancel(fmt.Errorf("nothing was received for %v", stallTimeout))
	})
	defer stalled.Stop()
	defer func() {
		if err != nil && context.Cause(ctx) != nil {
			err = context.Cause(ctx)
		}
	}()

	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	have := info.Size()
	version, err := os.ReadFile(d.validator())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if len(version) == 0 {
		have = 0
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return false, err
	}
	// Compressed on the way, the bytes would not be those that ranges count.
	request.Header.Set("Accept-Encoding", "identity")
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		request.Header.Set("If-Range", string(version))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var requestError *url.Error
		if errors.As(err, &requestError) {
			err = requestError.Err // the message names the address already
		}
		return false, err
	}
	defer response.Body.Close()
	total := response.ContentLength
	switch {
	case response.StatusCode == http.StatusPartialContent && have > 0:
		// The server has the same version still and goes on.
		var first int64
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-", &first); err != nil || first != have {
			return false, errors.Join(
				fmt.Errorf("the server sent the range %q when asked to go on at byte %d", response.Header.Get("Content-Range"), have),
				os.Remove(d.validator()))
		}
		if total >= 0 {
			total += have
		}
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		// The part is as long as the archive, and is not the archive: the next attempt begins again.
		if err := os.Remove(d.validator()); err != nil {
			return false, err
		}
		return true, errors.New("the part that was there does not fit the server's file")
	case response.StatusCode == http.StatusOK:
		have = 0
		// The version is forgotten before the old part is overwritten, and noted once that is gone.
		if err := os.Remove(d.validator()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		if err := file.Truncate(0); err != nil {
			return false, err
		}
		if version := strongValidator(response.Header); version != "" {
			if err := atomicfile.WriteBytes(d.validator(), []byte(version)); err != nil {
				return false, err
			}
		}
	default:
		return false, fmt.Errorf("the server answered %q", response.Status)
	}
	if total > maxArchiveBytes {
		return false, fmt.Errorf("the server would send %d bytes, more than the archive can have", total)
	}
	if _, err := file.Seek(have, io.SeekStart); err != nil {
		return false, err
	}
	received := 0
	buffer := make([]byte, 1<<16)
	for {
		d.progress(have, total)
		n, readErr := response.Body.Read(buffer)
		if n > 0 {
			stalled.Reset(stallTimeout)
		}
		if _, err := file.Write(buffer[:n]); err != nil {
			return false, err
		}
		have += int64(n)
		received += n
		switch {
		case have > maxArchiveBytes:
			return false, fmt.Errorf("the server sent more than %d bytes, which the archive cannot have", int64(maxArchiveBytes))
		case errors.Is(readErr, io.EOF):
			d.progress(have, total)
			return false, nil
		case readErr != nil:
			return received > 0, fmt.Errorf("after %d bytes: %w", have, readErr)
		}
	}
}

// strongValidator is what names a version of a file such that two that have it are equal, byte for byte: a strong
// ETag or else, good enough as the MD5 is checked, the time of its last change. (RFC 9110, section 13.1.5.)
func strongValidator(header http.Header) string {
	if tag := header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return header.Get("Last-Modified")
}

// unpackCIFAR10 takes the six files out of an archive, and nothing else.
func unpackCIFAR10(archive, target string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("unpack %s: %w", archive, err)
		}
	}()
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, names := range [][]string{cifarTrainFiles, cifarTestFiles} {
		for _, name := range names {
			wanted[cifarFolder+"/"+name] = true
		}
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	reader := tar.NewReader(&boundedReader{unzipped, maxUnpackedBytes})
	for len(wanted) > 0 {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			for name := range wanted {
				return fmt.Errorf("the archive lacks %d of the files, one of them %s", len(wanted), name)
			}
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(entry.Name, "./")
		if !wanted[name] {
			continue
		}
		if entry.Typeflag != tar.TypeReg || entry.Size <= 0 || entry.Size > maxCIFARFile || entry.Size%cifarRecord != 0 {
			return fmt.Errorf("%s is no file of a whole number of %d-byte records", name, cifarRecord)
		}
		delete(wanted, name)
		err = atomicfile.Write(filepath.Join(target, strings.TrimPrefix(name, cifarFolder+"/")), func(w io.Writer) error {
			_, err := io.CopyN(w, reader, entry.Size)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// boundedReader is an error once more was read than there can be.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("it unpacks to more than %d bytes", int64(maxUnpackedBytes))
	}
	return n, err
}
