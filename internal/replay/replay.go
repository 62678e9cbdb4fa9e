package replay

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"sync"

	"alrc/internal/clipping"
)

// Options say what to replay, and how.
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
	// Clips are the clippings to show.
	Clips []clipping.Spec
	// Decay is that of the running moments; 0 is the library's own.
	Decay float64
	// Strict makes malformed records errors.
	Strict bool
	// Rows, where not nil, takes a row a step: step, loss, threshold, scale, of the clipping RowsOf. It is called
	// with the writer's beginning again where the log has to be read twice.
	Rows func(write func(w io.Writer) error) error
}

// Number is a float64 whose JSON form is null where it is not finite.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); f-f != 0 {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// Drift is a slow rise of the loss.
type Drift struct {
	From   int64  `json:"from_step"`
	Lowest Number `json:"lowest"`
	End    Number `json:"end"`
}

// Source says what was read.
type Source struct {
	Files  []string `json:"files"`
	Format Format   `json:"format"`
	Run    string   `json:"run,omitempty"`
	Loss   string   `json:"loss"`
	Step   string   `json:"step,omitempty"`
	Where  []string `json:"where,omitempty"`
	// Records is the number of records with a loss: LeftOut of them conditions leave out, and Superseded were done
	// anew by a resumed run. The others are the Steps, or, in batches, the Losses of these.
	Records    int64 `json:"records"`
	LeftOut    int64 `json:"left_out"`
	Superseded int64 `json:"superseded"`
	Resumes    int   `json:"resumes"`
	Malformed  int64 `json:"malformed"`
	// Notes say what was chosen or noticed.
	Notes []string `json:"notes,omitempty"`
}

// Report is what a replay found.
type Report struct {
	Source    Source `json:"source"`
	Verdict   string `json:"verdict"`
	Condition string `json:"condition"` // calm, spikes, shift, drift, diverged or short

	Steps      int64  `json:"steps"`
	Losses     int64  `json:"losses"`
	First      int64  `json:"first_step"`
	Last       int64  `json:"last_step"`
	Mean       Number `json:"mean"`
	Least      Number `json:"least"`
	Most       Number `json:"most"`
	MostStep   int64  `json:"most_step"`
	NonFinite  int64  `json:"not_finite"`
	Spikes     int64  `json:"spiked_steps"`
	SpikeShare Number `json:"spiked_share"`
	SpikeLevel int    `json:"spike_level_sigmas"`

	Episodes     []*Episode `json:"episodes"`
	EpisodeCount int64      `json:"episode_count"`
	Area         Number     `json:"area_lost"`
	AreaShare    Number     `json:"area_lost_share"`
	// MedianRecovery is over the episodes that came back.
	MedianRecovery int64  `json:"median_recovery"`
	quickly        bool   // most were back at the next record
	Drift          *Drift `json:"drift,omitempty"`

	Clips          []ClipResult   `json:"clips"`
	Recommendation Recommendation `json:"recommendation"`

	analysis  *analysis
	malformed string // the first malformed record, with its place
	all       []ClipResult
}

// RowsOf returns the clipping whose threshold and scales stand in the rows: the one that was asked for, or ALRC with
// n = 3 where it is among several, or the first.
func RowsOf(clips []clipping.Spec) clipping.Spec {
	chosen := clipping.Spec{Kind: "none"}
	for _, spec := range clips {
		if spec.Kind == "none" {
			continue
		}
		if chosen.Kind == "none" || spec.Kind == "alrc" && spec.N == 3 {
			chosen = spec
		}
	}
	return chosen
}

// reading is a log with its loss chosen.
type reading struct {
	options Options
	run     series
	source  Source
	chosen  selection
	pattern *pattern
}

// open finds the log and chooses its loss.
func open(o Options) (*reading, func(), error) {
	if len(o.Inputs) == 0 {
		return nil, func() {}, errors.New("give a file, a folder, or - for standard input")
	}
	runs, note, remove, err := expand(o.Inputs, o.Stdin)
	if err != nil {
		return nil, remove, err
	}
	r := &reading{options: o}
	if note != "" {
		r.source.Notes = append(r.source.Notes, note)
	}
	if len(runs) > 1 {
		return nil, remove, r.choiceOfRuns(runs)
	}
	r.run = runs[0]
	return r, remove, r.choose()
}

