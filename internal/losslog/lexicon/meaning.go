package lexicon

import (
	"slices"
	"strings"
)

// Role is what the data of a record were for.
type Role uint8

const (
	Unsaid     Role = iota
	Training        // the data that the network learns from
	Validation      // held-out data, also those of tests
)

// Strength is how clearly a name says that it is a loss.
type Strength uint8

const (
	Excluded  Strength = iota // it says that it is something else
	Unknown                   // it says nothing
	RoleAlone                 // only for which data: "learn"
	Measure                   // a measure that is trained by, or only reported: "mse", "cost"
	Loss                      // "loss"
)

// Statistic is what a name says of how its numbers were made.
type Statistic uint8

const (
	Plainly  Statistic = iota // nothing
	Averaged                  // means over steps or an epoch
	Extreme                   // the least, the largest, the spread, the count
)

// Meaning is what the words of a name say.
type Meaning struct {
	Strength  Strength
	Role      Role
	Statistic Statistic
	// Parts is the number of words that say which part of a loss it is; 0 for a total.
	Parts int
	Words int // how many there are
	// Measured says that a word of a loss says by which measure: "CE loss".
	Measured bool
	// Exponential says that the measure is the exponential of a loss: "perplexity".
	Exponential bool
}

// IsTrainingLoss says whether the name is of a loss of training, as far as it says.
func (m Meaning) IsTrainingLoss() bool { return m.Strength == Loss && m.Role != Validation }

// RoleOf returns what a word says of the data.
func RoleOf(word string) Role {
	switch {
	case TrainingWords[word] && word != "learning":
		return Training
	case ValidationWords[word]:
		return Validation
	}
	return Unsaid
}

// inOneName are the second words of names, by the first one.
var inOneName = map[string]string{"learning": "rate", "grad": "norm", "gradient": "norm", "batch": "size", "weight": "decay", "wall": "time", "elapsed": "time"}

// Joins says whether two words, in lower case, that follow one another are of one name: "train loss", "learning rate".
func Joins(first, second string) bool {
	if inOneName[first] == second {
		return true
	}
	isCount := CounterOf(second).IsNamed()
	return !isCount && (RoleOf(first) != Unsaid || (AverageWords[first] || WholeWords[first]) && MeaningOf(second).Strength >= Measure)
}

