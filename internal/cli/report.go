package cli

import "github.com/spf13/cobra"

func newReportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Write the tables and figures of a folder of runs anew",
		Long: `Write report.html, curves.png, curves.svg and summary.json for the runs in a folder that
'alrc train' made, also while it is still at work.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return writeReport(command.OutOrStdout(), arguments[0])
		},
	}
}
