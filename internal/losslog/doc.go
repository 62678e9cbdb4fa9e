// Package losslog reads the losses of a training run from whatever log it left.
//
// Data passes through in one direction:
//
//   - A source is found (source.go), and opened (decode.go): as plain text (package plaintext), without what loggers write before each
//     line (package preface), and with notebooks, documents of series (package document) and the like turned into text, JSON lines or
//     tables. What is no log is called what it is (package nolog).
//   - Its format is told by its content (sniff.go): event files, JSON, tables, lines with named numbers (package console). Tables are told
//     from other text in table.go and, among other lines, in loosetable.go; header.go finds the names of their columns, split.go and
//     cells.go their fields, and csv.go reads them.
//   - A survey of its beginning (look.go, survey.go) takes records of names and numbers. What the names say is in the lexicon
//     (package lexicon). Of the series that can be losses (plausible.go), an explicit order (rank.go) puts the likeliest first, which is
//     taken where nothing leaves a doubt (decide.go), and asked about elsewhere (question.go). What goes up beside it counts its steps
//     (counter.go). A new kind of name is a word in the lexicon.
//   - A scanner of the format (scan.go) turns pieces of the file, several at a time (pipeline.go), into blocks of losses.
//   - A sequencer (package sequence) puts these in order into steps, and tells runs that follow one another, or were resumed, apart.
//
// Nothing of this grows with the file.
package losslog