// MeaningOf returns what a name says.
func MeaningOf(name string) Meaning {
	var m Meaning
	var all []string
	for _, word := range Words(name) {
		all = append(all, Split(word)...)
	}
	m.Words = len(all)
	all = withoutAdditions(all)
	if isSourceFile(name) || strings.HasSuffix(name, "|") || m.Words == 1 && all[0] == "data" || isProse(all) {
		return m
	}
	// What was made of a loss stands behind its name: "loss/total.mean".
	if last := Leaf(name); AverageWords[last] || extremeWords[last] {
		if place := name[:len(name)-len(last)]; len(place) > 1 {
			inner := MeaningOf(place[:len(place)-1])
			inner.Words++
			if inner.Statistic = max(inner.Statistic, Averaged); extremeWords[last] {
				inner.Statistic = Extreme
				if inner.Strength < Loss || numberWords[last] {
					inner.Strength = Excluded
				}
			}
			return inner
		}
	}
	// Where the last part of a path names a loss, those before are its place.
	if last := Leaf(name); last != name {
		if inner := MeaningOf(last); inner.Strength >= Measure && inner.Words > 0 {
			for _, word := range all[:len(all)-inner.Words] {
				if r := RoleOf(word); r != Unsaid && inner.Role == Unsaid {
					inner.Role = r
				}
			}
			return inner
		}
	}
	// As in BasicSR, and in formulas: l_pix, l_g_total, L_rec, train L.
	if n := len(all); n > 1 && all[0] == "l" && name[1] == '_' {
		all[0] = "loss"
	} else if n > 1 && all[n-1] == "l" && RoleOf(all[n-2]) != Unsaid {
		all[n-1] = "loss"
	}
	var named, spoiled, other bool
	measured := name == "L"
	inLeaf := len(all) - len(Words(Leaf(name))) // from where on words are of the last part of a path
	for i, word := range all {
		if LossWords[word] {
			named = true
		}
		// Of "objective/kl" the first part is a place.
		m.Exponential = m.Exponential || perplexityWords[word]
		measured = measured || perplexityWords[word] || measureWords[word] && (word != "objective" || i >= inLeaf) || perBit(all, i) || word == "entropy" && i > 0 && all[i-1] == "cross" || word == "function" && i > 0 && all[i-1] == "objective"
	}
	for i, word := range all {
		r := RoleOf(word)
		if word == "sample" && i > 0 && all[i-1] == "in" {
			r = Training
		} else if word == "sample" && i > 1 && all[i-1] == "of" && all[i-2] == "out" {
			r = Validation
		}
		digit := word[0] >= '0' && word[0] <= '9'
		switch {
		case LossWords[word], measureWords[word], perplexityWords[word], perBit(all, i), i > 0 && perBit(all, i-1):
		case word == "cross" && i+1 < len(all) && all[i+1] == "entropy", word == "entropy" && i > 0 && all[i-1] == "cross":
		case word == "function" && i > 0 && all[i-1] == "objective":
		case r != Unsaid && (word != "fit" || i == 0):
			// Of several, the last counts: "valid loss of the training".
			m.Role = r
		case digit && i > 0 && RoleOf(all[i-1]) != Unsaid:
		case word == "smooth" && i+1 < len(all) && (measureWords[all[i+1]] || LossWords[all[i+1]]):
			if named {
				m.Parts++ // as in smooth L1 loss
			}
		case named && (numberWords[word] || word == "n" && strings.HasSuffix(strings.ToLower(name), "losses")):
			spoiled = true
		case AverageWords[word]:
			m.Statistic = max(m.Statistic, Averaged)
			other = other || word == "epoch"
		case extremeWords[word]:
			m.Statistic = Extreme
			other = other || !measured
		case settingWords[word] && i+1 < len(all) && LossWords[all[i+1]]:
			m.Parts++
		case named && lossSpoilers[word]:
			spoiled = spoiled || word != "function" || i > 0 && LossWords[all[i-1]]
		case i > 0 && LossWords[all[i-1]] && settingWords[word], isForeign(all, i):
			spoiled = true
		case EmptyWords[word], joiningWords[word] && i+1 < len(all), word == "value" && i == len(all)-1, unspacedWords[word] && EpochWords[word], WholeWords[word] && len(all) > 1:
			other = other || otherWords[word] && !slices.ContainsFunc(all[i:], func(word string) bool { return measureWords[word] }) // "batch cost" is one
		case WholeWords[word]: // it may be of a loss
		case mainWords[word]:
		case otherWords[word]:
			other = true
			m.Parts++
		default:
			m.Parts++
		}
	}
	if m.Strength = Excluded; named && strangeLeaf(name) {
		return m
	}
	switch {
	case len(all) == 0:
		m.Strength = Unknown
	case !slices.ContainsFunc(all, func(word string) bool { return !functionWords[word] }):
		m.Strength = Excluded
	case named && spoiled:
		m.Strength = Excluded
	case named:
		m.Strength, m.Measured, m.Exponential = Loss, measured, false
	case measured && !other:
		m.Strength = Measure
	case other || measured:
		m.Strength = Excluded
	case m.Role != Unsaid && m.Parts == 0 && m.Statistic == Plainly:
		m.Strength = RoleAlone
	default:
		m.Strength = Unknown
	}
	return m
}

// withoutAdditions takes from the words of a name what a loss is with or without, as in "cost_with_regularization".
func withoutAdditions(words []string) []string {
	i := slices.IndexFunc(words, func(word string) bool { return word == "with" || word == "without" })
	if i < 1 || !slices.ContainsFunc(words[:i], func(word string) bool { return LossWords[word] || measureWords[word] }) {
		return words
	}
	return words[:i]
}

