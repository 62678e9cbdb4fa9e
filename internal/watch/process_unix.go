//go:build unix

package watch

import (
	"os"
	"os/exec"
	"syscall"
)

// process is a program with those that it starts.
type process struct {
	cmd   *exec.Cmd
	group bool
}

// newProcess makes the program the head of a group of its own, so that signals reach what it starts, too; not at a
// terminal, which sends its signals to one group alone and lets only that one read.
func newProcess(cmd *exec.Cmd, terminal bool) *process {
	if !terminal {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	return &process{cmd: cmd, group: !terminal}
}

func (p *process) signal(s os.Signal) {
	number, ok := s.(syscall.Signal)
	if !ok {
		return
	}
	// One that has ended by now needs no signal; of a group others may be left.
	if p.group {
		_ = syscall.Kill(-p.cmd.Process.Pid, number)
	} else {
		_ = p.cmd.Process.Signal(number)
	}
}

func (p *process) terminate() { p.signal(syscall.SIGTERM) }

func (p *process) kill() { p.signal(syscall.SIGKILL) }

// signalOf returns the signal that ended a process.
func signalOf(state *os.ProcessState) (number int, ok bool) {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return 0, false
	}
	return int(status.Signal()), true
}
