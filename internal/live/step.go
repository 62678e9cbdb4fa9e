package live

import (
	"fmt"
	"net/http"
	"slices"

	"alrc/internal/curve"
	"alrc/internal/runfolder"
)

func (s *Server) servePicture(w http.ResponseWriter, r *http.Request) {
	content, err := s.picture(r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "private, max-age=3600")
	w.Write(content)
}

func (s *Server) picture(r *http.Request) ([]byte, error) {
	step, err := number(r, "step", 0, 1, mostSteps)
	if err != nil {
		return nil, err
	}
	image, err := number(r, "image", 0, 0, mostSteps)
	if err != nil {
		return nil, err
	}
	e := s.catalog.entry(r.URL.Query().Get("run"))
	if e == nil {
		return nil, errNoRun
	}
	e.mutex.Lock()
	root, dir := e.root, e.dir
	e.mutex.Unlock()
	if dir == "" {
		return nil, wrong("the run's folder is not on this machine")
	}
	return s.examples.draw(root, dir, step, int(image))
}

func (s *Server) serveStep(w http.ResponseWriter, r *http.Request) {
	steps, err := s.steps(r)
	answer(w, steps, err)
}

func (s *Server) steps(r *http.Request) (*Steps, error) {
	step, err := number(r, "step", 0, 0, mostSteps)
	if err != nil {
		return nil, err
	}
	around, err := number(r, "around", 10, 0, 200)
	if err != nil {
		return nil, err
	}
	e, err := s.catalog.use(r.Context(), r.URL.Query().Get("run"))
	if err != nil {
		return nil, err
	}
	return s.stepsOf(e, step, around)
}

func (s *Server) stepsOf(e *entry, step, around int64) (*Steps, error) {
	first, last := max(0, step-around), step+around
	answer := &Steps{Run: e.id, Step: step, Columns: []string{}, Rows: []curve.Numbers{}, Examples: []Example{}}
	e.mutex.Lock()
	kind, table, read, root, dir, x := e.run.Kind, e.steps, e.read, e.root, e.dir, e.index
	var from, to int64
	if x != nil {
		from, to = x.Places(first, last)
	}
	e.mutex.Unlock()
	var err error
	loss := unknown()
	switch {
	case x == nil:
		answer.Note = "The run has no steps yet."
		return answer, nil
	case table != nil:
		answer.Columns, err = table.All(from, to, func(row []float64) {
			if n := int64(row[0]); n >= first && n <= last {
				answer.Rows = append(answer.Rows, slices.Clone(row))
			}
		})
	case read != nil:
		answer.Columns = []string{"step", "loss"}
		err = read(from, to, func(r *curve.Row) {
			if r.Step >= first && r.Step <= last {
				answer.Rows = append(answer.Rows, curve.Numbers{float64(r.Step), r.Losses[0].Mean})
			}
		})
	}
	if err != nil {
		return nil, err
	}
	if i := slices.Index(answer.Columns, runfolder.RawLossColumn); i >= 0 {
		for _, row := range answer.Rows {
			if int64(row[0]) == step {
				loss = Number(row[i])
			}
		}
	}
	switch {
	case kind == "log":
		answer.Note = "A log does not tell which examples a step had."
	case table == nil:
		answer.Note = "Only the thinned losses of this run are here: its single steps are where it is trained, or were not kept."
	case !slices.ContainsFunc(answer.Rows, func(row curve.Numbers) bool { return int64(row[0]) == step }):
		answer.Note = fmt.Sprintf("The run has no step %d.", step)
	default:
		var list []Example
		if list, answer.More, answer.Note = s.examples.of(e.id, root, dir, step, float64(loss)); list != nil {
			answer.Examples = list
		}
	}
	return answer, nil
}
