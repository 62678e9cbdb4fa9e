// Command alrc trains networks with and without adaptive learning rate clipping, replays loss logs, and reports.
package main

import (
	"os"

	"alrc/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
