package cli

import (
	"github.com/spf13/cobra"

	"alrc/internal/runfolder"
)

func newReportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Write the tables and figures of a folder of runs again",
		Long: `Write report.html, curves.png, curves.svg and summary.json for the runs in a
folder that 'alrc train' made, even while it is still training; for a folder
that 'alrc sweep run' made, write the table as HTML, Markdown, CSV and LaTeX,
and the learning curves.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			if runfolder.IsSweep(arguments[0]) {
				return writeSweepReport(command.OutOrStdout(), arguments[0])
			}
			return writeReport(command.OutOrStdout(), arguments[0])
		},
	}
}
