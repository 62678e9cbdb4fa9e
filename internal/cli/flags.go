package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroup is flags that belong together in a command's help.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// addFlagGroups gives a command flags whose help stands in groups.
func addFlagGroups(command *cobra.Command, groups ...flagGroup) {
	for _, group := range groups {
		command.Flags().AddFlagSet(group.flags)
	}
	command.SetUsageFunc(func(command *cobra.Command) error {
		var b strings.Builder
		fmt.Fprintf(&b, "Usage:\n  %s\n", command.UseLine())
		if command.HasExample() {
			fmt.Fprintf(&b, "\nExamples:\n%s\n", command.Example)
		}
		w := command.OutOrStderr()
		columns, _ := isTerminal(w)
		for _, group := range groups {
			fmt.Fprintf(&b, "\n%s:\n%s", group.title, group.flags.FlagUsagesWrapped(columns))
		}
		_, err := fmt.Fprint(w, b.String())
		return err
	})
}

// withoutEffect is the usage error of those of some flags that were given, and would have no effect: why says so.
func withoutEffect(flags *pflag.FlagSet, why string, names ...string) error {
	for _, name := range names {
		if flags.Changed(name) {
			return usageError("--%s has no effect here: %s", name, why)
		}
	}
	return nil
}

// group makes a flag group and lets declare fill it.
func group(title string, declare func(flags *pflag.FlagSet)) flagGroup {
	flags := pflag.NewFlagSet(title, pflag.ContinueOnError)
	flags.SortFlags = false
	declare(flags)
	return flagGroup{title, flags}
}
