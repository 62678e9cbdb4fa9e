package runfolder

// The files and folders in a sweep's folder that others than the sweep itself read.
const (
	PlanFile     = "plan.json"
	FailuresFile = "failures.json"
	RunsFolder   = "runs"
)

// IsSweep reports whether a folder is a sweep's.
func IsSweep(dir string) bool { return exists(dir, PlanFile) }

// Plan is a sweep's plan.json.
type Plan struct {
	Title string `json:"title"`
	// Command is how the sweep was begun, for readers.
	Command string `json:"command"`
	// Varying names the settings in which runs differ.
	Varying []string     `json:"varying"`
	Runs    []PlannedRun `json:"runs"`
}

// PlannedRun is a run of a sweep, in its plan and in its queue.
type PlannedRun struct {
	ID string `json:"id"`
	// Label is the name of the run's folder in RunsFolder.
	Label    string `json:"label"`
	Workload string `json:"workload,omitempty"`
	// Specification is YAML, as in the run's own folder.
	Specification string `json:"specification"`
}