// choiceOfRuns lists the runs of a folder.
func (r *reading) choiceOfRuns(runs []series) error {
	e := &ChoiceError{Reason: fmt.Sprintf("there are %d runs; give one of their folders, or a file", len(runs))}
	const most = 50
	for _, run := range runs[:min(len(runs), most)] {
		one := &reading{options: r.options, run: run}
		name := run.name
		if len(run.files) > 0 {
			name = strings.TrimSuffix(run.files[0].path, "/")
			if len(run.files) > 1 || run.name != "" && !strings.HasSuffix(name, run.name) {
				name = folderOf(run.files[0].path)
			}
		}
		s, _, step, _, _, err := one.look()
		if err != nil {
			continue
		}
		if f, _, _ := s.lossField(step); f != nil && r.options.Loss == "" {
			for _, c := range s.list(name, step) {
				if c.Loss == f.name {
					e.Candidates = append(e.Candidates, c)
				}
			}
			continue
		}
		for _, c := range s.list(name, step) {
			if r.options.Loss == "" || c.Loss == r.options.Loss {
				e.Candidates = append(e.Candidates, c)
			}
		}
	}
	return e
}

func folderOf(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		return path[:i]
	}
	return "."
}

// look surveys the beginning of a run and guesses its step field. whole says that it is all of the first file.
func (r *reading) look() (s *survey, first sniffed, step, training string, whole bool, err error) {
	f := r.run.files[0]
	sample, whole, err := f.sample()
	if err != nil {
		return nil, first, "", "", false, err
	}
	if first, err = sniff(sample, f.path, r.options.Format); err != nil {
		return nil, first, "", "", false, err
	}
	s = newSurvey("")
	r.visit(s, first, sample, whole)
	step = r.options.Step
	if step == "" && !first.events {
		step = s.stepField()
	}
	split, training, ok := s.splitField()
	if ok && len(r.options.Where) == 0 {
		s = newSurvey(split)
		r.visit(s, first, sample, whole)
	}
	return s, first, step, training, whole, nil
}

func (r *reading) visit(s *survey, kind sniffed, sample []byte, whole bool) {
	if kind.events {
		surveyEvents(strings.NewReader(string(sample)), s)
		return
	}
	data := sample[kind.start:]
	if !whole {
		data = data[:kind.table.whole(data)]
	}
	kind.table.survey(data, s)
}

// choose settles the format, the loss, the step and the conditions.
func (r *reading) choose() error {
	o := r.options
	for _, f := range r.run.files {
		r.source.Files = append(r.source.Files, f.path)
	}
	for i := range o.Where {
		o.Where[i].prepare()
		r.source.Where = append(r.source.Where, o.Where[i].String())
	}
	if o.Pattern != "" {
		var err error
		r.source.Format, r.source.Loss = Pattern, o.Pattern
		r.pattern, err = newPattern(o.Pattern, o.Where)
		return err
	}
	s, first, step, training, whole, err := r.look()
	if err != nil {
		return err
	}
	r.source.Format, r.source.Run = first.format, r.run.name
	loss := o.Loss
	if loss == "" {
		f, why, named := s.lossField(step)
		if f == nil || !named && first.events && (!whole || len(r.run.files) > 1) {
			// The loss may begin after the sample: behind a graph or images, or in a later file.
			full, partial, err := r.surveyFully(s.split)
			if err != nil {
				return err
			}
			if f, why, _ = full.lossField(step); f == nil {
				return r.choices(full, partial, step, "")
			}
			s = full
		}
		loss = f.name
		likely, _ := s.candidates(step)
		var others []string
		for _, other := range likely {
			if other.name != loss {
				others = append(others, other.name)
			}
		}
		if dir := filepath.Dir(r.run.files[0].path); loss == "loss" && s.fields["raw_loss"] != nil && isOwnRun(dir) {
			why = "which is what clipping sees"
			if ownRunSays(dir, "huber: true") {
				why += ": a raw_loss of 50 or more is its square root there"
			}
			others = []string{"raw_loss"}
		}
		if len(others) > 0 {
			r.source.Notes = append(r.source.Notes, fmt.Sprintf("the loss is %q, %s; %s picks another: %s", loss, why, r.lossFlag(), list(others)))
		}
	} else if !r.known(s, &loss, first) {
		var names []string
		likely, others := s.candidates(step)
		for _, f := range append(likely, others...) {
			names = append(names, f.name)
		}
		return fmt.Errorf("%s has no %s %q; it has %s", r.run.files[0].path, r.lossWord(), loss, list(names))
	}
	where := o.Where
	if s.split != "" && len(where) == 0 {
		if training == "" {
			full, partial, err := r.surveyFully(s.split)
			if err != nil {
				return err
			}
			return r.choices(full, partial, step, loss)
		}
		condition := Condition{Field: s.split, Value: training}
		condition.prepare()
		where = []Condition{condition}
		r.source.Where = []string{condition.String()}
		r.source.Notes = append(r.source.Notes, fmt.Sprintf("%s tells training from validation; these are the records with %s,"+
			" and --where '%s!=%s' takes the others", s.split, condition, s.split, training))
	}
	r.source.Loss, r.source.Step = loss, step
	r.chosen = selection{loss: loss, step: step, batch: o.Batch, where: where}
	r.chosen.emptyIsNonFinite = first.format == CSV && isOwnTable(first.table)
	return nil
}

