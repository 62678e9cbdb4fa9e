package losslog

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"alrc/internal/losslog/lexicon"
	"alrc/internal/losslog/sequence"
)

// Options say what to read, and how.
type Options struct {
	// Inputs are files, folders, or "-" for Stdin.
	Inputs []string
	Stdin  io.Reader
	// Format overrides what the content tells.
	Format Format
	// Loss, Step and Batch name columns, fields, tags or keys. Empty ones are guessed, but for Batch. Records with
	// the same Batch that follow one another are the losses of one step.
	Loss, Step, Batch string
	// Pattern is a regular expression that finds losses; see --pattern.
	Pattern string
	Where   []Condition
	// Lines is a word of the lines to read, such as "valid", where lines of several kinds hold the loss.
	Lines string
	// Run is which of the runs that follow one another in a log is meant: a number from 1, "last" or "all". Empty is the last that has more
	// than one record.
	Run string
	// Strict makes malformed records errors.
	Strict bool
	// Chosen, where not nil, is told which loss was chosen of a log that is read as it is written.
	Chosen func(Source)
}

// Source says what was read.
type Source struct {
	Files  []string `json:"files"`
	Format Format   `json:"format"`
	Run    string   `json:"run,omitempty"`
	Loss   string   `json:"loss"`
	Step   string   `json:"step,omitempty"`
	Where  []string `json:"where,omitempty"`
	// Lines are the words that tell the lines read from others, as in "valid".
	Lines string `json:"lines,omitempty"`
	// Records is the number of records with a loss: LeftOut of them conditions leave out, and Superseded were done
	// anew by a resumed run. The others are the steps, or, in batches, the losses of these.
	Records    int64 `json:"records"`
	LeftOut    int64 `json:"left_out"`
	Superseded int64 `json:"superseded"`
	// OtherRuns counts records of runs before or after the one taken, RunTaken of Runs, and Repeated those written twice.
	OtherRuns int64 `json:"other_runs,omitempty"`
	Repeated  int64 `json:"repeated,omitempty"`
	Runs      int   `json:"runs,omitempty"`
	RunTaken  int   `json:"run_taken,omitempty"`
	Resumes   int   `json:"resumes"`
	Malformed int64 `json:"malformed"`
	// Doubts say why this may not be the loss of a training, or not all of its records, and which flag reads otherwise.
	Doubts []string `json:"doubts,omitempty"`
	// Notes say what was chosen or noticed.
	Notes []string `json:"notes,omitempty"`
	// FirstMalformed is the first malformed record, with its place.
	FirstMalformed string `json:"-"`
}

// Series names what was read: the loss, with the conditions and the words of its lines that tell it from others.
func (s Source) Series() string {
	text := s.Loss
	if s.Format == Pattern {
		text = "pattern " + s.Loss
	}
	if len(s.Where) > 0 {
		text += " where " + strings.Join(s.Where, " and ")
	}
	if s.Lines != "" {
		text += fmt.Sprintf(" of lines with %q", s.Lines)
	}
	return text
}

// Counted says how steps are counted: in order, or by what stands beside the losses.
func (s Source) Counted() string {
	switch {
	case s.Step == "":
		return "in order"
	case lexicon.IsPosition(s.Step):
		return "by a number without a name"
	}
	return "by " + s.Step
}

// tellChosen tells which loss was chosen.
func (l *Log) tellChosen() {
	if l.options.Chosen != nil {
		l.options.Chosen(l.source)
	}
}

// Chunk is some of a log's steps, in order, each with its losses.
type Chunk = sequence.Chunk

// Log is a log with its loss chosen.
type Log struct {
	options Options
	run     series
	source  Source // as far as it is known before reading
	read    Source // after a reading
	chosen  selection
	pattern *pattern
	remove  func() // what was spooled

	order   sequence.Options // how its losses become steps; the plan of that is of a reading
	planned bool
	first   *firstLoss // of the last reading

	evidence *evidence // nil where flags say what to read
}

// Open finds the log and chooses its loss. A [ChoiceError] says that the log holds several series. Close ends its use.
func Open(o Options) (*Log, error) { return open(o, nil) }

