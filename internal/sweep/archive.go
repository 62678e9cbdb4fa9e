package sweep

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"alrc/internal/atomicfile"
	"alrc/internal/experiment"
	"alrc/internal/runfolder"
)

// What a run's folder holds travels as a gzipped tar file. One of a checkpoint has what going on needs, in an order in
// which it may be read while the run goes on writing: tables only grow, and what they have beyond the checkpoint is cut
// when the run goes on.
var checkpointFiles = []string{runfolder.CheckpointFile, runfolder.MetricsFile, runfolder.ClipsFile,
	runfolder.GradientsFile}

// resultFiles are what a run's results have from its folder, besides run.yaml.
var resultFiles = []string{runfolder.ResultFile, runfolder.CurveFile, runfolder.GradientsFile, runfolder.CheckpointHashFile,
	runfolder.SamplesFolder, runfolder.WorstFolder}

// packCheckpoint writes what a run needs to go on elsewhere.
func packCheckpoint(w io.Writer, dir string) error { return pack(w, dir, checkpointFiles, nil) }

// packResult writes the results of a finished run.
func packResult(w io.Writer, dir string, s experiment.Specification, e *experiment.Environment) error {
	if err := runfolder.WriteCurve(dir, s.Steps); err != nil {
		return err
	}
	if err := writeCheckpointHash(dir); err != nil {
		return err
	}
	text, err := experiment.Encode(withoutPlace(s), e)
	if err != nil {
		return err
	}
	return pack(w, dir, resultFiles, map[string][]byte{runfolder.SpecificationFile: text})
}

// writeCheckpointHash writes the SHA-256 of the run's last checkpoint, in the form that sha256sum checks: equal runs have
// equal checkpoints.
func writeCheckpointHash(dir string) error {
	file, err := os.Open(filepath.Join(dir, runfolder.CheckpointFile))
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	line := hex.EncodeToString(hash.Sum(nil)) + "  " + runfolder.CheckpointFile + "\n"
	return os.WriteFile(filepath.Join(dir, runfolder.CheckpointHashFile), []byte(line), 0o644)
}

// pack writes files and folders of dir, those that are there, and files given by content.
func pack(w io.Writer, dir string, names []string, contents map[string][]byte) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for name, content := range contents {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	for _, name := range names {
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			relative, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			return packFile(archive, path, filepath.ToSlash(relative))
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

func packFile(archive *tar.Writer, path, name string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	// A table may have grown since.
	_, err = io.CopyN(archive, file, info.Size())
	return err
}

// Bounds of what an archive may unpack to.
const (
	maxArchiveFiles = 1000
	maxArchiveBytes = 64 << 30
)

// unpack writes an archive's files into a folder, and syncs them. Nothing is written outside of it.
func unpack(r io.Reader, dir string) error {
	compressed, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	archive := tar.NewReader(compressed)
	files, left := 0, int64(maxArchiveBytes)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return atomicfile.SyncTree(dir)
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		name := filepath.FromSlash(header.Name)
		if header.Typeflag != tar.TypeReg || !filepath.IsLocal(name) || strings.ContainsRune(header.Name, '\\') {
			return fmt.Errorf("unpack: %q is no file of a run", header.Name)
		}
		if files++; files > maxArchiveFiles || header.Size > left {
			return fmt.Errorf("unpack: more than %d files or %d bytes", maxArchiveFiles, int64(maxArchiveBytes))
		}
		left -= header.Size
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := unpackFile(archive, path); err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
	}
}

func unpackFile(content io.Reader, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
