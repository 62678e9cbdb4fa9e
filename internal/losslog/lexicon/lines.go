package lexicon

import (
	"bytes"
	"slices"
	"strings"
)

// What words of lines say that name none of their numbers.
var (
	// levels say how severe a message is. Others of a logger are its names and parts of dates.
	levels      = Set("info debug warning warn error critical fatal notice trace")
	loggerWords = Set("log logger root main am pm utc gmt mon tue wed thu fri sat sun day days jan feb mar apr may jun jul aug sep oct nov dec")
	// workerWords are what one of several that train one model together is called, and placeWords begin what it runs on is called, too.
	workerWords = Set("rank mpirank worker workers gpu node proc process host pid trainer replica task")
	placeWords  = []string{"rank", "worker", "gpu", "node", "host", "proc", "cuda", "device", "task", "pid", "thread", "shard", "replica", "stage"}
	timeUnits   = Set("s ms msec sec secs second seconds min mins minute minutes hour hours hrs 秒 毫秒 分 分钟 分鐘 小时 초 분 시간")
	// otherUnits are of frequencies, rates and sizes.
	otherUnits = Set("hz khz mhz ghz fps it/s iter/s iters/s step/s steps/s img/s images/s samples/s examples/s tokens/s tok/s kb mb gb kib mib gib")
	// prepositions part a name from what counts: "loss at step".
	prepositions = Set("at after for in on of over")
	// linkWords part the name of a number from this, or from words before it, in sentences: "got a loss of".
	linkWords = Set("a an the and with has have having of at is was now about around reached reaching got get gets gave gives")
	// modeWords may stand in lines that say what is below them, beside words such as "eval".
	modeWords = Set("cross mode phase stage loop pass in on the now then continue continuing start starting started starts begin beginning begins" +
		" run running run performing doing going to for model network results")
)

// IsLevel says whether a word is how severe a logger says that a message is, in any case.
func IsLevel(word []byte) bool {
	var lower [8]byte
	if len(word) > len(lower) || len(word) < 4 {
		return false
	}
	switch string(word) {
	case "INFO", "DEBUG", "WARNING":
		return true // without a look at the table
	}
	for i, c := range word {
		lower[i] = c | 0x20
	}
	return levels[string(lower[:len(word)])]
}

// SaysWhere says whether a word tells when, where or by whom a line was written, but not of what it is.
func SaysWhere(word []byte) bool {
	const longest = 24
	if len(word) > longest || bytes.ContainsAny(word, "./\\:") {
		return true
	}
	lower := strings.ToLower(string(word))
	// A date, as in I0401, or a number of a process.
	if len(strings.TrimRight(lower, "0123456789"))+3 <= len(lower) {
		return true
	}
	// So does the name of a time: "eta: 1 day, 6:34:13".
	return levels[lower] || loggerWords[lower] || TimeWords[lower] && !EmptyWords[lower] || timeUnits[lower] ||
		slices.ContainsFunc(placeWords, func(place string) bool { return strings.HasPrefix(lower, place) })
}

// IsWorker says whether a word is what one of several is called that train one model together.
func IsWorker(word string) bool { return workerWords[word] }

// IsTimeUnit says whether a word behind a number makes that a time, in any case.
func IsTimeUnit(word []byte) bool { return isUnit(word, timeUnits) }

// IsUnit says whether a word behind a number makes that a time, a rate or a size, in any case.
func IsUnit(word []byte) bool { return isUnit(word, timeUnits) || isUnit(word, otherUnits) }

func isUnit(word []byte, units map[string]bool) bool {
	const longest = 8
	return len(word) <= longest && units[string(bytes.ToLower(word))]
}

// IsPreposition says whether a word parts a name from what counts, in any case, since titles have "Loss At Step".
func IsPreposition(word []byte) bool {
	const longest = 5
	if len(word) > longest {
		return false
	}
	var lower [longest]byte
	for i, c := range word {
		lower[i] = c | 0x20
	}
	return prepositions[string(lower[:len(word)])]
}

// IsLink says whether a word of a sentence parts the name of a number from this, or from words before it, in any case.
func IsLink(word []byte) bool {
	const longest = 8
	return len(word) <= longest && linkWords[string(bytes.ToLower(word))]
}

// IsOfMode says whether a word may stand in a line that says what is below it, beside words such as "eval".
func IsOfMode(word string) bool { return modeWords[word] }

// SaysSaved says whether a text tells that something was saved.
func SaysSaved(text string) bool { return hasWord(text, SavingWords) }

// NamesLoss says whether a text has a word for losses.
func NamesLoss(text string) bool { return hasWord(text, LossWords) }

// NamesTrainingLog says whether a file's name is of what was logged of a training: "train_log.csv", "training_history.json".
func NamesTrainingLog(file string) bool {
	trains, logs := false, false
	for _, word := range Words(file) {
		trains = trains || RoleOf(word) == Training
		switch word {
		case "log", "logs", "history", "hist", "curve", "curves":
			logs = true
		}
	}
	return trains && logs
}

func hasWord(text string, words map[string]bool) bool {
	return slices.ContainsFunc(Words(text), func(word string) bool { return words[word] })
}