// open is Open of those runs of a folder that are to be read.
func open(o Options, wanted func(series) bool) (*Log, error) {
	if len(o.Inputs) == 0 {
		return nil, errors.New("give a file, a folder, or - for standard input")
	}
	runs, note, remove, err := expand(o.Inputs, o.Stdin)
	l := &Log{options: o, remove: remove}
	if err == nil {
		o.mark(runs)
		if note != "" {
			l.source.Notes = append(l.source.Notes, note)
		}
		if wanted != nil {
			runs = slices.DeleteFunc(runs, func(run series) bool { return !wanted(run) })
		}
		if len(runs) == 0 {
			err = fmt.Errorf("nothing was written to %s", list(o.Inputs))
		} else if len(runs) > 1 {
			err = l.chooseRunOf(runs)
		} else {
			l.run = runs[0]
			_, err = l.choose()
		}
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// verbatim says that lines are taken with what loggers write before them: what flags name may stand there.
func (o Options) verbatim() bool { return o.Pattern != "" || len(o.Where) > 0 }

func (o Options) mark(runs []series) {
	for _, run := range runs {
		for i := range run.files {
			run.files[i].verbatim = o.verbatim()
		}
	}
}

// Close removes what was kept of standard input.
func (l *Log) Close() { l.remove() }

// Source says what was read by the last call of [Log.Read].
func (l *Log) Source() Source { return l.read }

// CountsEpochs says whether the steps are epochs, each of many updates of the weights. It knows once the log was read.
func (l *Log) CountsEpochs() bool {
	step := l.source.Step
	return step != "" && !l.order.Plan.Ordinal && lexicon.CounterOf(step) == lexicon.Epochs && !strings.Contains(strings.ToLower(step), "episode")
}

// Read calls do with the log's steps, in order. Each call takes a chunk that next returns, empty, and that is do's
// from then on. What a resumed run did anew is only known once its resumption was read: then again is true, and the
// log is to be read once more, as if it had not been read before.
func (l *Log) Read(next func() *Chunk, do func(*Chunk) error) (again bool, err error) {
	seq := sequence.New(l.order)
	source := l.source
	source.Notes = append([]string(nil), source.Notes...)
	steps := false
	lines := make(map[string]int)
	l.first = nil
	if l.evidence != nil {
		l.evidence.begin()
	}
	take := func(c *Chunk) error {
		steps = steps || c.Len() > 0
		l.noteFirst(c)
		if l.evidence != nil {
			l.evidence.see(c)
		}
		return do(c)
	}
	err = l.blocks(func(f file, b *block) error {
		source.Records += int64(b.records)
		source.LeftOut += int64(b.leftOut)
		source.Malformed += int64(b.malformed)
		if b.malformed > 0 && source.FirstMalformed == "" {
			source.FirstMalformed = l.place(f, b, lines[f.path])
			if l.options.Strict {
				return errors.New(source.FirstMalformed)
			}
		}
		if b.note != "" {
			if l.options.Strict {
				return fmt.Errorf("%s: %s", f.path, b.note)
			}
			source.Notes = append(source.Notes, fmt.Sprintf("%s: %s: all whole records before were read", f.path, b.note))
		}
		lines[f.path] += b.lines
		c := next()
		seq.Push(&b.Rows, c)
		return take(c)
	})
	if err != nil {
		return false, err
	}
	c := next()
	seq.Flush(c)
	if err := take(c); err != nil {
		return false, err
	}
	if source.Records == 0 || !steps {
		return false, l.nothing(source)
	}
	out := seq.LeftOut()
	source.LeftOut += out.Validation
	source.Superseded, source.OtherRuns, source.Repeated = out.Superseded, out.OtherRuns, out.Repeated
	l.read = source
	if !l.planned {
		l.planned = true
		l.order.Plan = seq.Planned()
		if err := l.chooseRun(); err != nil {
			return false, err
		}
		l.source.Resumes = l.order.Plan.Resumes()
		again = l.order.Plan.Selects()
	}
	if !again && l.evidence != nil {
		l.read.Doubts, err = l.evidence.doubts()
	}
	return again, err
}

// chooseRun settles which of several runs in a log is taken: the one that was asked for, or the last that did not end at once.
func (l *Log) chooseRun() error {
	p := &l.order.Plan
	n := p.Runs()
	wanted := n
	switch run := l.options.Run; {
	case run == "all" && n > 0:
		p.TakeAll()
		l.note("the log holds %d runs, one after the other: all are taken, and steps are numbered in the order of the log", n)
		return nil
	case run == "":
		wanted = p.Latest()
	case run == "last" || run == "all":
	default:
		var err error
		if wanted, err = strconv.Atoi(run); err != nil || wanted < 1 || wanted > max(n, 1) {
			return fmt.Errorf("--run %s: %s holds %s; give a number up to that, last or all", run, l.run.files[0].path, plural(max(n, 1), "run"))
		}
	}
	if n > 0 {
		p.Take(wanted, l.source.Step != "")
	}
	if p.Ordinal && l.source.Step != "" {
		l.note("%s goes back to its beginning again and again, as a counter of batches does: steps are numbered in the order of the log", l.source.Step)
	}
	if n == 0 {
		return nil
	}
	l.source.Runs, l.source.RunTaken = n, wanted
	which := "the last"
	if wanted < n {
		which = fmt.Sprintf("number %d", wanted)
	}
	l.note("the log holds %d runs, one after the other, since %s; this is %s, and --run N or --run all takes others", n, l.anew(), which)
	return nil
}

// anew is what tells that a run of a log begins.
func (l *Log) anew() string {
	if opening, ok := l.order.Plan.Reopened(); ok {
		return fmt.Sprintf("the loss is back at its beginning after lines such as %q", l.chosen.openings.lines[opening])
	}
	if l.order.Plan.InEpochs {
		return fmt.Sprintf("%s begins anew", l.chosen.epoch)
	}
	return fmt.Sprintf("%s begins anew", l.source.Step)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// blocks reads the log and calls do with its blocks, in order.
func (l *Log) blocks(do func(f file, b *block) error) error {
	for _, f := range l.run.files {
		reader, err := f.open()
		if err != nil {
			return err
		}
		err = l.fileBlocks(f, reader, false, func(b *block) error { return do(f, b) })
		if closing := reader.Close(); err == nil {
			err = closing
		}
		if errors.Is(err, errCut) {
			err = do(f, &block{note: err.Error()})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fileBlocks reads one opened file.
func (l *Log) fileBlocks(f file, reader io.Reader, prompt bool, do func(*block) error) error {
	if l.pattern != nil {
		return patternBlocks(reader, l.pattern, prompt, do)
	}
	kind, err := f.sniff(l.options.Format)
	if err != nil {
		return err
	}
	if kind.format != l.source.Format {
		return fmt.Errorf("%s is %s, and the files before are %s: they cannot be one run", f.path, kind.format, l.source.Format)
	}
	if kind.events {
		var b block
		rows := eventRows
		if prompt {
			rows = 1
		}
		next := func() *block { b.reset(); return &b }
		return readEvents(reader, l.chosen.loss, rows, next, do)
	}
	table, err := kind.table.choose(l.chosen)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return scanAll(reader, int64(kind.start), table, prompt, do)
}

// place describes the first malformed record of a block.
func (l *Log) place(f file, b *block, before int) string {
	if l.source.Format == Events {
		return fmt.Sprintf("%s: the record at byte %d %s", f.path, b.offset+int64(b.badOffset), b.badReason)
	}
	line := before + b.badLine + 1
	if l.source.Format == Pattern || l.source.Format == JSON {
		return fmt.Sprintf("%s, byte %d: %q %s", f.path, b.offset+int64(b.badOffset), b.bad, b.badReason)
	}
	return fmt.Sprintf("%s, line %d: %q %s", f.path, line, b.bad, b.badReason)
}

// nothing explains why no loss was found.
func (l *Log) nothing(source Source) error {
	path := l.run.files[0].path
	switch {
	case source.LeftOut > 0:
		return fmt.Errorf("%s: none of %d records meets the condition %s", path, source.Records, strings.Join(source.Where, " and "))
	case l.pattern != nil:
		return fmt.Errorf("%s: nothing matches the pattern %q%s", path, l.options.Pattern, l.guesses())
	case source.FirstMalformed != "":
		return fmt.Errorf("no record can be read; the first: %s", source.FirstMalformed)
	}
	return fmt.Errorf("%s holds no loss by the name %q%s", path, l.source.Loss, l.guesses())
}
