package experiment

import (
	"fmt"
	"image"
)

// Example is one that a network was trained on: its number in the data, and where it is from.
type Example struct {
	Number int
	ID     string
}

// StepExamples returns the examples of a step of a run with these data, at most so many of them.
func StepExamples(s Specification, data *DataSet, step int64, most int) ([]Example, error) {
	if step < 1 || step > s.Steps {
		return nil, fmt.Errorf("step %d: the run has steps 1 to %d", step, s.Steps)
	}
	t, err := s.newTask(data)
	if err != nil {
		return nil, err
	}
	if err := t.start(step - 1); err != nil {
		return nil, err
	}
	defer t.close()
	if _, err := t.next(); err != nil {
		return nil, err
	}
	examples := make([]Example, min(most, s.BatchSize))
	for i := range examples {
		examples[i].Number, examples[i].ID = t.example(i)
	}
	return examples, nil
}

// Picture draws an example that a run with these data was trained on, as it is in the data.
func Picture(s Specification, data *DataSet, number int) (image.Image, error) {
	t, err := s.newTask(data)
	if err != nil {
		return nil, err
	}
	return t.drawTraining(number)
}
