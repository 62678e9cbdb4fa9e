package cli

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/experiment"
	"alrc/internal/losslog"
	"alrc/internal/micrograph"
	"alrc/internal/nn/kernel"
	"alrc/internal/place"
	"alrc/internal/snippet"
	"alrc/internal/stabiliser"
	"alrc/internal/sweep"
)

// flagValues are what a shell completes flags with, beside files where those are taken.
func flagValues(engines experiment.Engines) map[string][]string {
	var formats []string
	for _, format := range losslog.Formats {
		formats = append(formats, string(format))
	}
	return map[string][]string{
		"clip": {"none\tno clipping", "alrc:2\tat 2 standard deviations above the mean", "alrc:3", "two-sided:3,3\tlow losses are raised too",
			"constant:\ta fixed threshold"},
		"stabilise": append([]string{stabiliser.None}, stabiliser.Names()...),
		"optimizer": {"adam", "adamw", "sgd"},
		"schedule":  {"constant", "cosine", "quarters", "step:\tSTEPS,FACTOR"},
		"loss":      {"squared", "quartic"},
		"rule":      {"auto", "ratio", "distance"},
		"moments":   {"auto"},
		"engine":    engines.Names(),
		"network":   experiment.Networks,
		"input":     experiment.Inputs,
		"kernels":   kernel.Names(),
		"data":      place.Images.Words(),
		"method":    micrograph.MethodWords(),
		"mask":      {micrograph.Spiral, micrograph.Grid, micrograph.Lines},
		"masks":     {micrograph.Spiral, micrograph.Grid, micrograph.Lines},
		"format":    formats,
		"snippet":   append([]string{"all"}, snippet.Frameworks...),
		"run":       {"last", "all"},
		"stop-on":   {"spike", "diverged", "stalled:\tDURATION without a loss"},
	}
}

// withFiles are the flags that take a file or a folder, too; those without a line above take one alone.
var withFiles = []string{"data", "mask", "masks"}

// addCompletions tells the shell's completion what flags and arguments can be.
func addCompletions(command *cobra.Command, engines experiment.Engines) {
	values := flagValues(engines)
	command.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		choices, known := values[flag.Name]
		directive := cobra.ShellCompDirectiveNoFileComp
		switch {
		case slices.Contains(withFiles, flag.Name):
			directive = cobra.ShellCompDirectiveDefault
		case !known && !strings.HasPrefix(flag.Value.Type(), "string"):
		case !known || flag.Name == "loss" && (command.Name() == "replay" || command.Name() == "serve"):
			return
		}
		if err := command.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(choices, directive)); err != nil {
			panic(err) // the flag is one of the command's
		}
	})
	switch command.CommandPath() {
	case "alrc sweep run", "alrc sweep show":
		command.ValidArgsFunction = firstOf(sweep.Ready())
	case "alrc snippet":
		command.ValidArgsFunction = cobra.FixedCompletions(snippet.Frameworks, cobra.ShellCompDirectiveNoFileComp)
	case "alrc complete":
		command.ValidArgsFunction = firstOf(micrograph.MethodWords())
	default:
		if command.Args != nil && command.ValidArgsFunction == nil && taken(command.Args, command) == "none" {
			command.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
	for _, below := range command.Commands() {
		addCompletions(below, engines)
	}
}

// firstOf completes the first argument with names, and all with files.
func firstOf(names []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, arguments []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(arguments) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return names, cobra.ShellCompDirectiveDefault
	}
}

// isCompletion says that a shell asks what it can complete.
func isCompletion(arguments []string) bool {
	return len(arguments) > 0 && (arguments[0] == cobra.ShellCompRequestCmd || arguments[0] == cobra.ShellCompNoDescRequestCmd)
}

// plainly writes completions without the marks by which descriptions of flags name what a flag takes.
func plainly(w io.Writer, execute func(io.Writer) error) error {
	var completions bytes.Buffer
	err := execute(&completions)
	io.WriteString(w, strings.ReplaceAll(completions.String(), "`", ""))
	return err
}
