// Package losslog reads the losses of a training run from whatever log it left.
//
// Data passes through in one direction; nothing of it grows with the file.
//
// A source is found and opened:
//
//   - source.go, folder.go: files, folders and standard input; runs.go: which of a folder's runs is meant.
//   - decode.go: a file becomes plain text (package plaintext), without what loggers write before each line (package preface).
//   - framing.go, wrapped.go, messages.go: lines that are kept in objects, rows or documents are taken out of these; newestfirst.go turns round
//     those whose newest record stands first.
//   - document (package), jsonarrays.go, markup.go, barelists.go, namedlists.go, yamllists.go, pipetables.go, latextables.go, wideframes.go:
//     what holds series in other ways than record by record becomes JSON lines or a table.
//   - nolog.go: what is no log is called what it is (package nolog).
//
// Its format is told by its content (sniff.go). Each has a scanner (scan.go):
//
//   - events.go: event files; json.go: JSON, by lines and as a whole.
//   - csv.go: tables. They are told from other text in table.go and, among other lines, in loosetable.go and aligned.go; header.go finds the
//     names of their columns, cells.go their fields.
//   - text.go: lines with named numbers (package console); runtogether.go: records without line ends; pattern.go: what --pattern finds.
//
// A survey (survey.go) of its beginning (look.go) takes records of names and numbers. The lexicon (package lexicon) says what names mean: a
// new kind of name is a word there. From the survey is chosen what is read (choose.go):
//
//   - The loss: of the series that can be losses (plausible.go), also by what their numbers imply (implied.go), an explicit order puts the
//     likeliest first (rank.go). It is taken where nothing leaves a doubt (decide.go), and asked about elsewhere (question.go). named.go takes
//     what flags name; doubts.go says what of the evidence (evidence.go) speaks against what was read.
//   - The records: rolefield.go finds the field, labelling.go the words of lines, and modes.go the lines of their own that tell training from
//     validation; workers.go takes one of several workers, woven.go finds runs that are written side by side, lines.go leaves out lines that
//     tell again what others told.
//   - The steps: counter.go finds what counts beside the loss by how it behaves (behaviour.go), bars.go what progress bars count, and openings.go
//     the lines that begin a run.
//
// Reading (log.go) turns pieces of the file, several at a time (pipeline.go), into blocks of losses, and a sequencer (package sequence) puts these
// in order into steps, and tells runs that follow one another, or were resumed, apart. follow.go, growing.go and stream.go read what is
// still being written. example.go shows what was taken from one record.
package losslog