// isOwnTable recognises the tables that 'alrc train' writes, in which an empty loss is one that is not finite.
func isOwnTable(table scanner) bool {
	c, ok := table.(*csvScanner)
	return ok && strings.HasPrefix(string(c.header), "step,loss,raw_loss,threshold,")
}

func (r *reading) lossFlag() string { return "--" + r.lossWord() }

// lossWord is what a format calls the place of a loss.
func (r *reading) lossWord() string {
	switch r.source.Format {
	case Events:
		return "tag"
	case JSON, JSONLines:
		return "field"
	}
	return "column"
}

// known says whether a log has a field; of tables also by number and in any case.
func (r *reading) known(s *survey, loss *string, first sniffed) bool {
	if s.fields[*loss] != nil {
		return true
	}
	if c, ok := first.table.(*csvScanner); ok {
		if i, err := c.column(*loss); err == nil {
			*loss = c.names[i]
			return true
		}
		return false
	}
	// It may come later than the sample.
	partial := s.records > 0 && first.events
	return partial
}

// surveyFully surveys all of the log, or as much as surveyLimit; then partial is true.
func (r *reading) surveyFully(split string) (s *survey, partial bool, err error) {
	s = newSurvey(split)
	partial, err = surveyAll(r.run, s, r.options.Format)
	return s, partial, err
}

// choices lists what the log may be read for.
func (r *reading) choices(full *survey, partial bool, step, loss string) error {
	e := &ChoiceError{Partial: partial}
	finite := false
	for _, c := range full.list("", step) {
		if loss == "" || c.Loss == loss {
			e.Candidates = append(e.Candidates, c)
			finite = finite || c.Least <= c.Most
		}
	}
	if !finite {
		e.Candidates = nil
	}
	if len(e.Candidates) == 0 {
		return fmt.Errorf("%s holds no number that can be a loss", r.run.files[0].path)
	}
	e.Reason = fmt.Sprintf("several series in %s may be the loss; choose one", r.run.files[0].path)
	return e
}

