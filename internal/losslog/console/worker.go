package console

import (
	"bytes"

	"alrc/internal/decimal"
	"alrc/internal/losslog/lexicon"
)

// workerWord takes a word such as "rank3", "worker-0" or "node01" apart.
func workerWord(word []byte) (name []byte, id float64, ok bool) {
	digits := bytes.TrimRight(word, "0123456789")
	name = bytes.TrimRight(digits, "-_")
	if len(digits) == len(word) || len(word)-len(digits) > 6 || len(name) < 3 {
		return nil, 0, false
	}
	if i := bytes.LastIndexAny(name, "-_/."); i >= 0 {
		name = name[i+1:]
	}
	if len(name) > 8 || !lexicon.IsWorker(string(bytes.ToLower(name))) {
		return nil, 0, false
	}
	id, _ = decimal.Parse(word[len(digits):])
	return name, id, true
}

// worker returns the number of the worker that word i, before any number of its line, tells: "[rank3]: ", "worker-0 | ".
func (r *Reader) worker(i int) (p Pair, ok bool) {
	word := r.word(i)
	name, id, ok := workerWord(word)
	if !ok {
		// As torchrun has it: "[default0]:".
		digits, found := bytes.CutPrefix(word, []byte("default"))
		if id, ok = decimal.Whole(digits); !ok || !found || i == 0 || r.tokens[i-1].kind != markToken || r.tokens[i-1].mark != '[' {
			return p, false
		}
		name = lexicon.RankName
	}
	return Pair{Name: name, Text: bytes.TrimLeft(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_/."), Value: id, Total: -1, at: i, first: -1}, true
}

// isHostOfRank says whether the line begins with word i, the name of one of several machines, and brackets with the rank of a worker there:
// "node041[2] loss 0.5".
func (r *Reader) isHostOfRank(i int) bool {
	if i != 0 || !r.isWord(i) || !r.isMark(i+1, '[') || r.tokens[i+1].begin != r.tokens[i].end || !r.isMark(i+3, ']') || r.tokens[i+2].kind != numberToken || !r.counts(i+2) {
		return false
	}
	_, _, ok := workerWord(r.word(i))
	return ok
}

// standardOutput says whether the brackets that end at token i tell whose output a line is, as mpirun has it: "[1,0]<stdout>:".
func (r *Reader) standardOutput(i int) bool {
	if i+2 >= len(r.tokens) || r.tokens[i+1].kind != markToken || r.tokens[i+1].mark != '<' || r.tokens[i+2].kind != wordToken {
		return false
	}
	word := string(r.word(i + 2))
	return word == "stdout" || word == "stderr"
}
