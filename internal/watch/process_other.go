//go:build !unix

package watch

import (
	"os"
	"os/exec"
)

// process is a program. There are no signals here that it could take, so it is ended at once.
type process struct{ cmd *exec.Cmd }

func newProcess(cmd *exec.Cmd, _ bool) *process { return &process{cmd} }

func (p *process) signal(s os.Signal) {
	if p.cmd.Process.Signal(s) != nil {
		p.kill()
	}
}

func (p *process) terminate() { p.kill() }

// kill ends the program. One that has ended by now needs no end.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

func signalOf(*os.ProcessState) (number int, ok bool) { return 0, false }
