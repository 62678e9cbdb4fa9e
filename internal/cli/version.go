package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"alrc/internal/nn/kernel"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit, Go's version and the kernel sets",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(command.OutOrStdout(), about())
			return err
		},
	}
}

// about is what the program is, for people and reports of faults.
func about() string {
	module, commit := build()
	return fmt.Sprintf("alrc %s, commit %s, %s %s/%s\nKernel sets on this processor: %s\n", module, commit, runtime.Version(), runtime.GOOS,
		runtime.GOARCH, strings.Join(kernel.Names(), ", "))
}

// version is the module's version and, where it was built in a checkout, the commit.
func version() string {
	module, commit := build()
	if commit == unknownCommit || strings.Contains(module, commit) {
		return module
	}
	return module + " " + commit
}

const unknownCommit = "unknown"

// build returns the module's version, and the commit where the build knows it.
func build() (module, commit string) {
	module, commit = "devel", unknownCommit
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return module, commit
	}
	if version := strings.Trim(info.Main.Version, "()"); version != "" {
		module = version
	}
	modified := ""
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			commit = setting.Value[:min(12, len(setting.Value))]
		case "vcs.modified":
			if setting.Value == "true" {
				modified = "+changes"
			}
		}
	}
	if commit != unknownCommit {
		commit += modified
	}
	return module, commit
}