// blocks reads the log and calls do with its blocks, in order.
func (r *reading) blocks(do func(f file, b *block) error) error {
	for _, f := range r.run.files {
		reader, err := f.open()
		if err != nil {
			return err
		}
		err = r.fileBlocks(f, reader, false, func(b *block) error { return do(f, b) })
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
func (r *reading) fileBlocks(f file, reader io.Reader, prompt bool, do func(*block) error) error {
	if r.pattern != nil {
		return patternBlocks(reader, r.pattern, prompt, do)
	}
	sample, _, err := f.sample()
	if err != nil {
		return err
	}
	kind, err := sniff(sample, f.path, r.options.Format)
	if err != nil {
		return err
	}
	if kind.format != r.source.Format {
		return fmt.Errorf("%s is %s, and the files before are %s: they cannot be one run", f.path, kind.format, r.source.Format)
	}
	if kind.events {
		var b block
		rows := eventRows
		if prompt {
			rows = 1
		}
		next := func() *block { b.reset(); return &b }
		return readEvents(reader, r.chosen.loss, rows, next, do)
	}
	table, err := kind.table.(chooser).choose(r.chosen)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return scanAll(reader, int64(kind.start), table, prompt, do)
}

// Run replays a log. A [ChoiceError] says that the log holds several series.
func Run(o Options) (*Report, error) {
	r, remove, err := open(o)
	defer remove()
	if err != nil {
		return nil, err
	}
	var report *Report
	pass := func(cuts []cut, ordinal bool) (more []cut, cyclic bool, err error) {
		replay := func(w io.Writer) error {
			report, more, cyclic, err = r.replay(cuts, ordinal, w)
			return err
		}
		if o.Rows != nil {
			return more, cyclic, o.Rows(replay)
		}
		return more, cyclic, replay(nil)
	}
	cuts, cyclic, err := pass(nil, false)
	if err == nil && (len(cuts) > 0 || cyclic) {
		// What a resumed run did anew is only known once its resumption was read.
		if cyclic {
			r.source.Notes = append(r.source.Notes, fmt.Sprintf("%s goes back to its beginning again and again, as a counter of"+
				" batches does: steps are numbered in the order of the log", r.source.Step))
		}
		r.source.Resumes = len(cuts)
		_, _, err = pass(cuts, cyclic)
	}
	if err != nil {
		return nil, err
	}
	report.finish(o)
	return report, nil
}

// clipsOf returns the clippings to run: those asked for, and those that the recommendation weighs.
func clipsOf(o Options) (specs []clipping.Spec, asked int) {
	specs = append(specs, o.Clips...)
	asked = len(specs)
	for _, n := range recommendedN {
		spec := clipping.Spec{Kind: "alrc", N: n, Decay: o.Decay}
		there := false
		for _, known := range specs {
			there = there || known == spec
		}
		if !there {
			specs = append(specs, spec)
		}
	}
	return specs, asked
}

// reference is the clipping whose moments say what is normal. It is always among those that run.
func reference(decay float64) clipping.Spec {
	return clipping.Spec{Kind: "alrc", N: referenceN, Decay: decay}
}

// replay reads the log once.
func (r *reading) replay(cuts []cut, ordinal bool, rows io.Writer) (report *Report, more []cut, cyclic bool, err error) {
	a := newAnalysis()
	specs, asked := clipsOf(r.options)
	var clips []*clipRun
	for _, spec := range specs {
		c, err := newClipRun(spec)
		if err != nil {
			return nil, nil, false, err
		}
		if spec == reference(r.options.Decay) {
			c.analysis = a
		}
		clips = append(clips, c)
	}
	if rows != nil {
		of := RowsOf(r.options.Clips)
		for i, spec := range specs {
			if spec.String() == of.String() {
				clips[i].rows = bufio.NewWriterSize(rows, 1<<16)
				if _, err := clips[i].rows.WriteString("step,loss,threshold,scale\n"); err != nil {
					return nil, nil, false, err
				}
				break
			}
		}
	}

	// The analysis and each clipping see the same chunks, side by side. A chunk is used again once all are done.
	free := make(chan *chunk, 4)
	for range cap(free) {
		free <- new(chunk)
	}
	type shared struct {
		c    *chunk
		left *sync.WaitGroup
	}
	var consumers []func(*chunk) error
	for _, c := range clips {
		consumers = append(consumers, c.push)
	}
	queues := make([]chan shared, len(consumers))
	errs := make([]error, len(consumers))
	var running sync.WaitGroup
	for i, consume := range consumers {
		queues[i] = make(chan shared, cap(free))
		running.Add(1)
		go func() {
			defer running.Done()
			for item := range queues[i] {
				if errs[i] == nil {
					errs[i] = consume(item.c)
				}
				item.left.Done()
			}
		}()
	}
	var returning sync.WaitGroup
	send := func(c *chunk) {
		if len(c.steps) == 0 {
			c.reset()
			free <- c
			return
		}
		left := new(sync.WaitGroup)
		left.Add(len(queues))
		for _, queue := range queues {
			queue <- shared{c, left}
		}
		returning.Add(1)
		go func() {
			left.Wait()
			c.reset()
			free <- c
			returning.Done()
		}()
	}

	seq := &sequencer{cuts: cuts, ordinal: ordinal}
	source := r.source
	first := ""
	lines := make(map[string]int)
	err = r.blocks(func(f file, b *block) error {
		source.Records += int64(b.records)
		source.LeftOut += int64(b.leftOut)
		source.Malformed += int64(b.malformed)
		if b.malformed > 0 && first == "" {
			first = r.place(f, b, lines[f.path])
			if r.options.Strict {
				return errors.New(first)
			}
		}
		if b.note != "" {
			note := fmt.Sprintf("%s: %s: all whole records before were read", f.path, b.note)
			if r.options.Strict {
				return fmt.Errorf("%s: %s", f.path, b.note)
			}
			source.Notes = append(source.Notes, note)
		}
		lines[f.path] += b.lines
		c := <-free
		seq.push(b, c)
		send(c)
		return nil
	})
	if err == nil {
		c := <-free
		seq.flush(c)
		send(c)
	}
	for _, queue := range queues {
		close(queue)
	}
	running.Wait()
	returning.Wait()
	if err = errors.Join(append([]error{err}, errs...)...); err != nil {
		return nil, nil, false, err
	}
	a.finish()
	for _, c := range clips {
		if c.rows != nil {
			if err := c.rows.Flush(); err != nil {
				return nil, nil, false, err
			}
		}
	}
	if source.Records == 0 || a.steps == 0 {
		return nil, nil, false, r.nothing(source, first)
	}
	source.Superseded = seq.superseded
	report = &Report{Source: source, analysis: a, malformed: first}
	for i, c := range clips {
		result := c.finish()
		report.all = append(report.all, result)
		if i < asked {
			report.Clips = append(report.Clips, result)
		}
	}
	if cuts != nil || ordinal {
		return report, nil, false, nil
	}
	more, cyclic = seq.watch.finish()
	return report, more, cyclic, nil
}

// place describes the first malformed record of a block.
func (r *reading) place(f file, b *block, before int) string {
	if r.source.Format == Events {
		return fmt.Sprintf("%s: the record at byte %d %s", f.path, b.offset+int64(b.badOffset), b.badReason)
	}
	line := before + b.badLine + 1
	if r.source.Format == Pattern || r.source.Format == JSON {
		return fmt.Sprintf("%s, byte %d: %q %s", f.path, b.offset+int64(b.badOffset), b.bad, b.badReason)
	}
	return fmt.Sprintf("%s, line %d: %q %s", f.path, line, b.bad, b.badReason)
}

// nothing explains why no loss was found.
func (r *reading) nothing(source Source, first string) error {
	path := r.run.files[0].path
	switch {
	case source.LeftOut > 0:
		return fmt.Errorf("%s: none of %d records meets the condition %s", path, source.Records, strings.Join(source.Where, " and "))
	case r.pattern != nil:
		return fmt.Errorf("%s: nothing matches the pattern %q%s", path, r.options.Pattern, r.guesses())
	case first != "":
		return fmt.Errorf("no record can be read; the first: %s", first)
	}
	return fmt.Errorf("%s holds no loss by the name %q%s", path, r.source.Loss, r.guesses())
}

// guesses offers keys that the log does hold.
func (r *reading) guesses() string {
	plainly := &reading{run: r.run}
	s, first, step, _, _, err := plainly.look()
	if err != nil {
		return ""
	}
	plainly.source.Format = first.format
	var names []string
	for _, c := range s.list("", step) {
		if quoted := plainly.lossFlag() + " '" + c.Loss + "'"; len(names) == 0 || names[len(names)-1] != quoted {
			names = append(names, quoted)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; it seems to hold " + list(names)
}

// finish makes the figures and the words of a report.
func (r *Report) finish(o Options) {
	a := r.analysis
	r.Steps, r.Losses, r.First, r.Last = a.steps, a.losses, a.first, a.last
	r.Mean = Number(a.sum / float64(a.count))
	r.Least, r.Most, r.MostStep = Number(a.least), Number(a.most), a.mostStep
	r.NonFinite, r.Spikes = a.nonFinite, a.spikes
	r.SpikeShare = Number(float64(a.spikes) / float64(a.steps))
	r.SpikeLevel = spikeLevel
	r.Episodes, r.EpisodeCount = a.episodes, a.episodeCount
	if r.Episodes == nil {
		r.Episodes = []*Episode{}
	}
	r.Area = Number(a.area)
	if a.sum > 0 && a.least >= 0 {
		r.AreaShare = Number(a.area / a.sum)
	} else {
		r.AreaShare = Number(math.NaN())
	}
	r.MedianRecovery, r.quickly = median(a.recoveries), a.quick*2 >= a.back
	if every := math.Round(float64(r.Last-r.First) / float64(max(r.Steps-1, 1))); every >= 2 {
		r.Source.Notes = append(r.Source.Notes, fmt.Sprintf("the log has one record every %s: losses between them are not seen, or only in a"+
			" mean, so that spikes may be missed or look weaker than they were", counted(int64(every), "step")))
	}
	if d, ok := a.drift(); ok {
		r.Drift = &d
	}
	if r.Source.Superseded > 0 {
		r.Source.Notes = append(r.Source.Notes, fmt.Sprintf("the run was resumed %s: %s that it did anew are left out",
			times(r.Source.Resumes), counted(r.Source.Superseded, "record")))
	}
	r.judge()
	r.recommend(o)
}