// perBit says whether word i begins a measure of information in a unit of data: "bits/dim", "nats per byte".
func perBit(words []string, i int) bool {
	if words[i] != "bits" && words[i] != "nats" || i+1 == len(words) {
		return false
	}
	switch words[i+1] {
	case "dim", "dims", "char", "byte", "token", "pixel", "per":
		return true
	}
	return false
}

// isProse says whether the words of a name are of a sentence, as in "I found that the loss became nan".
func isProse(words []string) bool {
	const fewest = 4
	return len(words) >= fewest && slices.ContainsFunc(words, func(word string) bool { return proseWords[word] })
}

// isForeign says whether word i is right before a loss that no training has: "packet loss".
func isForeign(words []string, i int) bool {
	return foreignWords[words[i]] && i+1 < len(words) && LossWords[words[i+1]]
}

// BeginsSentence says whether a name begins as a sentence does that people write: "The loss in the north".
func BeginsSentence(name string) bool {
	const fewest = 4
	all := Words(name)
	return len(all) >= fewest && articles[all[0]]
}

// IsObjective says whether a name is of what a training goes by, and not of a measure that may only be reported.
func IsObjective(name string) bool { return hasWord(name, objectiveWords) }

// IsOfOutput says whether a name is of a score of what a model puts out, which is measured on held-out data: "bleu".
func IsOfOutput(name string) bool { return hasWord(name, outputWords) }

// IsAuxiliary says whether a name is of a small part of a loss that is there beside the one of the task: "z_loss".
func IsAuxiliary(name string) bool {
	return slices.ContainsFunc(Words(name), func(word string) bool {
		return slices.ContainsFunc(Split(word), func(w string) bool { return auxiliaryWords[w] })
	})
}

// isSourceFile says whether a name is one of a program's files, as before the number of a line.
func isSourceFile(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "py", "cc", "cpp", "cu", "c", "h", "hpp", "go", "jl", "rs", "java", "lua", "ipynb", "pyx", "js", "ts":
		return strings.Contains(name, ".")
	}
	return false
}

// strangeLeaf says whether a name is only by its place one of losses: "loss/policy_entropy".
func strangeLeaf(name string) bool {
	last := Leaf(name)
	if last == name || strings.Trim(last, " ") == "" {
		return false
	}
	strange := last == "n" // how many
	for _, word := range Words(last) {
		for _, w := range Split(word) {
			if LossWords[w] {
				return false
			}
			strange = strange || otherWords[w] && !EmptyWords[w] && !WholeWords[w] && !AverageWords[w] && !extremeWords[w]
		}
	}
	return strange
}

// lossNames are the names that a training's loss has most often, best first, as words.
var lossNames = []string{"loss", "train loss", "loss train", "training loss", "loss training", "train loss step", "loss step", "batch loss",
	"train batch loss", "total loss", "loss total", "train total loss", "generator loss", "discriminator loss"}

// sides is the index in lossNames from which on each name is of one of two that train against each other.
const sides = 12

// Commonness orders names of equal meaning: 0 for the most common one.
func Commonness(name string) int {
	joined := strings.ReplaceAll(strings.Join(Words(name), " "), "losses", "loss")
	for i, known := range lossNames {
		if joined == known || i >= sides && strings.TrimPrefix(joined, "train ") == known {
			return i
		}
	}
	return len(lossNames) + len(joined)
}

// SameBut says whether a name says of what it is the same as another, which does not say that it is of the training: "train cost" and "cost".
func SameBut(training, other string) bool {
	rest := slices.DeleteFunc(Words(training), func(word string) bool { return RoleOf(word) == Training })
	return len(rest) > 0 && slices.Equal(rest, Words(other)) && len(rest) < len(Words(training))
}

// SameButMean says whether a name says that its numbers are means of those of another: "avg_loss_g" and "loss_g".
func SameButMean(mean, other string) bool {
	plain := func(name string) []string {
		return slices.DeleteFunc(Words(name), func(word string) bool { return AverageWords[word] })
	}
	return slices.Equal(plain(mean), plain(other))
}
