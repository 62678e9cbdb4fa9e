package losslog

import (
	"fmt"
	"strings"
)

// choiceOfRuns lists the runs of a folder.
func (l *Log) choiceOfRuns(runs []series) error {
	e := &ChoiceError{Reason: fmt.Sprintf("there are %d runs; give one of their folders, or a file", len(runs))}
	const most = 50
	for _, run := range runs[:min(len(runs), most)] {
		one := &Log{options: l.options, run: run}
		name := run.name
		if len(run.files) > 0 {
			name = strings.TrimSuffix(run.files[0].path, "/")
			if len(run.files) > 1 || run.name != "" && !strings.HasSuffix(name, run.name) {
				name = folderOf(run.files[0].path)
			}
		}
		s, _, err := one.look()
		if err != nil {
			continue
		}
		all := s.candidates(l.options.Step)
		candidates, _ := s.list(name, all)
		loss := l.options.Loss
		if d, ok := s.decide(all); ok && loss == "" {
			loss = d.name
		}
		for _, c := range candidates {
			if loss == "" || c.Loss == loss {
				e.Candidates = append(e.Candidates, c)
			}
		}
		e.Partial = e.Partial || !one.whole
	}
	return e
}

func folderOf(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		return path[:i]
	}
	return "."
}
