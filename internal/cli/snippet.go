package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alrc"
	"alrc/internal/snippet"
)

func newSnippetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "snippet " + strings.Join(snippet.Frameworks, "|"),
		Short: "Print the method as a module to paste into a training program",
		Long: `Print a module that clips as the library does, for Go, GoMLX, PyTorch or JAX. It
has the paper's n and decay; 'alrc replay LOG --snippet FRAMEWORK' fills in
those that it recommends for a run.`,
		Example: `  alrc snippet pytorch > alrc.py
  alrc snippet jax > alrc.py`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			framework := arguments[0]
			if !slices.Contains(snippet.Frameworks, framework) {
				return usageError("there is no module for %q: give %s", framework, strings.Join(snippet.Frameworks, ", "))
			}
			_, err := io.WriteString(command.OutOrStdout(), snippet.Text(framework, alrc.DefaultN, alrc.DefaultDecay))
			return err
		},
	}
}
