package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"alrc/internal/atomicfile"
	"alrc/internal/experiment"
	"alrc/internal/runfolder"
)

// The names in a sweep's folder that it alone knows; package runfolder has the others.
const (
	storeFolder = "store"
	workFolder  = "work"
	serverFile  = "server.json"
	lockFile    = "lock"
)

// Folder is a sweep's folder: its plan, and the results of its runs.
type Folder struct {
	Dir string
	// Command is how the sweep was begun, for readers.
	Command string
	Plan    *Plan

	results map[string]*runfolder.Result // those read so far, by run ID
}

// encode writes a run as the plan and the queue have it.
func (r Run) encode() (runfolder.PlannedRun, error) {
	text, err := yaml.Marshal(withoutPlace(r.Specification))
	return runfolder.PlannedRun{ID: r.ID, Label: r.Label, Workload: r.Workload, Specification: string(text)}, err
}

// decode takes a run back, and finds one that was damaged on its way by its hash.
func decode(r runfolder.PlannedRun) (Run, error) {
	specification, err := experiment.ParseSpecification([]byte(r.Specification))
	if err != nil {
		return Run{}, err
	}
	id, err := runID(specification)
	if err != nil {
		return Run{}, err
	}
	if id != r.ID {
		return Run{}, fmt.Errorf("its specification has the hash %s, not %s: it is damaged, or of another version of this program", id, r.ID)
	}
	if !filepath.IsLocal(r.Label) || filepath.Base(r.Label) != r.Label {
		return Run{}, fmt.Errorf("its label %q is no name of a folder", r.Label)
	}
	return Run{r.ID, r.Label, r.Workload, specification}, nil
}

// ErrCreate is wrapped by the errors of a folder that cannot be written.
var ErrCreate = errors.New("create the sweep's folder")

// Open returns the folder of a plan, and begins it if there is none. A folder of another plan is an error.
func Open(dir string, plan *Plan, command string) (*Folder, error) {
	if runfolder.IsSweep(dir) {
		f, err := Read(dir)
		if err != nil {
			return nil, err
		}
		if f.Plan.ID() != plan.ID() {
			return nil, fmt.Errorf("%s holds another sweep (%d runs of %q; settings, kernel set or images differ): name another"+
				" folder with --out, or go on with that one: alrc sweep run %s", dir, len(f.Plan.Runs), f.Plan.Title, dir)
		}
		return f, nil
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty, and no sweep's folder: name another folder with --out", dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, runfolder.RunsFolder), 0o755); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCreate, err)
	}
	f := &Folder{Dir: dir, Command: command, Plan: plan}
	file := runfolder.Plan{Title: plan.Title, Command: command, Varying: plan.Varying}
	for _, run := range plan.Runs {
		entry, err := run.encode()
		if err != nil {
			return nil, err
		}
		file.Runs = append(file.Runs, entry)
	}
	content, err := json.MarshalIndent(file, "", " ")
	if err != nil {
		return nil, err
	}
	if err := atomicfile.WriteBytes(f.path(runfolder.PlanFile), append(content, '\n')); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCreate, err)
	}
	return f, nil
}

// Read returns the sweep in a folder.
func Read(dir string) (*Folder, error) {
	path := filepath.Join(dir, runfolder.PlanFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no sweep's folder: it has no %s; give one that 'alrc sweep run' made", dir, runfolder.PlanFile)
	}
	if err != nil {
		return nil, err
	}
	var file runfolder.Plan
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("%s: %w; delete it and run the sweep again to have it written anew", path, err)
	}
	f := &Folder{Dir: dir, Command: file.Command, Plan: &Plan{Title: file.Title, Varying: file.Varying}}
	for i, entry := range file.Runs {
		run, err := decode(entry)
		if err != nil {
			return nil, fmt.Errorf("%s, run %d: %w", path, i, err)
		}
		f.Plan.Runs = append(f.Plan.Runs, run)
	}
	if len(f.Plan.Runs) == 0 {
		return nil, fmt.Errorf("%s: it has no runs", path)
	}
	return f, nil
}

func (f *Folder) path(names ...string) string {
	return filepath.Join(append([]string{f.Dir}, names...)...)
}

// RunDir is the folder of a run's results.
func (f *Folder) RunDir(run Run) string { return f.path(runfolder.RunsFolder, run.Label) }

// WorkDir is the folder of a run while a worker of the sweep's own process trains it.
func (f *Folder) WorkDir(run Run) string { return f.path(workFolder, run.ID) }

// Result returns a run's result; its absence is an error that wraps fs.ErrNotExist.
func (f *Folder) Result(run Run) (*runfolder.Result, error) {
	if result, ok := f.results[run.ID]; ok {
		return result, nil
	}
	result, err := runfolder.ReadResult(f.RunDir(run))
	if err == nil {
		if f.results == nil {
			f.results = map[string]*runfolder.Result{}
		}
		f.results[run.ID] = result
	}
	return result, err
}

func (f *Folder) has(run Run) bool { return runfolder.Done(f.RunDir(run)) }

// put takes a run's results in from their archive: all of them or none.
func (f *Folder) put(run Run, archive io.Reader) error {
	if f.has(run) {
		return nil
	}
	temporary := f.path(runfolder.RunsFolder, ".incoming-"+run.ID)
	if err := errors.Join(os.RemoveAll(temporary), os.Mkdir(temporary, 0o755)); err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	if err := unpack(archive, temporary); err != nil {
		return err
	}
	got, err := experiment.Read(temporary)
	if err != nil {
		return err
	}
	if id, err := runID(got); err != nil || id != run.ID {
		return fmt.Errorf("the results are of the run %s, not of %s", id, run.ID)
	}
	if _, err := runfolder.ReadResult(temporary); err != nil {
		return err
	}
	// A folder without a result is what is left of one that someone began to delete.
	if err := os.RemoveAll(f.RunDir(run)); err != nil {
		return err
	}
	if err := os.Rename(temporary, f.RunDir(run)); err != nil {
		return err
	}
	atomicfile.SyncFolder(f.path(runfolder.RunsFolder))
	return nil
}

// setFailures writes failures.json, the runs that were set aside, or removes it if there are none.
func (f *Folder) setFailures(failed []RunStatus) error {
	if len(failed) == 0 {
		if err := os.Remove(f.path(runfolder.FailuresFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	type entry struct {
		Label    string    `json:"label"`
		Failures []Failure `json:"failures"`
	}
	var list []entry
	for _, run := range failed {
		list = append(list, entry{run.Run.Label, run.Failures})
	}
	content, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(f.path(runfolder.FailuresFile), append(content, '\n'))
}

// claim keeps other processes from running the sweep, until the file is closed.
func (f *Folder) claim() (io.Closer, error) {
	lock, err := runfolder.LockFile(f.path(lockFile))
	if runfolder.IsBusy(err) {
		return nil, fmt.Errorf("another process is running the sweep in %s: wait until it is done, or stop it; to add"+
			" workers to it, use alrc worker --sweep %s", f.Dir, f.Dir)
	}
	return lock, err
}
