package losslog

// Fields returns the names of the fields that hold numbers, in the order in which the log's beginning has them.
func (l *Log) Fields() []string {
	v, err := l.look()
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range v.fields {
		if f.numbers > 0 {
			names = append(names, f.name)
		}
	}
	return names
}

// Series opens another series of the same log: the field by that name instead of the loss. The first log must stay open
// for as long.
func (l *Log) Series(field string) (*Log, error) {
	o := l.options
	o.Loss, o.Batch, o.Pattern = field, "", ""
	other := &Log{options: o, run: l.run, remove: func() {}}
	if _, err := other.choose(); err != nil {
		return nil, err
	}
	return other, nil
}
