// Package losslog reads the losses of a training run from whatever log it left.
//
// Data passes through in one direction:
//
//   - A source is found (source.go), and opened (decode.go): as plain text (package plaintext), with notebooks and the like turned
//     into text, JSON lines or tables. What is no log is called what it is (package nolog).
//   - Its format is told by its content (sniff.go): event files, JSON, tables (table.go, loosetable.go), lines with named numbers (token.go
//     and pair.go), records of several lines (rows.go).
//   - A survey of its beginning (survey.go) takes records of names and numbers. What the names say is in the lexicon
//     (lexicon.go), what the words of a line say in label.go. Of the series, an explicit order chooses the loss (rank.go), and
//     what goes up beside it counts its steps (counter.go). A new kind of name is a word in the lexicon.
//   - A scanner of the format turns pieces of the file, several at a time, into blocks of steps and losses.
//   - A sequencer (steps.go) puts these in order into steps. Where the counter goes back (turns.go), the run was resumed, or
//     another one follows, or an epoch began. So do lines from before the first loss that come again (openings.go).
//
// Nothing of this grows with the file.
package losslog
